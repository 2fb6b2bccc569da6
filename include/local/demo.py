"""``make demo``: all areas of three companies in Airflow against the sandbox, three passes, then the books and checks.

First pass: everything is new, bad rows are held back. Then technicians work in Field Service and stock moves in Supply
Chain Management; the second pass carries just that. The third pass has nothing to do and writes nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from local.check import compare_stock
from local.services import HOME, PIDS, SANDBOX_STATE, Sandbox, ServiceError, running_sandbox

if TYPE_CHECKING:
    from local.movements import Movements

LEDGER = HOME / "fs_integration_ledger.db"
LOG = HOME / "demo.log"
SCALE = "150"  # on-hand rows, over all companies
WIDTH = 132  # where the output is no terminal
MOST_SENTENCES = 30
TECHNICIANS = {"count": 60, "seed": 3}
MOVEMENTS = {"count": 25, "seed": 1}
console = Console()


def demo() -> int:
    """Run the demo. :returns: 0 when every run succeeded and every check holds.

    :raises ServiceError: when ``make up`` is running, whose ledger and sandbox would be swept away.
    """
    if PIDS.exists():
        raise ServiceError("Airflow or the sandbox of `make up` is running in this folder: run `make down` first.")
    HOME.mkdir(parents=True, exist_ok=True)
    _start_afresh()
    _keep_airflow_off_the_terminal()
    with running_sandbox(port=0, scale=SCALE, log=HOME / "sandbox.log") as sandbox:
        return _story(sandbox)


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


def _story(sandbox: Sandbox) -> int:
    from local.movements import Movements
    from local.runner import prepare

    console.print("Preparing Airflow ...")
    prepare(sandbox)
    failed = _pass(sandbox, "1  everything is new")
    movements = Movements(sandbox)
    _work(sandbox)
    movements.note()
    failed += _pass(sandbox, "2  technicians worked, and stock moved in Supply Chain Management")
    failed += _check_movements(movements)
    failed += _idle_pass(sandbox)
    return _conclude(sandbox, failed)


def _work(sandbox: Sandbox) -> None:
    """Let both systems change before the second pass."""
    from local.passes import summary

    done = sandbox.control("POST", "/fieldservice/activity", TECHNICIANS)
    console.print(f"Technicians in Field Service: {summary(done)}")
    moved = sandbox.control("POST", "/scm/activity", MOVEMENTS)
    console.print(f"Stock rows in Supply Chain Management: {summary(moved)}")


def _pass(sandbox: Sandbox, title: str) -> list[str]:
    """Run one pass and print its books. :returns: what failed, as sentences."""
    from local.books import print_books
    from local.passes import run_pass

    started, since = time.monotonic(), datetime.now(UTC)
    failed = run_pass(sandbox, lambda text: console.print(f"Pass {title[0]}: {text}"))
    print_books(console, f"Pass {title} ({time.monotonic() - started:.0f} s)", _ledger().runs(started_after=since))
    return [f"{dag_id} in pass {title[0]}; see {LOG}" for dag_id in failed]


def _idle_pass(sandbox: Sandbox) -> list[str]:
    """Run a pass when nothing has happened; neither the books nor the sandbox may know of a row that was written."""
    from local.books import rows_written

    since = datetime.now(UTC)
    sandbox.control("POST", "/stats/reset")
    failed = _pass(sandbox, "3  nothing happened")
    stats = sandbox.control("GET", "/stats")
    received = sum(stats[system]["rows_written"] for system in ("finops", "dataverse"))
    written = rows_written(_ledger().runs(started_after=since))
    console.print(f"Written in pass 3: {written} rows by the books, {received} by the sandbox.")
    return failed + ([f"pass 3 wrote {max(written, received)} rows, and should have written none"]
                     if written or received else [])  # fmt: skip


def _ledger() -> Any:
    from fs_integration.ledger import Ledger, open_engine

    return Ledger(open_engine(f"sqlite:///{LEDGER}"))


def _conclude(sandbox: Sandbox, failed: list[str]) -> int:
    """Print what is held back, the checks and the addresses. :returns: exit code."""
    from fs_integration.ui.report import write_report
    from local.books import print_held_back

    ledger = _ledger()
    held = ledger.open_quarantine()
    print_held_back(console, held)
    failed += _check_held_back(sandbox, held) + _check_stock(sandbox)
    report = write_report(ledger, HOME / "report", title="Demo")
    console.print(f"What Airflow said: {LOG}", soft_wrap=True)
    console.print(f"Report: {report.as_uri()}", soft_wrap=True)
    for sentence in failed[:MOST_SENTENCES]:
        console.print(f"[red]Failed:[/red] {sentence}")
    console.print("Every check holds." if not failed else f"[red]{len(failed)} checks failed.")
    return 1 if failed else 0


def _check_movements(movements: Movements) -> list[str]:
    check = movements.compare()
    console.print(
        f"Stock moved in {check.pairs} pairs of product and warehouse; {check.undelivered} belong to work orders in "
        f"progress, {len(check.differences)} of the others differ from what they were plus what moved."
    )
    return check.differences


def _check_held_back(sandbox: Sandbox, held: Any) -> list[str]:
    from local.books import held_keys
    from local.held_back import compare_held_back

    check = compare_held_back(sandbox, held_keys(held))
    console.print(
        f"Held back: {check.unusual} unusual rows of the world and {check.followers} further lines of their documents, "
        f"{len(check.differences)} differences."
    )
    return check.differences


def _check_stock(sandbox: Sandbox) -> list[str]:
    stock = compare_stock(sandbox)
    console.print(
        f"Stock compared on both ends: {stock.pairs} pairs of product and warehouse, "
        f"{len(stock.differences)} differences."
    )
    return stock.differences


def main() -> int:
    os.chdir(Path(__file__).resolve().parents[2])
    try:
        return demo()
    except ServiceError as exc:
        console.print(f"[red]{exc}")
        return 1
    except Exception as exc:  # its traceback goes to the log, where nobody would look without being told
        console.print(f"[red]The demo ended with {type(exc).__name__}; what happened: {LOG}", soft_wrap=True)
        raise


if __name__ == "__main__":
    sys.exit(main())
