"""An area whose services fail again and again pauses, and goes on by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from fs_integration.errors import AreaPaused
from fs_integration.ledger import Ledger, breakers
from fs_integration.ledger.breakers import Breaker, Work
from fs_integration.spec.connection_set import CircuitBreaker

AREA, OTHER_SET = Breaker("warehouses", "default"), Breaker("warehouses", "test")
LIMITS = CircuitBreaker(failures=3, pause_minutes=5, longest_pause_minutes=18)
EXTRACT, LOAD, RECONCILE = (Work("one", "warehouse", step) for step in ("extract", "load", "reconcile"))
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Clock:
    moment = START

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, minutes: float) -> None:
        self.moment += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books(ledger: Ledger, clock: Clock) -> Ledger:
    """The ledger under test, by a clock that the test moves."""
    return Ledger(ledger.engine, clock=clock)


def fail(books: Ledger, times: int = 1, *, work: Work = LOAD, breaker: Breaker = AREA, fatal: bool = False) -> None:
    for number in range(times):
        breakers.failed(books, breaker, work, limits=LIMITS, message=f"gone {number}", fatal=fatal)


def pause_of(books: Ledger, run: str, breaker: Breaker = AREA) -> float:
    """Minutes that a run is told to wait; 0 when it may work."""
    try:
        breakers.admit(books, breaker, run)
    except AreaPaused as paused:
        return (paused.until - books.clock()).total_seconds() / 60  # type: ignore[attr-defined]
    return 0


@pytest.fixture(autouse=True)
def _readable_clock(books: Ledger, clock: Clock) -> None:
    books.clock = clock  # type: ignore[attr-defined]


def test_an_area_pauses_after_so_many_failures_in_a_row_and_says_why(books):
    fail(books, 2)
    assert pause_of(books, "two") == 0
    fail(books)
    assert pause_of(books, "two") == 5
    with pytest.raises(AreaPaused, match=r"3 times in a row. The last time: gone 0 .* ledger resume warehouses"):
        breakers.admit(books, AREA, "two")
    assert pause_of(books, "two", OTHER_SET) == pause_of(books, "two", Breaker("products", "default")) == 0


@pytest.mark.parametrize(
    ("works", "counts_anew"),
    [(LOAD, True), (RECONCILE, True), (EXTRACT, False), (Work("one", "other_task", "reconcile"), False)],
    ids=["the step that failed", "the whole task", "an earlier step", "another task"],
)
def test_only_what_shows_that_the_failing_step_works_ends_the_row(books, works, counts_anew):
    fail(books, 2)
    breakers.succeeded(books, AREA, works)
    fail(books)
    assert (pause_of(books, "two") == 0) == counts_anew


def test_after_the_pause_one_run_tries_and_its_success_lets_all_go_on(books, clock):
    fail(books, 3)
    breakers.succeeded(books, AREA, LOAD)  # of a task that had begun before
    assert pause_of(books, "two") == 5
    clock.pass_(5)
    assert [pause_of(books, run) for run in ("two", "three", "two")] == [0, 5, 0]
    breakers.succeeded(books, AREA, Work("two", "warehouse", "extract"))
    assert pause_of(books, "three") == 5
    breakers.succeeded(books, AREA, Work("two", "warehouse", "load"))
    assert pause_of(books, "three") == 0
    assert breakers.states(books) == []


def test_each_failure_of_the_run_that_tries_doubles_the_pause_up_to_the_longest(books, clock):
    fail(books, 3)
    waited = []
    for number in range(4):
        fail(books, 2, work=Work("late", "warehouse", "load"))  # tasks that were under way lengthen nothing
        waited.append(pause_of(books, "next"))
        clock.pass_(waited[-1])
        assert pause_of(books, f"probe-{number}") == 0
        fail(books, work=Work(f"probe-{number}", "warehouse", "load"))
    assert waited == [5, 10, 18, 18]


def test_a_run_that_tried_and_never_came_back_is_followed_by_another(books, clock):
    fail(books, 3)
    clock.pass_(5)
    assert pause_of(books, "two") == 0
    clock.pass_(5)
    assert pause_of(books, "three") == 0
    assert pause_of(books, "two") == 5


def test_a_fatal_failure_pauses_at_once_for_the_longest_time(books):
    fail(books, fatal=True)
    assert pause_of(books, "two") == 18


def test_a_person_ends_a_pause_for_one_connection_set_or_for_all(books):
    for breaker in (AREA, OTHER_SET):
        fail(books, 3, breaker=breaker)
    assert [(state.breaker, state.failures, state.step) for state in breakers.states(books)] == [
        (AREA, 3, "warehouse.load"), (OTHER_SET, 3, "warehouse.load"),
    ]  # fmt: skip
    assert breakers.resume(books, "warehouses", "test") == 1
    assert [pause_of(books, "two", each) for each in (AREA, OTHER_SET)] == [5, 0]
    assert breakers.resume(books, "warehouses") == 1
    assert breakers.resume(books, "warehouses") == 0


def test_of_runs_that_come_at_once_after_the_pause_one_tries(books, clock):
    fail(books, 3)
    clock.pass_(5)
    with ThreadPoolExecutor(6) as pool:
        waits = list(pool.map(lambda number: pause_of(books, f"run-{number}"), range(6)))
    assert sorted(waits) == [0, 5, 5, 5, 5, 5]
