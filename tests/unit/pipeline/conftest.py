"""A staging area, a ledger and one run over two companies; no service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.transform.builders import a_frame, a_table, a_task

from fs_integration.ledger import Ledger, open_engine
from fs_integration.pipeline.places import SHARED
from fs_integration.pipeline.run import Mode, Run
from fs_integration.pipeline.transform import TransformResult, transform
from fs_integration.records import BatchRef, Interval, Scope
from fs_integration.spec.connection_set import Organization
from fs_integration.spec.mapping import Mapping, MappingTask
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.staging import StagingArea

TARGET = a_table(x=ColumnKind.INTEGER, name=Column(name="name", kind=ColumnKind.TEXT, max_length=5))
SOURCE = EntityMetadata(system="finance_operations", name="Things", logical_name="Thing", columns={})


@dataclass
class Site:
    """What the steps of one task work on.

    :param run: the run in work; its rows are staged with ``stage``.
    """

    task: MappingTask
    staging: StagingArea
    ledger: Ledger
    docs_root: Path
    run: Run

    def scope(self, company: str = "usmf") -> Scope:
        return Scope("m", self.task.name, company)

    def stage(self, frame: pd.DataFrame, *, company: str = "usmf", number: int = 0) -> BatchRef:
        """Stage a raw batch as extract does, and open the books with the first one."""
        scope, shared = self.scope(company), Scope("m", self.task.name, SHARED)
        for name, table in (("source", SOURCE), ("target", TARGET)):
            self.staging.write_json(shared, self.run.run_key, name, table.model_dump(mode="json"))
        if number == 0:
            self.ledger.begin_run(scope, run_key=self.run.run_key, dag_id="dag", run_id="run", mode=self.run.mode.value,
                                  interval=self.run.interval, mapping_hash="h")  # fmt: skip
        ref = self.staging.write_batch(scope, self.run.run_key, "01_raw", number, frame)
        self.ledger.record_batch(ref)
        return ref

    def transform(self, frame: pd.DataFrame, *, company: str = "usmf", number: int = 0) -> TransformResult:
        mapping = Mapping(mapping="m", title="M", tasks=(self.task,))
        ref = self.stage(frame, company=company, number=number)
        organization = Organization(legal_entity=company)
        return transform(
            ref, mapping, self.task, organization=organization, staging=self.staging, docs_root=self.docs_root
        )

    def written_before(self, *keys: str, company: str = "usmf", as_of: datetime, fingerprint: int = 1) -> None:
        """Enter rows into the ledger as if an earlier run had written them."""
        scope = self.scope(company)
        kinds = {"_fingerprint": ColumnKind.INTEGER}
        rows = a_frame(kinds, _key=list(keys), _source_key=list(keys), _fingerprint=[fingerprint] * len(keys))
        lease = self.ledger.acquire_lease(scope.lease, "earlier", 60)
        self.ledger.save_fingerprints([lease], scope, rows, as_of=as_of, run_key="earlier")
        self.ledger.release([lease])


def things(*ids: str | None, x: list[str | None] | None = None) -> pd.DataFrame:
    return a_frame(Id=list(ids), X=x or ["1"] * len(ids), Name=["ok"] * len(ids))


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Return what makes a site for a task that copies ``X`` and ``Name``; keywords change the task."""
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger = Ledger(engine)
    ledger.migrate()

    def make(**changes: object) -> Site:
        task = a_task({"from": "X", "to": "x"}, {"from": "Name", "to": "name"}, **changes)
        interval = Interval(None, datetime(2026, 11, 20, tzinfo=UTC))
        run = Run("run-key", "dag", "run", Mode.SCHEDULED, interval)
        return Site(task, StagingArea(tmp_path / "staging"), ledger, tmp_path / "docs", run)

    yield make
    engine.dispose()
