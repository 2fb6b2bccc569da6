"""Documents: the lines of one document travel together or not at all (docs/concepts.md, "Documents")."""

from __future__ import annotations

import pandas as pd
import pyarrow.compute as pc

from fs_integration.frames import REJECTION_COLUMNS, SOURCE_KEY, SOURCE_ROWS, array_of, concat, frame_of, joined_text
from fs_integration.records import Outcome
from fs_integration.spec.mapping import MappingTask

REASONS = {
    Outcome.QUARANTINED: "Another line of the same document is held back, and a document travels as a whole. Look at "
    "that line; this one follows by itself.",
    Outcome.BLOCKED: "Another line of the same document waits for something, and a document travels as a whole. This "
    "line follows by itself.",
}


def whole_documents(
    task: MappingTask, raw: pd.DataFrame, passed: pd.DataFrame, rejections: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold back the rows whose document has lost a line.

    Lines that are skipped on purpose are no loss. A line that waits holds its document back as waiting, a line that
    must be corrected as quarantined.

    :param raw: all source rows of the batch; :param passed: shaped rows so far; :param rejections: lines so far.
    :returns: the rows that may still travel, and the lines against the others.
    """
    if task.source.document is None or not len(rejections):
        return passed, concat([], REJECTION_COLUMNS)
    keys = array_of(joined_text(raw, task.source.key))
    documents = array_of(raw[task.source.document])
    mine = documents.take(pc.index_in(array_of(passed[SOURCE_KEY]), value_set=keys))
    held: list[pd.DataFrame] = []
    kept = passed
    for outcome in (Outcome.QUARANTINED, Outcome.BLOCKED):
        lost = array_of(rejections.loc[rejections["outcome"] == outcome.value, "row_key"])
        lost_documents = documents.filter(pc.is_in(keys, value_set=lost)).drop_null().unique()
        incomplete = pc.and_(pc.is_in(mine, value_set=lost_documents), mine.is_valid())
        mask = incomplete.to_numpy(zero_copy_only=False)
        held.append(_lines(kept[mask], task.source.document, outcome))
        kept, mine = kept[~mask].reset_index(drop=True), mine.filter(pc.invert(incomplete))
    return kept, concat(held, REJECTION_COLUMNS)


def _lines(rows: pd.DataFrame, field: str, outcome: Outcome) -> pd.DataFrame:
    size = len(rows)
    columns = {
        "row_key": rows[SOURCE_KEY].tolist(), "field": [field] * size, "rule": ["document_incomplete"] * size,
        "reason": [REASONS[outcome]] * size, "value": [""] * size, "outcome": [outcome.value] * size,
        "source_rows": rows[SOURCE_ROWS].tolist(), "payload": ["{}"] * size,
    }  # fmt: skip
    return frame_of(columns, REJECTION_COLUMNS)
