"""The package under a real scheduler: scheduled runs, the pages, a backfill over three past days, a cleared old run.

The tests of this module are one story told in order; each stands on what the one before it left behind.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.e2e.browser import browser
from tests.soak.in_airflow import secrets_in_home

from local.check import compare_stock

AREAS = ("fs_warehouses", "fs_products", "fs_product_inventory")
WATERMARKS = """
    select mapping || '/' || legal_entity, moment from fs_watermark join fs_scope on fs_scope.id = fs_watermark.scope_id
"""
STEPS = ("extract", "transform", "quality_gate", "load", "reconcile")


def watermarks(airflow) -> dict[str, Any]:
    """Read the ledger as an auditor would."""
    with closing(sqlite3.connect(airflow.home / "fs_integration_ledger.db")) as ledger:
        return dict(ledger.execute(WATERMARKS))


def levels(airflow) -> list[dict[str, Any]]:
    rows = airflow.sandbox.control("GET", "/state/dataverse/msdynce_externalproductinventories")
    return sorted(rows, key=lambda row: (row["msdynce_productnumber"], row["msdynce_warehouseid"]))


def three_days() -> tuple[str, str]:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first, last = midnight - timedelta(days=5), midnight - timedelta(days=3)
    return first.isoformat(), last.replace(hour=23).isoformat()


def test_every_dag_is_there_without_import_errors(airflow):
    assert airflow.call("GET", "/importErrors")["import_errors"] == []
    files = {file.stem for file in (airflow.home / "dags").glob("fs_*.py")}
    assert {dag["dag_id"] for dag in airflow.call("GET", "/dags")["dags"]} == files
    assert set(AREAS) < files


@pytest.mark.parametrize("dag_id", AREAS)
def test_every_task_is_documented(airflow, dag_id):
    tasks = {task["task_id"].rpartition(".")[2]: task for task in airflow.call("GET", f"/dags/{dag_id}/tasks")["tasks"]}
    assert set(tasks) == set(STEPS)
    for step, task in tasks.items():
        assert len(task["doc_md"]) > 50, step
    assert "| " in airflow.call("GET", f"/dags/{dag_id}/details")["doc_md"], "the mapping is rendered as a table"


def test_the_plugin_is_loaded(airflow):
    assert airflow.call("GET", "/plugins/importErrors")["import_errors"] == []
    assert "fs_integration" in {plugin["name"] for plugin in airflow.call("GET", "/plugins")["plugins"]}


@pytest.mark.parametrize("dag_id", AREAS)
def test_a_scheduled_run_succeeds(airflow, dag_id):
    airflow.unpause(dag_id)
    runs = airflow.wait_for_runs(dag_id, "scheduled__")
    assert [run["state"] for run in runs] == ["success"]


def test_stock_is_equal_on_both_ends_and_the_watermark_is_the_end_of_the_interval(airflow):
    check = compare_stock(airflow.sandbox)
    assert check.pairs > 20
    assert check.differences == []
    run = airflow.wait_for_runs("fs_product_inventory", "scheduled__")[0]
    end = datetime.fromisoformat(run["data_interval_end"])
    for company in ("usmf", "demf", "frrt"):
        moment = datetime.fromisoformat(str(watermarks(airflow)[f"product_inventory/{company}"]))
        assert moment.replace(tzinfo=UTC) == end


def test_the_run_published_its_asset(airflow):
    events = airflow.call("GET", "/assets/events")["asset_events"]
    assert {event["source_dag_id"] for event in events} == set(AREAS)
    assert events[0]["extra"]["usmf"]["read"] > 0


def test_the_gate_links_to_quarantine_and_data_docs(airflow):
    run = airflow.wait_for_runs("fs_product_inventory", "scheduled__")[0]
    tasks = f"/dags/fs_product_inventory/dagRuns/{run['dag_run_id']}/taskInstances"
    instances = airflow.call("GET", tasks)["task_instances"]
    gate = next(task for task in instances if task["task_id"].endswith("quality_gate"))
    links = airflow.call("GET", f"{tasks}/{gate['task_id']}/links")
    paths = links["extra_links"]
    assert set(paths) == {"Quarantine", "Data Docs"}
    for name, path in paths.items():
        status, text = airflow.page(path)
        assert status == 200, name
        assert "fs_product_inventory" in text, name


def backfill(airflow, *options: str) -> None:
    """Run the command over three past days.

    SQLite refuses a writer when another one came between its read and its write, and the scheduler writes all the time;
    then the command is given again, as a person would.
    """
    first, last = three_days()
    command = ("backfill", "create", "--dag-id", "fs_product_inventory", "--from-date", first, "--to-date", last)
    for _ in range(5):
        wait_until_closed(airflow)
        answer = airflow.command(*command, *options)
        if "database is locked" not in answer.stderr:
            break
    assert answer.returncode == 0, answer.stderr[-2000:]


def test_a_backfill_over_three_past_days_leaves_the_watermark(airflow):
    before, stock = watermarks(airflow), levels(airflow)
    backfill(airflow)
    runs = airflow.wait_for_runs("fs_product_inventory", "backfill__", 3)
    assert [run["state"] for run in runs] == ["success"] * 3
    assert watermarks(airflow) == before
    assert levels(airflow) == stock


def test_repeating_the_backfill_changes_nothing(airflow):
    before, stock = watermarks(airflow), levels(airflow)
    airflow.sandbox.control("POST", "/scm/activity", {"count": 5, "seed": 11})
    since = datetime.now(UTC)
    backfill(airflow, "--reprocess-behavior", "completed")
    wait_until_repeated(airflow, "backfill__", since, 3)
    assert watermarks(airflow) == before
    assert levels(airflow) == stock, "stock moved meanwhile, but an old window must not overwrite newer levels"


def test_a_cleared_old_scheduled_run_overwrites_nothing_newer(airflow):
    run_id = airflow.wait_for_runs("fs_product_inventory", "scheduled__")[0]["dag_run_id"]
    airflow.call("POST", "/dags/fs_product_inventory/dagRuns", {"logical_date": None, "dag_run_id": "manual__newer"})
    newer = airflow.wait_for_runs("fs_product_inventory", "manual__newer")
    assert newer[0]["state"] == "success"
    assert compare_stock(airflow.sandbox).differences == []
    before, stock = watermarks(airflow), levels(airflow)
    airflow.sandbox.control("POST", "/scm/activity", {"count": 5, "seed": 12})
    since = datetime.now(UTC)
    airflow.call("POST", f"/dags/fs_product_inventory/dagRuns/{run_id}/clear", {"dry_run": False})
    wait_until_repeated(airflow, "scheduled__", since, 1)
    assert watermarks(airflow) == before
    assert levels(airflow) == stock


def wait_until_closed(airflow) -> None:
    """Airflow refuses a second backfill until it has marked the first as complete.

    One that the locked database cut off before it had any run is marked only two minutes after it was created.
    """
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        backfills = airflow.call("GET", "/backfills?dag_id=fs_product_inventory")["backfills"]
        if all(entry["completed_at"] for entry in backfills):
            return
        time.sleep(1)
    raise AssertionError("the first backfill was never marked complete")


def wait_until_repeated(airflow, prefix: str, since: datetime, count: int) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        runs = [run for run in airflow.runs("fs_product_inventory") if run["dag_run_id"].startswith(prefix)]
        again = [run for run in runs if run["state"] in ("success", "failed") and run["start_date"]
                 and datetime.fromisoformat(run["start_date"]) >= since]  # fmt: skip
        if len(again) >= count:
            assert {run["state"] for run in again} == {"success"}
            return
        time.sleep(1)
    raise AssertionError(f"runs {prefix} were not repeated: {airflow.runs('fs_product_inventory')}")


def test_airflow_keeps_no_secret(airflow):
    """In no table but that of connections, XCom and rendered templates among them, and in no log."""
    assert airflow.runs("fs_warehouses")
    assert secrets_in_home(airflow.home) == []


def test_the_pages_in_a_browser(airflow, require, tmp_path_factory):
    program = shutil.which("chromium")
    require(program is not None, "chromium is not installed")
    run_id = airflow.wait_for_runs("fs_product_inventory", "scheduled__")[0]["dag_run_id"]
    shots = Path(os.environ.get("FS_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    run_path = f"runs/fs_product_inventory/{quote(run_id, safe='')}"
    pages = {
        "overview": ("/fs-integration/", "product_inventory"),
        "run": (f"/fs-integration/{run_path}", "usmf"),
        "quarantine": ("/fs-integration/quarantine", "warehouses"),
        "data-docs": (f"/fs-integration/{run_path}/data-docs", "product_inventory"),
        "grid": (f"/dags/fs_product_inventory/runs/{quote(run_id, safe='')}", "quality_gate"),
        "dag-docs": ("/dags/fs_product_inventory", "Product"),
    }
    with browser(str(program), tmp_path_factory.mktemp("chromium")) as page:
        page.cookie(airflow.url, "_token", airflow.token)
        for name, (path, until) in pages.items():
            page.size(1280, 900)
            page.open(airflow.url + path, until=until)
            page.screenshot(shots / f"{name}.png")
            if path.startswith("/fs-integration"):
                page.size(390, 800)
                assert not page.overflows(), f"{name} is wider than a phone"
                page.screenshot(shots / f"{name}-phone.png")
        assert page.complaints == []
