"""Commands about what keeps an area from running: pinned environments, and pauses after failures of a service."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from fs_integration.hooks.ledger import LedgerHook
from fs_integration.ledger import breakers, environments
from fs_integration.plain_text import one_line


def show_environments(console: Console, connection: str) -> int:
    """Show which environments the entries of the ledger are about."""
    table = Table("area", "task", "company", "system", "address", "tenant", "id")
    for scope, one in environments.pinned(LedgerHook(connection).get_ledger()):
        found = one_line(one.address), one_line(one.tenant), one_line(one.identity)
        table.add_row(scope.mapping, scope.task, scope.legal_entity, one.system, *found)
    console.print(table)
    return 0


def unpin(console: Console, connection: str, *, area: str | None) -> int:
    """Let the next run pin the environments it finds; fingerprints and watermarks stay."""
    removed = environments.unpin(LedgerHook(connection).get_ledger(), area)
    console.print(f"Unpinned {removed} environments; the next run of {area or 'each area'} pins those it finds.")
    return 0


def show_pauses(console: Console, connection: str) -> int:
    """Show the areas whose services failed since their last success, and until when they pause."""
    table = Table("area", "connection set", "failures", "step", "pauses until (UTC)", "the last one said")
    for state in breakers.states(LedgerHook(connection).get_ledger()):
        until = f"{state.until:%Y-%m-%d %H:%M:%S}" if state.until else ""
        names = (state.breaker.area, state.breaker.connection_set)
        table.add_row(*names, str(state.failures), state.step, until, one_line(state.message))
    console.print(table)
    return 0


def resume(console: Console, connection: str, *, area: str, connection_set: str | None) -> int:
    """End the pause of an area. :returns: 1 when it has none."""
    ended = breakers.resume(LedgerHook(connection).get_ledger(), area, connection_set)
    console.print(
        f"`{area}` goes on; tasks that wait look again at the time they show, clear them to start them at once."
        if ended
        else f"`{area}` does not pause.",
        soft_wrap=True,
    )
    return 0 if ended else 1
