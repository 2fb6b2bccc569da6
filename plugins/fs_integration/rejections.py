"""The lines written against rows that end here, collected column by column and put into one frame of rejections.

The books count a row once: its first line carries its ``source_rows``, its other lines carry 0.
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

from fs_integration.frames import REJECTION_COLUMNS, as_text, empty_frame, to_frame
from fs_integration.records import Outcome

# Which line of a row comes first and so gives the row its outcome in the books: a row that is not meant to travel needs
# no correction; one that somebody must correct is not released by the arrival of its parent.
RANK = {Outcome.SKIPPED: 0, Outcome.QUARANTINED: 1, Outcome.BLOCKED: 2}
NO_PAYLOAD = "{}"


@dataclass(frozen=True)
class _Lines:
    """Lines of one rule: positions of the rows it refused and what is said about each of them."""

    positions: np.ndarray
    field: str
    rule: str
    reason: str
    values: pa.Array
    outcome: Outcome


class Lines:
    """Lines against the rows of one table, told apart by their position in it."""

    def __init__(self) -> None:
        self._written: list[_Lines] = []

    def write(
        self, positions: np.ndarray, *, field: str, rule: str, reason: str, values: pa.Array, outcome: Outcome
    ) -> None:
        """Write a line against each of these rows.

        :param values: the column the rule is about, whole; each line keeps the offending value as text.
        """
        offending = pc.fill_null(as_text(values.take(pa.array(positions))), "")
        self._written.append(_Lines(positions, field, rule, reason, offending, outcome))

    def frame(self, rows: pa.Table, *, keys: pa.Array, source_rows: pa.Array) -> pd.DataFrame:
        """Return the lines as rejections, ordered by row; of a row that is skipped only the lines that say so.

        :param rows: what to keep of each row as payload. Skipped rows have none: nobody replays a row that is not
            meant to travel.
        """
        if not self._written:
            return empty_frame(REJECTION_COLUMNS)
        positions = np.concatenate([lines.positions for lines in self._written])
        ranks = self._of_rules([RANK[lines.outcome] for lines in self._written])
        order = _order(positions, ranks)
        at = positions[order]
        first = np.r_[True, at[1:] != at[:-1]]
        columns = {
            "row_key": keys.take(pa.array(at)),
            **{name: self._texts(name)[order] for name in ("field", "rule", "reason")},
            "value": pa.concat_arrays([lines.values for lines in self._written]).take(pa.array(order)),
            "outcome": self._texts("outcome")[order],
            "source_rows": pc.if_else(pa.array(first), source_rows.take(pa.array(at)), 0),
            "payload": _payloads(rows, at, travels=ranks[order] != RANK[Outcome.SKIPPED]),
        }
        arrays = {name: pa.array(columns[name], type=pa.string()) for name in columns if name != "source_rows"}
        return to_frame(pa.table({**columns, **arrays}).select(list(REJECTION_COLUMNS)))

    def _texts(self, name: str) -> np.ndarray:
        return self._of_rules([str(getattr(lines, name)) for lines in self._written])

    def _of_rules(self, values: Sequence[Any]) -> np.ndarray:
        return np.repeat(values, [len(lines.positions) for lines in self._written])


def _order(positions: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return the lines by row, then by rank, without those that a skip silences."""
    order = np.lexsort((ranks, positions))
    is_skip = ranks[order] == RANK[Outcome.SKIPPED]
    skipped = np.unique(positions[order][is_skip])
    told: np.ndarray = order[is_skip | ~np.isin(positions[order], skipped)]
    return told


def _payloads(rows: pa.Table, at: np.ndarray, *, travels: np.ndarray) -> pa.Array:
    """Return the row of each line as JSON."""
    positions = np.unique(at[travels])
    texts = [_json(record) for record in rows.take(pa.array(positions)).to_pylist()]
    found = pa.array(np.searchsorted(positions, at), mask=~travels)
    return pc.fill_null(pa.array(texts, type=pa.string()).take(found), NO_PAYLOAD)


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, default=str)
