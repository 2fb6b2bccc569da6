"""The books of a run, closed in one transaction; the watermark only moves forward."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from fs_integration.errors import ReconciliationError
from fs_integration.ledger import Ledger, runs
from fs_integration.records import BatchRef, Interval, Scope

SCOPE = Scope("product_inventory", "product_inventory", "usmf")
DAY_1, DAY_2, DAY_3 = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3))


def begin(
    ledger: Ledger, run_key: str = "r", *, scope: Scope = SCOPE, mode: str = "scheduled", end: datetime = DAY_2
) -> None:
    ledger.begin_run(scope, run_key=run_key, dag_id="fs_product_inventory", run_id=f"id of {run_key}", mode=mode,
                     interval=Interval(DAY_1, end), mapping_hash="abc")  # fmt: skip


def a_ref(number: int, rows: int, *, stage: str = "01_raw", run_key: str = "r") -> BatchRef:
    return BatchRef(
        SCOPE.mapping, SCOPE.task, SCOPE.legal_entity, run_key, stage, number, f"{stage}/{number}", rows, "00"
    )


def read(ledger: Ledger, run_key: str, rows: int, **facts) -> None:
    """A whole run that read so many rows and succeeded."""
    begin(ledger, run_key, **facts)
    ledger.record_batch(a_ref(0, rows, run_key=run_key))
    ledger.close_run(SCOPE, run_key, status="succeeded")


def test_a_run_that_was_begun_is_open_and_empty(ledger, clock):
    begin(ledger)
    entry = ledger.run(SCOPE, "r")
    assert (entry.scope, entry.run_key, entry.run_id, entry.status) == (SCOPE, "r", "id of r", "running")
    assert (entry.interval, entry.mode, entry.mapping_hash) == (Interval(DAY_1, DAY_2), "scheduled", "abc")
    assert (entry.rows_read, entry.generated, entry.drift, entry.outcomes) == (0, 0, 0, {})
    assert (entry.started_at, entry.ended_at) == (clock.now, None)


def test_rows_read_are_the_rows_of_the_raw_batches_each_counted_once(ledger):
    begin(ledger)
    for ref in (a_ref(0, 10), a_ref(1, 5), a_ref(1, 7), a_ref(0, 99, stage="03_shaped")):
        ledger.record_batch(ref)
    assert ledger.run(SCOPE, "r").rows_read == 17


def test_outcomes_are_summed_over_batches_and_a_batch_entered_again_replaces_its_lines(ledger):
    begin(ledger)
    ledger.record_outcomes(SCOPE, "r", -1, {("quarantined", "required"): 2, ("skipped", "closed"): 1})
    ledger.record_outcomes(SCOPE, "r", 0, {("created", ""): 5, ("quarantined", "refused:0x1"): 1})
    ledger.record_outcomes(SCOPE, "r", 0, {("unchanged", ""): 5, ("quarantined", "refused:0x2"): 1})
    entry = ledger.run(SCOPE, "r")
    assert entry.outcomes == {"quarantined": 3, "skipped": 1, "unchanged": 5}
    assert entry.rules["quarantined", "refused:0x2"] == 1
    ledger.record_outcomes(SCOPE, "r", 0, {})
    assert ledger.run(SCOPE, "r").outcomes == {"quarantined": 2, "skipped": 1}


def test_tasks_that_enter_their_batches_at_once_do_not_get_into_each_others_way(ledger):
    begin(ledger)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda batch: ledger.record_outcomes(SCOPE, "r", batch, {("created", ""): batch}), range(40)))
    assert ledger.run(SCOPE, "r").outcomes == {"created": sum(range(40))}


def test_a_run_begun_again_starts_with_empty_books(ledger, clock):
    begin(ledger)
    ledger.record_batch(a_ref(0, 10))
    ledger.record_batch(a_ref(1, 10))
    ledger.record_outcomes(SCOPE, "r", 0, {("created", ""): 20})
    ledger.set_generated(SCOPE, "r", 3)
    ledger.close_run(SCOPE, "r", status="failed", message="no", drift=1)
    clock.advance(60)
    begin(ledger)
    ledger.record_batch(a_ref(0, 4))
    entry = ledger.run(SCOPE, "r")
    assert (entry.rows_read, entry.generated, entry.drift, entry.outcomes) == (4, 0, 0, {})
    assert (entry.status, entry.message, entry.ended_at, entry.started_at) == ("running", "", None, clock.now)


def test_closing_a_run_enters_result_and_watermark(ledger, clock):
    begin(ledger)
    ledger.set_generated(SCOPE, "r", 3)
    clock.advance(10)
    ledger.close_run(SCOPE, "r", status="succeeded", message="fine\x00", drift=2, watermark=DAY_2)
    entry = ledger.run(SCOPE, "r")
    assert (entry.status, entry.message, entry.drift, entry.generated) == ("succeeded", "fine\x00", 2, 3)
    assert entry.ended_at == clock.now
    assert ledger.watermark(SCOPE) == DAY_2


def test_closing_a_run_happens_as_a_whole_or_not_at_all(ledger, monkeypatch):
    begin(ledger)

    def dying(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "move_watermark", dying)
    with pytest.raises(KeyboardInterrupt):
        ledger.close_run(SCOPE, "r", status="succeeded", watermark=DAY_2)
    assert ledger.run(SCOPE, "r").status == "running"
    assert ledger.watermark(SCOPE) is None


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param([], None, id="none before the first success"),
        pytest.param([DAY_1, DAY_2], DAY_2, id="forward"),
        pytest.param([DAY_2, DAY_1], DAY_2, id="never back"),
        pytest.param([DAY_2, None], DAY_2, id="left alone by a run that moves nothing"),
        pytest.param(
            [DAY_2.astimezone(timezone(timedelta(hours=5)))], DAY_2, id="the same moment in another time zone"
        ),
    ],
)
def test_the_watermark_only_moves_forward(ledger, moments, expected):
    begin(ledger)
    for moment in moments:
        ledger.close_run(SCOPE, "r", status="succeeded", watermark=moment)
    found = ledger.watermark(SCOPE)
    assert found == expected
    assert found is None or found.tzinfo is UTC
    assert ledger.watermarks() == ({SCOPE: expected} if expected else {})


def test_a_moment_without_time_zone_is_refused(ledger):
    begin(ledger)
    with pytest.raises(StatementError, match="has no time zone"):
        ledger.close_run(SCOPE, "r", status="succeeded", watermark=datetime(2026, 11, 1))  # noqa: DTZ001
    assert ledger.run(SCOPE, "r").status == "running"


def test_the_row_count_to_compare_with_is_that_of_the_last_successful_scheduled_run(ledger):
    assert ledger.previous_rows(SCOPE, "now") is None
    read(ledger, "first", 100, end=DAY_1)
    read(ledger, "second", 200, end=DAY_2)
    read(ledger, "backfill", 5, mode="stateless", end=DAY_3)
    begin(ledger, "failed", end=DAY_3)
    ledger.record_batch(a_ref(0, 7, run_key="failed"))
    ledger.close_run(SCOPE, "failed", status="failed")
    read(ledger, "now", 300, end=DAY_3)
    assert ledger.previous_rows(SCOPE, "now") == 200
    assert ledger.previous_rows(Scope("product_inventory", "product_inventory", "demf"), "now") is None


def test_a_run_that_read_nothing_is_a_run_to_compare_with(ledger):
    read(ledger, "first", 0)
    assert ledger.previous_rows(SCOPE, "now") == 0


def test_runs_are_listed_oldest_first_and_can_be_narrowed(ledger, clock):
    for key in ("a", "b", "c"):
        begin(ledger, key)
        clock.advance(60)
    assert [entry.run_key for entry in ledger.runs()] == ["a", "b", "c"]
    assert [entry.run_key for entry in ledger.runs(started_after=clock.now - timedelta(seconds=120))] == ["b", "c"]
    assert [entry.run_key for entry in ledger.runs(newest=2)] == ["b", "c"]
    assert [entry.run_key for entry in ledger.runs(dag_id="fs_product_inventory", run_id="id of b")] == ["b"]
    assert ledger.runs(dag_id="fs_other") == []


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda ledger: ledger.record_batch(a_ref(0, 1)), id="batch"),
        pytest.param(lambda ledger: ledger.record_outcomes(SCOPE, "r", 0, {}), id="outcomes"),
        pytest.param(lambda ledger: ledger.set_generated(SCOPE, "r", 1), id="generated rows"),
        pytest.param(lambda ledger: ledger.close_run(SCOPE, "r", status="succeeded"), id="close"),
        pytest.param(lambda ledger: ledger.run(SCOPE, "r"), id="books"),
    ],
)
def test_a_run_the_ledger_does_not_know_is_named(ledger, use):
    with pytest.raises(ReconciliationError, match=r"`r` of product_inventory.*clear the extract task"):
        use(ledger)
