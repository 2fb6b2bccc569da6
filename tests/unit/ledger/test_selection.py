"""Which open lines a person chooses, what belongs to them, and the mark that tells whether they are as they were."""

from __future__ import annotations

import pandas as pd
import pytest

from fs_integration.frames import frame_of
from fs_integration.ledger.selection import LINE_COLUMNS, digest, selected
from fs_integration.records import Selection

LINE = {"mapping": "m", "task": "head", "legal_entity": "usmf", "dag_id": "fs_m", "run_id": "run 1", "run_key": "r1",
        "row_key": "A", "field": "f", "rule": "required", "reason": "Why.", "value": "v", "outcome": "quarantined",
        "source_rows": 1, "payload": "{}", "state": "open", "first_seen_at": pd.Timestamp("2026-11-20", tz="UTC"),
        "last_seen_at": pd.Timestamp("2026-11-20", tz="UTC"), "tries": 1}  # fmt: skip


def lines(*changes: dict[str, object]) -> pd.DataFrame:
    told = [{**LINE, "id": number, **changed} for number, changed in enumerate(changes)]
    return frame_of({name: [line[name] for line in told] for name in LINE_COLUMNS}, LINE_COLUMNS)


HELD = lines(
    {},
    {"rule": "max_length", "field": "g"},  # 1: the same row for another reason
    {"row_key": "B|\x00|C", "run_id": "run 2"},
    {"task": "line", "rule": "max_length"},
    {"legal_entity": "demf"},
    {"row_key": "T1", "rule": "unique"},
    {"row_key": "T2", "rule": "unique"},
)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        pytest.param({"rule": "max_length"}, [0, 1, 3], id="a rule, with all other lines about these rows"),
        pytest.param({"key": "A"}, [0, 1, 3, 4], id="a key, in whatever task and company"),
        pytest.param({"key": "A", "task": "head", "company": "usmf"}, [0, 1], id="one row"),
        pytest.param({"key": "B||C"}, [2], id="a key with a blank part, as the list shows it"),
        pytest.param({"key": "B · C"}, [2], id="the same as the page shows it"),
        pytest.param({"run": "run 2"}, [2], id="what a run reported"),
        pytest.param({"key": "T1"}, [5, 6], id="a row that is doubled, with its twin"),
        pytest.param({"key": "nobody"}, [], id="nothing"),
        pytest.param({"rule": "required", "run": "run 2", "task": "line"}, [], id="all words must hold"),
    ],
)
def test_a_selection_takes_whole_rows(wanted: dict[str, str], ids: list[int]) -> None:
    assert selected(HELD, Selection(**wanted))["id"].tolist() == ids


def test_the_mark_stays_when_another_run_says_the_same_and_changes_with_what_it_says() -> None:
    later = {"run_id": "run 9", "run_key": "r9", "id": 77, "tries": 5, "reason": "The same in other words."}
    assert digest(lines({}, {"row_key": "B"})) == digest(lines({"row_key": "B", **later}, later))
    marks = {digest(lines(changed)) for changed in ({}, {"value": "w"}, {"payload": '{"a": 1}'}, {"rule": "other"})}
    assert len(marks) == 4
    assert digest(lines({}, {"row_key": "B"})) not in marks
