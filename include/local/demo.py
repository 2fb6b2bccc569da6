"""``make demo``: three passes of every area in Airflow against the sandbox, then the books and a check of the stock.

First pass: everything is new, bad rows are held back. Second pass: nothing changed, nothing is written. Then stock
moves in Supply Chain Management, and the third pass writes just that.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local.check import compare_stock
from local.services import HOME, SANDBOX_STATE, Sandbox, ServiceError, running_sandbox

AREAS = ("fs_warehouses", "fs_products", "fs_product_inventory")
COUNTS = ("rows_read", "generated", "created", "updated", "unchanged", "quarantined", "skipped", "blocked", "drift")
LEDGER = HOME / "fs_integration_ledger.db"
LOG = HOME / "demo.log"
WIDTH = 132  # where the output is no terminal
console = Console()


def demo() -> int:
    """Run the demo. :returns: 0 when every run succeeded and both ends agree."""
    HOME.mkdir(parents=True, exist_ok=True)
    _start_afresh()
    _keep_airflow_off_the_terminal()
    with running_sandbox(port=0, log=HOME / "sandbox.log") as sandbox:
        return _passes(sandbox)


def _start_afresh() -> None:
    """Forget earlier demos: the sandbox starts as a new world, and the ledger must not remember another one."""
    for folder in (SANDBOX_STATE / "state", HOME / "staging", HOME / "data_docs", HOME / "report"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in HOME.glob(f"{LEDGER.name}*"):
        file.unlink()


def _keep_airflow_off_the_terminal() -> None:
    """Airflow and Great Expectations say a lot; all of it goes to a file, and only our own lines to the terminal."""
    global console
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    console = Console(file=terminal, width=None if terminal.isatty() else WIDTH)
    with LOG.open("wb") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)


def _passes(sandbox: Sandbox) -> int:
    from local.runner import prepare, run_dag

    console.print("Preparing Airflow ...")
    prepare(sandbox)
    failed = []
    for title in ("1  everything is new", "2  nothing changed", "3  stock moved in Supply Chain Management"):
        if title.startswith("3"):
            moved = sandbox.control("POST", "/scm/activity", {"count": 25, "seed": 1})
            console.print(f"Supply Chain Management: {_summary(moved)}")
        started = time.monotonic()
        since = _now()
        for dag_id in AREAS:
            console.print(f"Pass {title[0]}: {dag_id} ...")
            if run_dag(dag_id) != "success":
                failed.append(f"{dag_id} in pass {title[0]}")
        _print_books(f"Pass {title} ({time.monotonic() - started:.0f} s)", since)
    return _conclude(sandbox, failed)


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _ledger() -> Any:
    from fs_integration.ledger import Ledger, open_engine

    return Ledger(open_engine(f"sqlite:///{LEDGER}"))


def _summary(answer: dict[str, Any]) -> str:
    return ", ".join(f"{key} {len(value) if isinstance(value, list) else value}" for key, value in answer.items())


def _print_books(title: str, since: Any) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("area")
    table.add_column("company")
    for name in COUNTS:
        table.add_column("read" if name == "rows_read" else name, justify="right")
    for run in _ledger().runs(started_after=since):
        table.add_row(run.scope.mapping, run.scope.legal_entity, *(str(_count(run, name)) for name in COUNTS))
    console.print(table)


def _count(run: Any, name: str) -> int:
    return int(run.outcomes.get(name, 0) if name not in ("rows_read", "generated", "drift") else getattr(run, name))


def _conclude(sandbox: Sandbox, failed: list[str]) -> int:
    from fs_integration.ui.rendering import readable_key
    from fs_integration.ui.report import write_report

    ledger = _ledger()
    held = ledger.open_quarantine()
    table = Table("area", "company", "row", "outcome", "reason", title="Rows held back, and why", title_justify="left")
    for column in table.columns[:-1]:
        column.no_wrap = True
    for line in held.to_dict("records"):
        table.add_row(
            line["mapping"], line["legal_entity"], readable_key(line["row_key"]), line["outcome"], line["reason"]
        )
    console.print(table)
    stock = compare_stock(sandbox)
    for difference in stock.differences[:20]:
        console.print(f"[red]{difference}")
    console.print(
        f"Stock compared on both ends: {stock.pairs} product and warehouse pairs, {len(stock.differences)} differences."
    )
    console.print(f"What Airflow said: {LOG}", soft_wrap=True)
    report = write_report(ledger, HOME / "report", title="Demo")
    console.print(f"Report: {report.as_uri()}", soft_wrap=True)
    for name in failed:
        console.print(f"[red]Failed: {name}")
    return 1 if failed or stock.differences else 0


def main() -> int:
    os.chdir(Path(__file__).resolve().parents[2])
    try:
        return demo()
    except ServiceError as exc:
        console.print(f"[red]{exc}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
