"""A real SIGKILL in the middle of writing: the next try completes the run, and nothing happened twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from fs_integration.pipeline.run import scopes_of
from fs_integration.spec.loader import load_mapping
from local.check import compare_stock

EXTERNAL = "msdynce_externalproductinventories"
KEYS = ("msdynce_productnumber", "msdynce_warehouseid")
JOURNAL = ("msdyn_product", "msdyn_warehouse", "msdyn_journaltype")
PATIENCE_SECONDS = 90
RUN_ID = "scheduled__killed"
PROGRAM = """
import json, sys
from datetime import datetime
from pathlib import Path

from fs_integration.spec.loader import load_mapping
from local.direct import connect
from local.services import Sandbox

urls, ca_file, home, end, run_id = sys.argv[1:]
area = load_mapping("product_inventory")
task = area.tasks[0]
target = task.target.model_copy(update={"request_rows": 2, "parallel_requests": 1})
area = area.model_copy(update={"tasks": (task.model_copy(update={"target": target}),)})
direct = connect(Sandbox(json.loads(urls), Path(ca_file)), Path(home))
direct.run(area, run_id=run_id, end=datetime.fromisoformat(end))
"""


def start(site: Any, home: Any, end: Any) -> subprocess.Popen[bytes]:
    """Start the run in a process of its own; its requests carry two rows, so that there are many of them."""
    urls, ca_file = json.dumps(site.sandbox.urls), str(site.sandbox.ca_file)
    command = [sys.executable, "-c", PROGRAM, urls, ca_file, str(home), end.isoformat(), RUN_ID]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def confirmed(site: Any) -> int:
    scopes = scopes_of("product_inventory", load_mapping("product_inventory").tasks[0].name, site.direct.companies)
    return sum(site.direct.ledger.fingerprint_count(scope) for scope in scopes)


def kill_while_writing(process: subprocess.Popen[bytes], site: Any) -> None:
    """Wait until Dataverse took rows beyond those the ledger already confirmed, then kill."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while not 0 < confirmed(site) < site.written():
            assert process.poll() is None, "the run ended before anything was seen of it in Dataverse"
            assert time.monotonic() < deadline, "nothing was written in time"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)


def values(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in rows]


def test_a_process_killed_while_it_writes_is_completed_by_the_next_try(ready, tmp_path):
    site, end = ready, ready.moment + timedelta(minutes=1)
    site.sandbox.control("POST", "/limits", {"dataverse": {"latency_ms": 150}})
    process = start(site, tmp_path / "ready", end)
    kill_while_writing(process, site)
    assert process.returncode == -signal.SIGKILL
    site.sandbox.control("POST", "/limits", {"dataverse": {"latency_ms": 0}})
    half = site.levels()
    assert half
    assert compare_stock(site.sandbox).differences, "it was killed in the middle"

    books = site.run("product_inventory", run_id=RUN_ID, end=end)

    assert compare_stock(site.sandbox).differences == []
    assert all(own.read + own.generated == own.accounted for own in books)
    assert sum(own.unchanged for own in books) > 0, "what the killed try had confirmed is not written again"
    assert sum(own.drift + own.missing for own in books) == 0
    for entity_set, columns in ((EXTERNAL, KEYS), ("msdyn_inventoryjournals", JOURNAL)):
        found = values(site.rows("dataverse", entity_set), columns)
        assert len(found) == len(set(found)), entity_set
    assert {key: level for key, level in site.levels().items() if key in half} == half
