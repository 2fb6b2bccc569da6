"""What is held back is listed once, and disappears when it arrived, is reported anew, or is closed by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger import Ledger
from fs_integration.records import Interval, Scope

SCOPE = Scope("product_inventory", "product_inventory", "usmf")
OTHER = Scope("product_inventory", "product_inventory", "demf")
DAY_1, DAY_2, DAY_3 = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3))


def begin(ledger: Ledger, run_key: str, end: datetime, scope: Scope = SCOPE) -> None:
    ledger.begin_run(scope, run_key=run_key, dag_id="fs_product_inventory", run_id=f"id of {run_key}", mode="scheduled",
                     interval=Interval(None, end), mapping_hash="abc")  # fmt: skip


def rejections(*keys: str, **changes) -> pd.DataFrame:
    line = {"field": "qty", "rule": "required", "reason": "`qty` is empty.", "value": "", "outcome": "quarantined",
            "source_rows": 1, "payload": "{}", **changes}  # fmt: skip
    columns = {name: list(keys) if name == "row_key" else [line[name]] * len(keys) for name in REJECTION_COLUMNS}
    return frame_of(columns, REJECTION_COLUMNS)


def open_keys(ledger: Ledger, **wanted) -> list[str]:
    return ledger.open_quarantine(**wanted)["row_key"].tolist()


def test_a_line_says_which_row_of_which_run_was_held_back_and_why(ledger, clock):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A|\x00", value="x\x00", source_rows=3))
    line = ledger.open_quarantine().to_dict("records")[0]
    assert line == {
        "id": line["id"], "mapping": "product_inventory", "task": "product_inventory", "legal_entity": "usmf",
        "dag_id": "fs_product_inventory", "run_id": "id of r", "run_key": "r", "row_key": "A|\x00", "field": "qty",
        "rule": "required", "reason": "`qty` is empty.", "value": "x\x00", "outcome": "quarantined", "source_rows": 3,
        "payload": "{}", "created_at": pd.Timestamp(clock.now),
    }  # fmt: skip


def test_an_empty_quarantine_has_all_columns(ledger):
    held = ledger.open_quarantine()
    assert len(held) == 0
    assert {"mapping", "task", "legal_entity", "id", *REJECTION_COLUMNS} <= set(held)


def test_rows_held_back_are_entered_and_skipped_ones_are_not(ledger):
    begin(ledger, "r", DAY_1)
    for outcome in ("quarantined", "blocked", "skipped"):
        ledger.quarantine(SCOPE, "r", rejections(outcome, outcome=outcome))
    assert open_keys(ledger) == ["quarantined", "blocked"]


def test_missing_texts_are_empty(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A", value=None, field=None, source_rows=None))
    line = ledger.open_quarantine().to_dict("records")[0]
    assert (line["value"], line["field"], line["source_rows"]) == ("", "", 0)


def test_entering_the_same_lines_again_changes_nothing_but_what_they_say(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A", "B"))
    before = ledger.open_quarantine()["id"].tolist()
    ledger.quarantine(SCOPE, "r", rejections("A", "B", reason="still empty"))
    held = ledger.open_quarantine()
    assert held["id"].tolist() == before
    assert held["reason"].tolist() == ["still empty"] * 2


def test_two_reasons_for_one_row_are_two_lines_and_the_same_reason_twice_is_one(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(
        SCOPE, "r", pd.concat([rejections("A", "A"), rejections("A", rule="max_length")], ignore_index=True)
    )
    held = ledger.open_quarantine()
    assert held[["rule", "source_rows"]].values.tolist() == [["required", 2], ["max_length", 1]]


def test_a_later_step_adds_to_the_runs_lines(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A"))
    ledger.quarantine(SCOPE, "r", rejections("B", rule="refused:0x80040265"))
    assert open_keys(ledger) == ["A", "B"]


def test_a_row_reported_again_by_a_later_run_is_listed_once_with_what_is_wrong_now(ledger):
    begin(ledger, "first", DAY_1)
    ledger.quarantine(SCOPE, "first", rejections("A", "B"))
    begin(ledger, "second", DAY_2)
    ledger.quarantine(SCOPE, "second", rejections("A", rule="max_length"))
    held = ledger.open_quarantine()
    assert held[["run_key", "row_key", "rule"]].values.tolist() == [
        ["first", "B", "required"], ["second", "A", "max_length"],
    ]  # fmt: skip


def test_rows_that_arrived_are_no_longer_open_whichever_run_reported_them(ledger):
    begin(ledger, "first", DAY_1)
    ledger.quarantine(SCOPE, "first", rejections("A", "B"))
    begin(ledger, "second", DAY_2)
    ledger.quarantine(SCOPE, "second", rejections("C", "D"))
    assert ledger.supersede_quarantine(SCOPE, "second", row_keys=["A", "C", "X"]) == 2
    assert open_keys(ledger) == ["B", "D"]


def test_a_run_that_read_everything_closes_the_lines_of_earlier_runs_only(ledger):
    for key, end in (("first", DAY_1), ("second", DAY_2), ("third", DAY_3)):
        begin(ledger, key, end)
        ledger.quarantine(SCOPE, key, rejections(key))
    begin(ledger, "elsewhere", DAY_1, OTHER)
    ledger.quarantine(OTHER, "elsewhere", rejections("elsewhere"))
    assert ledger.supersede_quarantine(SCOPE, "second") == 1
    assert open_keys(ledger) == ["second", "third", "elsewhere"]


def test_an_old_run_that_is_repeated_does_not_close_what_a_newer_one_reported(ledger):
    begin(ledger, "newer", DAY_3)
    ledger.quarantine(SCOPE, "newer", rejections("A"))
    begin(ledger, "older", DAY_1)
    ledger.quarantine(SCOPE, "older", rejections("A"))
    assert ledger.supersede_quarantine(SCOPE, "older", row_keys=["A"]) == 1
    assert ledger.open_quarantine()["run_key"].tolist() == ["newer"]


def test_a_run_begun_again_reports_anew(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A", "B"))
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("B"))
    assert open_keys(ledger) == ["B"]


def test_a_person_closes_lines_by_number_each_once(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections(*(f"{number:04d}" for number in range(1200))))
    numbers = ledger.open_quarantine()["id"].tolist()
    assert ledger.resolve_quarantine(numbers[:1199], note="corrected") == 1199
    assert ledger.resolve_quarantine(numbers, note="again") == 1
    assert open_keys(ledger) == []


def test_a_line_that_was_closed_opens_again_when_the_run_reports_it_again(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A"))
    ledger.resolve_quarantine(ledger.open_quarantine()["id"], note="corrected")
    ledger.quarantine(SCOPE, "r", rejections("A"))
    assert open_keys(ledger) == ["A"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({}, ["A", "B"], id="all"),
        pytest.param({"mapping": "product_inventory"}, ["A", "B"], id="of a mapping"),
        pytest.param({"mapping": "products"}, [], id="of another mapping"),
        pytest.param({"dag_id": "fs_product_inventory", "run_id": "id of second"}, ["B"], id="of a run"),
    ],
)
def test_lines_can_be_narrowed(ledger, wanted, expected):
    begin(ledger, "first", DAY_1)
    ledger.quarantine(SCOPE, "first", rejections("A"))
    begin(ledger, "second", DAY_2)
    ledger.quarantine(SCOPE, "second", rejections("B"))
    assert open_keys(ledger, **wanted) == expected
