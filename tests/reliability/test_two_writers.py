"""Two writers of one area at once, C1 and W4: one of them waits or is fenced off, and every row is written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.reliability.plugin import cases
from tests.reliability.site import Site, assert_as_in_peace, open_ledger
from tests.worlds.runner import NO_LIMIT

from fs_integration.errors import Fenced, LeaseHeld
from fs_integration.ledger import Ledger
from fs_integration.pipeline.load import LoadResult
from fs_integration.pipeline.reconcile import Books, reconcile
from fs_integration.pipeline.run import Mode, Run, scopes_of
from fs_integration.records import BatchRef, Interval, Scope
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping, MappingTask
from fs_integration.staging import run_key
from local.direct import Direct

LATER = timedelta(minutes=10)  # longer than a lease lasts without renewal


@dataclass
class Worker:
    """One task of a run, a step at a time, with a connection of its own to the ledger."""

    site: Site
    area: Mapping
    task: MappingTask
    run: Run
    ledger: Ledger

    @property
    def pipeline(self) -> Direct:
        return replace(self.site.pipeline, ledger=self.ledger)

    @property
    def scopes(self) -> list[Scope]:
        return scopes_of(self.area.mapping, self.task.name, self.pipeline.companies)

    def begin(self) -> tuple[BatchRef, ...]:
        """Extract, transform and decide. :returns: the batches to load."""
        return self.pipeline.up_to_gate(self.area, self.task, self.run, self.scopes).accepted

    def load(self, refs: Sequence[BatchRef], try_id: str = "1") -> list[LoadResult]:
        return [self.pipeline.load(ref, self.task, self.run, try_id=try_id) for ref in refs]

    def close(self, results: list[LoadResult]) -> list[Books]:
        return reconcile(self.task, self.run, companies=self.scopes, scopes=self.scopes, results=results,
                         clients=self.pipeline.clients, staging=self.pipeline.staging, ledger=self.ledger)  # fmt: skip

    def on_another_run(self) -> Worker:
        """Return the same worker on a run that speaks for a later moment."""
        end = self.run.interval.end + timedelta(seconds=1)
        return replace(self, run=replace(self.run, run_key=run_key("two"), run_id="two", interval=Interval(None, end)))

    def load_beside(self, refs: Sequence[BatchRef], other: Meanwhile, *, moment: str) -> list[LoadResult] | None:
        """Load, and let the other do its work when the load first calls this method of its ledger.

        :returns: None when it was fenced off by that; then it has sent nothing more.
        """
        original, sent = getattr(self.ledger, moment), []

        def waiting(*arguments: Any, **options: Any) -> Any:
            if not sent:
                other.work()
                sent.append(writing_requests(self.site))
            return original(*arguments, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.ledger, moment, waiting)
            try:
                return self.load(refs)
            except Fenced:
                assert sent == [writing_requests(self.site)]
                return None


@dataclass
class Meanwhile:
    """What another worker loads while the first is at its work. :ivar refused: batches it has to wait for."""

    worker: Worker
    refs: Sequence[BatchRef]
    results: list[LoadResult] = field(default_factory=list)
    refused: int = 0

    def work(self) -> None:
        for ref in self.refs:
            try:
                self.results += self.worker.load([ref], "2")
            except LeaseHeld:
                self.refused += 1


def writing_requests(site: Site) -> int:
    """Return how many requests other than reads both services got so far."""
    systems = [counts for name, counts in site.landscape.stats.describe().items() if name != "entra"]
    return sum(counts["requests"] - counts["methods"].get("GET", 0) for counts in systems)


@pytest.fixture
def workers() -> Iterator[Callable[..., Iterator[tuple[Worker, Worker]]]]:
    """Return what gives, task by task of a site's area, two workers on one run."""
    ledgers: list[Ledger] = []

    def pairs(site: Site, *, ahead: timedelta = timedelta()) -> Iterator[tuple[Worker, Worker]]:
        area = load_mapping(site.area)
        own, other = (open_ledger(site.home, site.clock) for _ in range(2))
        ledgers.extend((own, other))
        other = Ledger(other.engine, clock=lambda: datetime.now(UTC) + ahead)
        run = Run(run_key("one"), f"fs_{area.mapping}", "one", Mode.SCHEDULED, Interval(None, site.moment))
        for task in area.enabled_tasks:
            target = task.target.model_copy(update={"parallel_requests": 1})  # one request after the other: no chance
            slow = task.model_copy(update={"thresholds": NO_LIMIT, "target": target})
            yield Worker(site, area, slow, run, own), Worker(site, area, slow, run, other)

    yield pairs
    for ledger in ledgers:
        ledger.engine.dispose()


@pytest.mark.parametrize("area", cases("C1"))
def test_a_second_run_of_the_same_company_waits_and_then_finds_everything_done(area, sites, workers, outcome):
    site, waited, closed = sites.make(area), 0, {}
    for first, same_run in workers(site):
        second = same_run.on_another_run()
        batches, later = first.begin(), second.begin()  # both have looked before either has written
        other = Meanwhile(second, later)
        results = first.load_beside(batches, other, moment="renew")
        assert results is not None
        assert other.results == []
        waited += other.refused
        closed[first.task.name] = first.close(results), Counter()
        books = second.close(second.load(later))
        assert sum(own.created + own.updated for own in books) == 0
    assert waited
    assert_as_in_peace(site, sites, closed)
    outcome("OK")


@pytest.mark.parametrize("moment", ["renew", "save_fingerprints"])
@pytest.mark.parametrize("area", cases("W4"))
def test_a_try_that_wakes_up_after_a_newer_one_took_over_writes_nothing_more(area, moment, sites, workers, outcome):
    site, fenced, closed = sites.make(area), 0, {}
    for first, second in workers(site):
        results: list[LoadResult] = []
        for ref in first.begin():
            newer = Meanwhile(second, [ref])
            fenced += first.load_beside([ref], newer, moment=moment) is None
            results += newer.results or second.load([ref], "2")
        closed[first.task.name] = second.close(results), Counter()
    assert fenced
    assert_as_in_peace(site, sites, closed)
    outcome("OK")


@pytest.mark.parametrize("area", cases("W4"))
def test_a_run_that_slept_longer_than_its_leases_last_writes_nothing_more(area, sites, workers, outcome):
    site, fenced, closed = sites.make(area), 0, {}
    for first, same_run in workers(site, ahead=LATER):
        second = same_run.on_another_run()
        batches, later = first.begin(), second.begin()
        other = Meanwhile(second, later)
        fenced += first.load_beside(batches, other, moment="renew") is None
        closed[first.task.name] = second.close(other.results or second.load(later)), Counter()
    assert fenced
    assert_as_in_peace(site, sites, closed)
    outcome("OK")
