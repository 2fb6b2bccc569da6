"""The wait for Supply Chain Management as Airflow runs it: connections, ledger, deferral, and the sandbox's service."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow import settings
from airflow.dag_processing.dagbag import DagBag

from fs_integration.frames import frame_of
from fs_integration.ledger import Ledger, open_engine
from fs_integration.records import Scope
from fs_integration.spec.metadata import ColumnKind
from local.runner import prepare
from local.services import Sandbox, running_sandbox

ADJUSTMENTS, TRANSFERS = "InventoryAdjustmentJournalHeaders", "InventoryTransferJournalHeaders"
OURS, THEIRS = "UA990001", "JRN-000077"
DAG_FILE = '''"""Airflow DAG with the wait of the cycle and nothing else."""
from datetime import datetime, timedelta
from airflow.sdk import DAG
from fs_integration.operators import JournalsPostedSensor

with DAG("posting", start_date=datetime(2026, 1, 1), schedule=None,
         params={"posting_minutes": 60, "at_posting_timeout": "fail"}):
    JournalsPostedSensor(
        task_id="journals_posted", areas=["inventory_adjustments", "inventory_transfers"], connection_set="default",
        minutes="{{ params.posting_minutes }}", at_timeout="{{ params.at_posting_timeout }}",
        look_every=timedelta(seconds=1), pool="finance_operations_api",
    )
'''


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that Airflow's connections lead to, and a ledger that says we wrote one adjustment journal in usmf."""
    log = tmp_path_factory.mktemp("sandbox") / "sandbox.log"
    with running_sandbox(port=0, scale="tiny", log=log) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        prepare(running)
        write_books()
        yield running


def write_books() -> None:
    ledger = Ledger(open_engine(f"sqlite:///{os.environ['AIRFLOW_HOME']}/fs_integration_ledger.db"))
    ledger.migrate()
    scope = Scope("inventory_adjustments", "inventory_adjustments", "usmf")
    lease = ledger.acquire_lease(scope.lease, "test", 60)
    keys = [f"usmf|{OURS}|1", f"usmf|{OURS}|2"]
    rows = frame_of(
        {"_key": keys, "_source_key": keys, "_fingerprint": [1, 1]},
        {"_key": ColumnKind.TEXT, "_source_key": ColumnKind.TEXT, "_fingerprint": ColumnKind.INTEGER},
    )
    ledger.save_fingerprints([lease], scope, rows, as_of=datetime.now(UTC), run_key="test")
    ledger.release([lease])


@pytest.fixture
def unposted(sandbox: Sandbox) -> Sandbox:
    """The sandbox with two unposted adjustment journals in usmf: one of ours, and one that somebody else works on."""
    common = {"dataAreaId": "usmf", "JournalNameId": "IAdj"}
    sandbox.replace("finops", ADJUSTMENTS, [
        {**common, "JournalNumber": OURS, "IsPosted": "No"},
        {**common, "JournalNumber": THEIRS, "IsPosted": "No"},
    ])  # fmt: skip
    sandbox.replace("finops", TRANSFERS, [])
    return sandbox


@pytest.fixture
def wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, Any]]:
    """Return what runs the wait in Airflow, as the cycle asks for it, and gives the run's state and its result."""
    (tmp_path / "posting.py").write_text(DAG_FILE, encoding="utf-8")
    monkeypatch.setattr(settings, "DAGS_FOLDER", str(tmp_path))
    dag = DagBag(str(tmp_path)).dags["posting"]

    def run(**conf: Any) -> tuple[str, Any]:
        done = dag.test(logical_date=datetime.now(UTC), run_conf=conf)
        (task,) = done.get_task_instances()
        return str(done.state), task.xcom_pull("journals_posted")

    return run


def test_the_run_goes_on_as_soon_as_supply_chain_management_has_posted_our_journal(unposted, wait):
    batch_job = threading.Timer(4, unposted.control, ["POST", "/scm/post-integration-journals", {}])
    batch_job.start()
    try:
        assert wait() == ("success", [])
    finally:
        batch_job.join()


def test_when_the_time_is_over_the_run_fails(unposted, wait):
    assert wait(posting_minutes=0) == ("failed", None)


def test_or_it_goes_on_and_hands_over_what_of_ours_is_not_posted(unposted, wait):
    left = [{"entity": ADJUSTMENTS, "legal_entity": "usmf", "number": OURS}]
    assert wait(posting_minutes=0, at_posting_timeout="go_on") == ("success", left)
