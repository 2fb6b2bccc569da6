"""Commands about the ledger: upgrade, runs, forget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from fs_integration.hooks.ledger import LedgerHook
from fs_integration.records import Outcome

if TYPE_CHECKING:
    from fs_integration.ledger import Ledger, RunEntry


def upgrade(console: Console, connection: str) -> int:
    """Create the tables of the ledger or bring them up to date."""
    open_ledger(connection).migrate()
    console.print("The ledger's tables are up to date.")
    return 0


def show_runs(console: Console, connection: str, *, newest: int) -> int:
    """Show the books of the newest runs."""
    table = Table()
    outcomes = [outcome.value for outcome in Outcome]
    for name in ("started", "area", "task", "company", "mode", "status", "read", "generated", *outcomes, "drift"):
        table.add_column(name)
    for run in open_ledger(connection).runs(newest=newest):
        table.add_row(*_line(run, outcomes))
    console.print(table)
    return 0


def _line(run: RunEntry, outcomes: Sequence[str]) -> list[str]:
    counts = [run.rows_read, run.generated, *(run.outcomes.get(name, 0) for name in outcomes), run.drift]
    started = run.started_at.strftime("%Y-%m-%d %H:%M")
    scope = run.scope
    return [started, scope.mapping, scope.task, scope.legal_entity, run.mode, run.status, *map(str, counts)]


def forget(console: Console, connection: str, *, area: str, task: str | None, company: str | None) -> int:
    """Remove fingerprints and watermarks of an area."""
    forgotten = open_ledger(connection).forget(area, task=task, legal_entity=company)
    console.print(f"Forgot {forgotten} rows of {area}; the next run sends every row again.")
    return 0


def open_ledger(connection: str) -> Ledger:
    """Return the ledger behind an Airflow connection."""
    return LedgerHook(connection).get_ledger()
