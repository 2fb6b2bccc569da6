"""The lines of one document travel together or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.transform.builders import a_frame, a_task

from fs_integration.frames import REJECTION_COLUMNS, concat, frame_of
from fs_integration.pipeline.documents import whole_documents
from fs_integration.spec.metadata import ColumnKind

RAW = a_frame(Id=["1", "2", "3", "4", "5"], Doc=["A", "A", "B", "B", None])
TASK = a_task(source={"document": "Doc"})


def passed(*ids: str) -> Any:
    kinds = {"_source_rows": ColumnKind.INTEGER}
    return a_frame(kinds, key=list(ids), _source_key=list(ids), _source_rows=[1] * len(ids))


def rejected(*lines: tuple[str, str]) -> Any:
    size = len(lines)
    columns = {name: [""] * size for name in REJECTION_COLUMNS} | {
        "row_key": [key for key, _ in lines], "outcome": [outcome for _, outcome in lines], "source_rows": [1] * size,
    }  # fmt: skip
    return frame_of(columns, REJECTION_COLUMNS)


@pytest.mark.parametrize("outcome", ["quarantined", "blocked"])
def test_the_other_lines_of_a_document_are_held_back_as_the_lost_one_is(outcome: str) -> None:
    kept, held = whole_documents(TASK, RAW, passed("2", "3", "4", "5"), rejected(("1", outcome)))
    assert kept["_source_key"].tolist() == ["3", "4", "5"]
    assert held[["row_key", "rule", "outcome", "source_rows"]].to_numpy().tolist() == [
        ["2", "document_incomplete", outcome, 1]
    ]
    assert held["reason"].iloc[0].startswith("Another line of the same document")


def test_a_line_to_correct_decides_over_a_line_that_waits() -> None:
    raw = a_frame(Id=["1", "2", "3"], Doc=["A", "A", "A"])
    _, held = whole_documents(TASK, raw, passed("3"), rejected(("1", "blocked"), ("2", "quarantined")))
    assert held["outcome"].tolist() == ["quarantined"]


def test_a_line_skipped_on_purpose_holds_nothing_back() -> None:
    kept, held = whole_documents(TASK, RAW, passed("2", "3"), rejected(("1", "skipped")))
    assert (kept["_source_key"].tolist(), len(held)) == (["2", "3"], 0)


def test_rows_without_a_document_do_not_hold_one_another_back() -> None:
    raw = a_frame(Id=["1", "2"], Doc=[None, None])
    kept, held = whole_documents(TASK, raw, passed("2"), rejected(("1", "quarantined")))
    assert (kept["_source_key"].tolist(), len(held)) == (["2"], 0)


def test_a_task_without_documents_holds_back_nothing() -> None:
    kept, held = whole_documents(a_task(), RAW, passed("2"), rejected(("1", "quarantined")))
    assert (kept["_source_key"].tolist(), len(held)) == (["2"], 0)
    assert list(held.columns) == list(concat([], REJECTION_COLUMNS).columns)
