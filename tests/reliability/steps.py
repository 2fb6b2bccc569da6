"""An area's five steps one by one, as Airflow runs them, so that a test can disturb what is between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.reliability.site import Site
from tests.worlds.runner import NO_LIMIT

from fs_integration.pipeline.extract import extract
from fs_integration.pipeline.gate import GateResult, quality_gate
from fs_integration.pipeline.load import LoadResult
from fs_integration.pipeline.reconcile import Books, reconcile
from fs_integration.pipeline.run import Mode, Run, scopes_of
from fs_integration.pipeline.transform import TransformResult
from fs_integration.records import BatchRef, Interval, Scope
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping, MappingTask
from fs_integration.staging import run_key


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the package may catch it."""


@dataclass
class TaskSteps:
    """One mapping task of a run; each step leaves what the next one takes, as XCom does.

    :ivar books: what the last reconcile said.
    """

    site: Site
    area: Mapping
    task: MappingTask
    run: Run
    refs: list[BatchRef] = field(default_factory=list)
    transformed: list[TransformResult] = field(default_factory=list)
    gate: GateResult = field(default_factory=lambda: GateResult((), {}))
    loaded: list[LoadResult] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)

    @property
    def scopes(self) -> list[Scope]:
        return scopes_of(self.area.mapping, self.task.name, self.site.pipeline.companies)

    @property
    def steps(self) -> tuple[Callable[[], None], ...]:
        return self.extract, self.transform, self.quality_gate, self.load, self.reconcile

    def go(self, start: int = 0, stop: int = 5) -> None:
        """Run these steps, by number."""
        for step in self.steps[start:stop]:
            step()

    def extract(self) -> None:
        own = self.site.pipeline
        self.refs = extract(self.area, self.task, self.run, organizations=own.connections.organizations,
                            clients=own.clients, staging=own.staging, ledger=own.ledger)  # fmt: skip

    def transform(self) -> None:
        self.transformed = [self.site.pipeline.transform(ref, self.area, self.task) for ref in self.refs]

    def quality_gate(self) -> None:
        own = self.site.pipeline
        self.gate = quality_gate(self.task, self.run, scopes=self.scopes, results=self.transformed,
                                 staging=own.staging, ledger=own.ledger)  # fmt: skip

    def load(self) -> None:
        self.loaded = [self.site.pipeline.load(ref, self.task, self.run) for ref in self.gate.accepted]

    def reconcile(self) -> None:
        own = self.site.pipeline
        self.books = reconcile(self.task, self.run, companies=self.scopes, scopes=self.scopes, results=self.loaded,
                               clients=own.clients, staging=own.staging, ledger=own.ledger)  # fmt: skip

    def watermarks(self) -> list[datetime | None]:
        return [self.site.pipeline.ledger.watermark(scope) for scope in self.scopes]

    def balance(self) -> bool:
        """Tell whether the books add up and nothing drifted or is missing."""
        return all(own.read + own.generated == own.accounted and own.drift == own.missing == 0 for own in self.books)


def tasks_of(site: Site, name: str, *, mode: Mode = Mode.SCHEDULED, window: Interval | None = None,
             area: Mapping | None = None) -> Iterator[TaskSteps]:  # fmt: skip
    """Give the mapping tasks of one run, in their order.

    :param name: the run; giving it again is the same run again. :param window: until now when left out.
    """
    area = area or load_mapping(site.area)
    run = Run(run_key(name), f"fs_{site.area}", name, mode, window or Interval(None, datetime.now(UTC)))
    for task in area.enabled_tasks:
        yield TaskSteps(site, area, task.model_copy(update={"thresholds": NO_LIMIT}), run)
