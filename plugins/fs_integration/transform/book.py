"""The source rows in work, and which of them have ended.

Every row ends at the first step that refuses it; only the field rules are all applied, so that a row with several bad
values gets a line for each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.records import Outcome
from fs_integration.rejections import Lines
from fs_integration.spec.mapping import Otherwise
from fs_integration.transform.values import column_of, shown

OUTCOMES = {
    Otherwise.REJECT: Outcome.QUARANTINED,
    Otherwise.BLOCK: Outcome.BLOCKED,
    Otherwise.SKIP: Outcome.SKIPPED,
}


class Book:
    """Rows in work.

    :param rows: source columns, added columns included; :param keys: source key of each row as text.
    :param source_rows: how many rows of the source each row stands for.
    :param raw_columns: columns as they were read; the payload of a line holds these.
    """

    def __init__(self, rows: pa.Table, *, keys: pa.Array, source_rows: pa.Array, raw_columns: Sequence[str]) -> None:
        self.rows, self.keys, self.source_rows, self.raw_columns = rows, keys, source_rows, raw_columns
        self.ended = np.zeros(len(rows), dtype=bool)
        self.skipped = np.zeros(len(rows), dtype=bool)
        self._lines = Lines()

    def __len__(self) -> int:
        return len(self.keys)

    def column(self, name: str) -> pa.Array:
        """Return a column of the rows. :raises DataQualityError: when there is no such column."""
        return column_of(self.rows, name)

    def replace(self, name: str, values: pa.Array) -> None:
        """Put other values into a column of the rows."""
        self.rows = self.rows.set_column(self.rows.column_names.index(name), name, values)

    def standing(self, where: pa.Array) -> pa.Array:
        """Return the mask restricted to rows that nothing has ended yet."""
        return pc.and_(pc.fill_null(where, False), pa.array(~self.ended))

    def refuse(
        self,
        where: pa.Array,
        *,
        field: str,
        rule: str,
        reason: str,
        values: pa.Array | list[pa.Array],
        outcome: Outcome = Outcome.QUARANTINED,
    ) -> None:
        """Write a line against each row where the mask is true.

        :param values: the offending value of every row, of any kind; of several columns they are shown together.
        """
        positions = np.flatnonzero(np.asarray(pc.fill_null(where, False), dtype=bool))
        if not len(positions):
            return
        values = shown(values) if isinstance(values, list) else values
        self._lines.write(positions, field=field, rule=rule, reason=reason, values=values, outcome=outcome)
        self.ended[positions] = True
        if outcome is Outcome.SKIPPED:
            self.skipped[positions] = True

    def survivors(self) -> Book:
        """Return a book of the rows that nothing has ended."""
        if not self.ended.any():
            return Book(self.rows, keys=self.keys, source_rows=self.source_rows, raw_columns=self.raw_columns)
        kept = pa.array(~self.ended)
        return Book(self.rows.filter(kept), keys=self.keys.filter(kept), source_rows=self.source_rows.filter(kept),
                    raw_columns=self.raw_columns)  # fmt: skip

    def lines(self) -> pd.DataFrame:
        """Return all lines as rejections."""
        return self._lines.frame(self.rows.select(list(self.raw_columns)), keys=self.keys, source_rows=self.source_rows)
