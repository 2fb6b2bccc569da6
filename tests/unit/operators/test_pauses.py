"""Tasks of an area whose services fail again and again sleep without asking, and wake up by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowRescheduleException

from fs_integration.errors import NetworkFailure
from fs_integration.ledger import Ledger, open_engine
from fs_integration.operators.extract import ExtractEntityOperator
from fs_integration.operators.load import LoadEntityOperator
from fs_integration.records import BatchRef

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BATCH = BatchRef("warehouses", "warehouse", "usmf", "one", "04_accepted", 0, "uri", 1, "sum").to_dict()
FAILURES, FIRST_PAUSE = 5, timedelta(minutes=5)  # what a connection set says that says nothing


class Service:
    """A service that does not answer. :ivar asked: how often it was asked."""

    asked = 0

    def environment(self) -> None:
        self.asked += 1
        raise NetworkFailure("No connection to contoso.")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture(params=["extract", "load"])
def task(request: pytest.FixtureRequest, tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A task that gets as far as its first question to a service."""
    words = {"task_id": request.param, "mapping": "warehouses", "mapping_task": "warehouse",
             "connection_set": "default"}  # fmt: skip
    made: BaseOperator = (
        ExtractEntityOperator(**words) if request.param == "extract" else LoadEntityOperator(batch=BATCH, **words)
    )
    ledger = Ledger(open_engine(f"sqlite:///{tmp_path / 'ledger.db'}"))
    ledger.migrate()
    stores = {
        "ledger": ledger, "clients": SimpleNamespace(finance_operations=service, dataverse=service),
        "staging": SimpleNamespace(read=lambda ref: ref),
    }  # fmt: skip
    for name, store in stores.items():
        monkeypatch.setitem(made.__dict__, name, store)
    return made


def context(run_id: str) -> Any:
    run = SimpleNamespace(run_id=run_id, dag_id="fs_warehouses", run_type="manual", run_after=NOW)
    declared = SimpleNamespace(params={})
    return {"dag_run": run, "params": {}, "dag": declared, "task": declared,
            "ti": SimpleNamespace(id="try", try_number=1)}  # fmt: skip


def test_after_five_failures_tasks_sleep_without_asking(task, service):
    for _ in range(FAILURES):
        with pytest.raises(NetworkFailure):
            task.execute(context("one"))
    before = datetime.now(UTC)
    for run_id in ("one", "two"):
        with pytest.raises(AirflowRescheduleException) as asleep:
            task.execute(context(run_id))
        assert asleep.value.reschedule_date - before == pytest.approx(FIRST_PAUSE, abs=timedelta(seconds=30))
    assert service.asked == FAILURES
