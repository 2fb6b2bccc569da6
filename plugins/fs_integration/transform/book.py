"""The source rows in work, and the lines written against those that end here.

Every row ends at the first step that refuses it; only the field rules are all applied, so that a row with several bad
values gets a line for each. The books count a row once: its first line carries ``source_rows``, its other lines 0.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import ARROW_TYPES, REJECTION_COLUMNS, empty_frame, to_frame
from fs_integration.records import Outcome
from fs_integration.spec.mapping import Otherwise
from fs_integration.transform.values import as_text, column_of

# Which line of a row comes first and so gives the row its outcome in the books: a row that is not meant to travel needs
# no correction; one that somebody must correct is not released by the arrival of its parent.
RANK = {Outcome.SKIPPED: 0, Outcome.QUARANTINED: 1, Outcome.BLOCKED: 2}
OUTCOMES = {
    Otherwise.REJECT: Outcome.QUARANTINED,
    Otherwise.BLOCK: Outcome.BLOCKED,
    Otherwise.SKIP: Outcome.SKIPPED,
}


@dataclass(frozen=True)
class _Lines:
    """Lines of one rule: positions of the rows it refused and what is said about each of them."""

    positions: np.ndarray
    field: str
    rule: str
    reason: str
    values: pa.Array
    outcome: Outcome


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
        self._written: list[_Lines] = []

    def __len__(self) -> int:
        return len(self.keys)

    def column(self, name: str) -> pa.Array:
        return column_of(self.rows, name)

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
        values: pa.Array,
        outcome: Outcome = Outcome.QUARANTINED,
    ) -> None:
        """Write a line against each row where the mask is true.

        :param values: the offending value of every row, of any kind.
        """
        positions = np.flatnonzero(_mask(where))
        if not len(positions):
            return
        offending = as_text(values.take(pa.array(positions)))
        self._written.append(_Lines(positions, field, rule, reason, offending, outcome))
        self.ended[positions] = True
        if outcome is Outcome.SKIPPED:
            self.skipped[positions] = True

    def survivors(self) -> Book:
        """Return a book of the rows that nothing has ended."""
        kept = pa.array(~self.ended)
        return Book(self.rows.filter(kept), keys=self.keys.filter(kept), source_rows=self.source_rows.filter(kept),
                    raw_columns=self.raw_columns)  # fmt: skip

    def lines(self) -> pd.DataFrame:
        """Return all lines as rejections, by row; of a row that is skipped only the lines that say so.

        Lines of skipped rows have no payload: nobody replays a row that is not meant to travel.
        """
        written = self._written
        if not written:
            return empty_frame(REJECTION_COLUMNS)
        sizes = [len(lines.positions) for lines in written]
        positions = np.concatenate([lines.positions for lines in written])
        ranks = np.repeat([RANK[lines.outcome] for lines in written], sizes)
        order = np.lexsort((ranks, positions))
        order = order[(ranks[order] == RANK[Outcome.SKIPPED]) | ~self.skipped[positions[order]]]
        at = positions[order]
        first = np.r_[True, at[1:] != at[:-1]]
        columns = {
            "row_key": self.keys.take(pa.array(at)),
            **{
                name: _repeated([getattr(lines, name) for lines in written], sizes, order)
                for name in ("field", "rule", "reason")
            },
            "value": pa.concat_arrays([lines.values for lines in written]).take(pa.array(order)),
            "outcome": _repeated([lines.outcome.value for lines in written], sizes, order),
            "source_rows": pc.if_else(pa.array(first), self.source_rows.take(pa.array(at)), 0),
            "payload": self._payloads(at),
        }
        return to_frame(pa.table({name: columns[name] for name in REJECTION_COLUMNS}))

    def _payloads(self, at: np.ndarray) -> pa.Array:
        """Return the source row of each line as JSON."""
        positions = np.unique(at[~self.skipped[at]])
        records = self.rows.select(list(self.raw_columns)).take(pa.array(positions)).to_pylist()
        texts = dict(zip(positions.tolist(), map(_json, records), strict=True))
        return pa.array([texts.get(position) for position in at.tolist()], type=pa.string())


def _mask(where: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(where, False), dtype=bool)


def _repeated(values: list[str], sizes: list[int], order: np.ndarray) -> pa.Array:
    which = np.repeat(np.arange(len(values)), sizes)[order]
    return pa.array(values, type=ARROW_TYPES[REJECTION_COLUMNS["rule"]]).take(pa.array(which))


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, default=str)
