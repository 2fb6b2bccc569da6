"""Task processes of a real Airflow killed with SIGKILL at work (W3): the next run completes what they left."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

DAG = "fs_warehouses"
SECONDS = 120
LONG = 60  # how long the sandbox holds the request during which the task is killed
SHORT = 5  # long enough to set the next fault meanwhile
READING = {"system": "finops", "method": "GET", "path_regex": "/data/Warehouses"}
WRITING = {"system": "dataverse", "method": "POST", "path_regex": "Multiple|batch"}
CONFIRMING = {"system": "dataverse", "method": "GET", "path_regex": "msdyn_warehouses"}


@pytest.fixture(scope="module")
def schedule() -> None:
    """No runs but those of the test."""


def test_the_next_run_completes_what_killed_tasks_left(airflow):
    """Tasks die while they read, while the service carries out their write, and while they read it back.

    Each meets new names of all warehouses, so that there is something to write again.
    """
    airflow.unpause(DAG)
    run(airflow, "peace")
    names = {row["WarehouseId"]: row["WarehouseName"] or "unnamed" for row in source(airflow)}
    for step, requests in {"extract": [READING], "load": [WRITING], "reconcile": [WRITING, CONFIRMING]}.items():
        before = written(airflow)
        rename_all(airflow, names, step)
        kill(airflow, step, requests)
        assert (written(airflow) == before) == (step == "extract"), f"{step} was killed at the wrong moment"
        run(airflow, f"after_{step}")
        assert written(airflow) == [(warehouse, f"{names[warehouse]} {step}") for warehouse, _ in before]


def run(airflow, run_id: str) -> None:
    start(airflow, run_id)
    assert [ended["state"] for ended in airflow.wait_for_runs(DAG, run_id)] == ["success"]


def start(airflow, run_id: str) -> None:
    airflow.call("POST", f"/dags/{DAG}/dagRuns", {"logical_date": None, "dag_run_id": run_id})


def kill(airflow, step: str, requests: list[dict[str, Any]]) -> None:
    """Start a run and kill its task of a step during the last of these requests; then give the run up."""
    run_id = f"killed_{step}"
    for number, request in enumerate(requests, 1):
        seconds = LONG if number == len(requests) else SHORT
        airflow.sandbox.control(
            "POST", "/faults", [{**request, "action": "delay_answer", "args": {"seconds": seconds}}]
        )
        if number == 1:
            start(airflow, run_id)
        wait_for(lambda: airflow.sandbox.control("GET", "/faults")[-1]["hit"])
    task = task_of(airflow, run_id, step)
    assert task["state"] == "running"
    os.kill(task["pid"], signal.SIGKILL)
    wait_for(lambda: task_of(airflow, run_id, step)["state"] in ("up_for_retry", "failed"))
    airflow.call("PATCH", f"/dags/{DAG}/dagRuns/{run_id}", {"state": "failed"})
    airflow.sandbox.control("DELETE", "/faults")
    let_leases_run_out(airflow)


def task_of(airflow, run_id: str, step: str) -> dict[str, Any]:
    tasks = airflow.call("GET", f"/dags/{DAG}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return next(task for task in tasks if task["task_id"].endswith(step))


def wait_for(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)


def let_leases_run_out(airflow) -> None:
    """Put the end of all leases into the past, as five minutes of waiting would."""
    with closing(sqlite3.connect(airflow.home / "fs_integration_ledger.db")) as ledger, ledger:
        ledger.execute("update fs_lease set expires_at = '2000-01-01 00:00:00.000000'")


def source(airflow) -> list[dict[str, Any]]:
    return list(airflow.sandbox.control("GET", "/state/finops/Warehouses"))


def rename_all(airflow, names: dict[str, str], word: str) -> None:
    rows = [{**row, "WarehouseName": f"{names[row['WarehouseId']]} {word}"} for row in source(airflow)]
    airflow.sandbox.replace("finops", "Warehouses", rows)


def written(airflow) -> list[tuple[str, str]]:
    """Return ids and descriptions of the warehouses that Field Service has from Finance and Operations."""
    rows = airflow.sandbox.control("GET", "/state/dataverse/msdyn_warehouses")
    ours = [row for row in rows if row["msdynce_ismaintainedexternally"]]
    return sorted((row["msdyn_name"], row["msdyn_description"]) for row in ours)
