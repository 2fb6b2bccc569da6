"""The pipeline as Airflow tries it: steps that have ended are not run again when their run is tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.worlds.runner import Watched

from fs_integration.pipeline.gate import GateResult
from fs_integration.pipeline.load import LoadResult
from fs_integration.pipeline.reconcile import Books
from fs_integration.pipeline.run import Run
from fs_integration.pipeline.transform import TransformResult
from fs_integration.records import BatchRef, Scope
from fs_integration.spec.mapping import Mapping, MappingTask

Result = TypeVar("Result")


@dataclass
class Tried(Watched):
    """Remembers what ended steps returned, as XCom does. A load that is tried again is another try.

    :ivar done: by run, task, step and batch.
    """

    done: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    tries: int = 0

    @classmethod
    def of(cls, pipeline: Watched, **known: Any) -> Tried:
        """Return a pipeline with the same clients and stores. :param known: fields of its own."""
        return cls(
            pipeline.clients, pipeline.staging, pipeline.ledger, pipeline.docs_root, pipeline.connections, **known
        )

    def run_task(self, area: Mapping, task: MappingTask, run: Run) -> list[Books]:
        self.tries += 1
        return self._once((run.run_key, task.name), lambda: super(Tried, self).run_task(area, task, run))

    def up_to_gate(self, area: Mapping, task: MappingTask, run: Run, scopes: Sequence[Scope]) -> GateResult:
        steps = (run.run_key, task.name, "gate")
        return self._once(steps, lambda: super(Tried, self).up_to_gate(area, task, run, scopes))

    def transform(self, ref: BatchRef, area: Mapping, task: MappingTask) -> TransformResult:
        return self._once(("transform", ref), lambda: super(Tried, self).transform(ref, area, task))

    def load(self, ref: BatchRef, task: MappingTask, run: Run, *, try_id: str = "") -> LoadResult:
        own = try_id or str(self.tries)
        return self._once(("load", ref), lambda: super(Tried, self).load(ref, task, run, try_id=own))

    def _once(self, step: tuple[Any, ...], work: Callable[[], Result]) -> Result:
        if step not in self.done:
            self.done[step] = work()
        found: Result = self.done[step]
        return found
