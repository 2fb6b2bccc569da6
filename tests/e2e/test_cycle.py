"""The cycle under a real scheduler, with Supply Chain Management posting in between.

A short cycle of two areas: most of the time is Airflow's, and its order is what is shown here. That the package's own
cycle has all nine areas in order is shown by the shape of its DAG (tests/dags).
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

STAGES = {"service": ("inventory_adjustments",), "stock": ("product_inventory",)}
CYCLE = f"""# Airflow reads only files that name it.
from datetime import timedelta

from fs_integration.cycle import cycle_dag

fs_cycle = cycle_dag(schedule=None, stages={STAGES}, look_every=timedelta(seconds=5))
"""
RUN_ID = "manual__cycle"
AREAS = tuple(area for areas in STAGES.values() for area in areas)
SECONDS = 400
pytestmark = pytest.mark.timeout(SECONDS + 300)


@pytest.fixture(scope="module")
def schedule() -> None:
    """The areas run only when the cycle starts them, as a site that uses it sets them up."""
    return


@pytest.fixture(scope="module")
def dag_files() -> dict[str, str]:
    return {"fs_cycle.py": CYCLE}


@pytest.fixture(scope="module")
def cycle(airflow) -> dict[str, Any]:
    """Run one cycle, post the journals as soon as it waits for them, and return its tasks."""
    for area in (*AREAS, "cycle"):
        airflow.unpause(f"fs_{area}")
    airflow.call("POST", "/dags/fs_cycle/dagRuns", {"logical_date": None, "dag_run_id": RUN_ID})
    posted = False
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        tasks = tasks_of(airflow)
        if not posted and tasks["journals_posted"]["state"] == "deferred":
            posted = airflow.sandbox.control("POST", "/scm/post-integration-journals", {})["journals"] > 0
        if tasks["outcome"]["state"] in ("success", "failed"):
            assert posted, "no journal was ever waited for"
            return tasks
        time.sleep(2)
    raise AssertionError(f"the cycle did not end: { {name: task['state'] for name, task in tasks.items()} }")


def tasks_of(airflow) -> dict[str, Any]:
    answer = airflow.call("GET", f"/dags/fs_cycle/dagRuns/{RUN_ID}/taskInstances?limit=100")
    return {task["task_id"]: task for task in answer["task_instances"]}


def test_every_part_of_the_cycle_succeeds(cycle):
    assert {name: task["state"] for name, task in cycle.items()} == dict.fromkeys(cycle, "success")


def test_every_area_ran_once_because_the_cycle_started_it(airflow, cycle):
    for area in AREAS:
        runs = airflow.runs(f"fs_{area}")
        assert [(run["run_type"], run["state"]) for run in runs] == [("operator_triggered", "success")], area


def test_a_stage_began_after_every_area_of_the_one_before_had_ended(cycle):
    stages = list(STAGES.values())
    for before, after in pairwise(stages):
        ended = max(cycle[area]["end_date"] for area in before)
        assert all(cycle[area]["start_date"] >= ended for area in after), after


def test_stock_was_read_after_the_journals_were_posted(airflow, cycle):
    assert cycle["product_inventory"]["start_date"] >= cycle["journals_posted"]["end_date"]
    journals = airflow.sandbox.control("GET", "/state/finops/InventoryAdjustmentJournalHeaders")
    assert {journal["IsPosted"] for journal in journals} == {"Yes"}
