"""What is held back is listed once, and disappears when it arrived, is reported anew, or is closed by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import select

from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger import Ledger
from fs_integration.ledger.tables import QuarantineRow, RunRow
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


def resolutions(ledger: Ledger, run_key: str) -> list[str | None]:
    """Say how the lines of a run ended, in the order they were entered; None while they are open."""
    statement = (
        select(QuarantineRow.resolution)
        .join(RunRow, RunRow.id == QuarantineRow.run)
        .where(RunRow.run_key == run_key)
        .order_by(QuarantineRow.id)
    )
    with ledger.engine.connect() as connection:
        return list(connection.execute(statement).scalars())


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
        "payload": "{}", "state": "open", "first_seen_at": pd.Timestamp(clock.now),
        "last_seen_at": pd.Timestamp(clock.now), "tries": 1,
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


def test_a_row_reported_again_for_the_same_reason_hands_on_since_when_and_how_often(ledger, clock):
    first_seen = pd.Timestamp(clock.now)
    for run_key, end in (("first", DAY_1), ("second", DAY_2), ("third", DAY_3)):
        begin(ledger, run_key, end)
        ledger.quarantine(SCOPE, run_key, rejections("A", value=run_key))
        ledger.quarantine(SCOPE, run_key, rejections("A", value=run_key))  # a second try of the same run is no new one
        clock.advance(60)
    lines = ledger.whole_quarantine()
    assert lines[["run_key", "state", "tries"]].values.tolist() == [
        ["first", "replayed", 1], ["second", "replayed", 2], ["third", "open", 3],
    ]  # fmt: skip
    assert lines["first_seen_at"].tolist() == [first_seen] * 3
    assert lines["last_seen_at"].is_monotonic_increasing
    assert resolutions(ledger, "first") == ["reported again by run second"]


def test_another_reason_is_another_line_that_begins_anew(ledger, clock):
    begin(ledger, "first", DAY_1)
    ledger.quarantine(SCOPE, "first", rejections("A"))
    clock.advance(60)
    begin(ledger, "second", DAY_2)
    ledger.quarantine(SCOPE, "second", rejections("A", rule="max_length"))
    line = ledger.open_quarantine().to_dict("records")[0]
    assert (line["rule"], line["tries"], line["first_seen_at"]) == ("max_length", 1, pd.Timestamp(clock.now))


def test_rows_that_were_offered_again_are_no_longer_open_whichever_run_reported_them(ledger):
    begin(ledger, "first", DAY_1)
    ledger.quarantine(SCOPE, "first", rejections("A", "B"))
    begin(ledger, "second", DAY_2)
    ledger.quarantine(SCOPE, "second", rejections("C", "D"))
    assert ledger.settle_quarantine(SCOPE, "second", ["A", "C", "X"], because="arrived") == 2
    assert open_keys(ledger) == ["B", "D"]
    assert resolutions(ledger, "second") == ["arrived, run second", None]


def test_settling_stays_inside_its_scope_and_before_its_moment(ledger):
    for key, end in (("first", DAY_1), ("second", DAY_2), ("third", DAY_3)):
        begin(ledger, key, end)
        ledger.quarantine(SCOPE, key, rejections(key))
    begin(ledger, "elsewhere", DAY_1, OTHER)
    ledger.quarantine(OTHER, "elsewhere", rejections("first"))
    everything = ["first", "second", "third"]
    assert ledger.settle_quarantine(SCOPE, "second", everything, because="no longer in the source") == 2
    assert ledger.open_quarantine()["run_key"].tolist() == ["third", "elsewhere"]


def test_an_old_run_that_is_repeated_does_not_close_what_a_newer_one_reported(ledger):
    begin(ledger, "newer", DAY_3)
    ledger.quarantine(SCOPE, "newer", rejections("A"))
    begin(ledger, "older", DAY_1)
    ledger.quarantine(SCOPE, "older", rejections("A"))
    assert ledger.settle_quarantine(SCOPE, "older", ["A"], because="arrived") == 1
    assert ledger.open_quarantine()["run_key"].tolist() == ["newer"]


def test_a_run_begun_again_keeps_what_it_reported_until_the_rows_are_offered_again(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A", "B"))
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("B"))
    assert open_keys(ledger) == ["A", "B"]
    ledger.settle_quarantine(SCOPE, "r", ["A"], because="arrived")
    assert open_keys(ledger) == ["B"]


def test_a_person_closes_lines_by_number_each_once(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections(*(f"{number:04d}" for number in range(1200))))
    numbers = ledger.open_quarantine()["id"].tolist()
    assert ledger.discard_quarantine(numbers[:1199], by="Ada", note="corrected") == 1199
    assert ledger.discard_quarantine([numbers[1199], *numbers], by="Bob", note="again") == 1
    assert open_keys(ledger) == []
    assert set(ledger.whole_quarantine()["state"]) == {"discarded"}
    assert resolutions(ledger, "r") == ["Ada: corrected"] * 1199 + ["Bob: again"]


def test_a_line_that_was_closed_opens_again_when_the_run_reports_it_again(ledger):
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("A"))
    ledger.discard_quarantine(ledger.open_quarantine()["id"], by="Ada", note="corrected")
    ledger.quarantine(SCOPE, "r", rejections("A"))
    line = ledger.open_quarantine().to_dict("records")[0]
    assert (line["row_key"], line["state"], line["tries"]) == ("A", "open", 1)
    assert resolutions(ledger, "r") == [None]


def test_lines_kept_long_enough_hold_nothing_of_their_rows_and_are_closed(ledger, clock):
    personal = {"reason": "`5551234` is no name.", "value": "5551234", "payload": '{"phone": "5551234"}'}
    begin(ledger, "r", DAY_1)
    ledger.quarantine(SCOPE, "r", rejections("old", "discarded", **personal))
    ledger.discard_quarantine(ledger.open_quarantine()["id"].tolist()[1:], by="Ada", note="gone")
    begin(ledger, "elsewhere", DAY_1, OTHER)
    ledger.quarantine(OTHER, "elsewhere", rejections("other", **personal))
    clock.advance(29 * 86400)
    ledger.quarantine(SCOPE, "r", rejections("young", **personal))
    assert ledger.expire_quarantine(SCOPE, keep_days=30) == 0
    clock.advance(2 * 86400)
    assert [ledger.expire_quarantine(SCOPE, keep_days=30) for _ in range(2)] == [2, 0]
    lines = ledger.whole_quarantine().set_index("row_key")
    assert lines["state"].to_dict() == {
        "old": "expired", "discarded": "expired", "other": "open", "young": "open",
    }  # fmt: skip
    assert lines.loc[["old", "discarded"], ["reason", "value", "payload"]].values.tolist() == [["", "", "{}"]] * 2
    assert lines.loc["young", "value"] == "5551234"
    assert resolutions(ledger, "r") == ["kept long enough", "Ada: gone", None]


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
