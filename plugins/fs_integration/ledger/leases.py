"""Who may write: leases with a number that rises with every holder, so that a late writer is recognised and refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import postgresql

from fs_integration.errors import Fenced, LeaseHeld
from fs_integration.ledger.tables import LeaseRow

FREE = ""


@dataclass(frozen=True)
class Lease:
    """The right to write what ``name`` stands for.

    :param holder: run or try that has it; :param fence: rises with every change of holder.
    """

    name: str
    holder: str
    fence: int


def acquire(connection: Connection, name: str, holder: str, *, seconds: float, takeover: bool, now: datetime) -> Lease:
    """Take a lease, or extend it when ``holder`` already has it.

    :param takeover: take it from a living holder, who is fenced off by that.
    :raises LeaseHeld: when another holder has it and its time has not run out.
    """
    row = _locked(connection, name, now)
    if row.holder == holder:
        fence = row.fence
    elif row.holder == FREE or row.expires_at <= now or takeover:
        fence = row.fence + 1
    else:
        raise _held(row, name, now)
    _set(connection, name, holder=holder, fence=fence, expires_at=now + timedelta(seconds=seconds))
    return Lease(name, holder, fence)


def acquire_all(
    connection: Connection, names: Iterable[str], holder: str, *, seconds: float, now: datetime
) -> list[Lease]:
    """Take several leases, in the one order that everybody takes them in: two that want the same ones never deadlock.

    :raises LeaseHeld: when another holder has one of them; end the transaction then, so that none is taken.
    """
    return [acquire(connection, name, holder, seconds=seconds, takeover=False, now=now) for name in sorted(set(names))]


def are_fresh(connection: Connection, held: Sequence[Lease], *, seconds: float, now: datetime) -> bool:
    """Tell whether at least half of each lease's time is left. :raises Fenced: when one is no longer ours."""
    wanted = select(LeaseRow.__table__).where(LeaseRow.name.in_([lease.name for lease in held]))
    rows = {row.name: row for row in connection.execute(wanted)}
    for lease in held:
        _demand(lease, rows.get(lease.name))
    return all(row.expires_at >= now + timedelta(seconds=seconds / 2) for row in rows.values())


def extend(connection: Connection, held: Sequence[Lease], *, seconds: float, now: datetime) -> None:
    """Give leases new time. :raises Fenced: when one is no longer ours."""
    confirm(connection, held)
    for lease in held:
        _set(
            connection, lease.name, holder=lease.holder, fence=lease.fence, expires_at=now + timedelta(seconds=seconds)
        )


def confirm(connection: Connection, held: Sequence[Lease]) -> None:
    """Make sure that nobody takes these leases before this transaction ends. :raises Fenced: when somebody has."""
    for lease in sorted(held, key=lambda lease: lease.name):  # one order for everybody: no deadlock
        rows = select(LeaseRow.__table__).where(LeaseRow.name == lease.name).with_for_update()
        _demand(lease, connection.execute(rows).one_or_none())


def free(connection: Connection, name: str, holder: str, *, now: datetime) -> None:
    """Give a lease back. Nothing happens when another holder has it by now."""
    mine = (LeaseRow.name == name) & (LeaseRow.holder == holder)
    connection.execute(update(LeaseRow).where(mine).values(holder=FREE, expires_at=now))


def living(connection: Connection, name: str, *, now: datetime) -> str | None:
    """Return the holder of a lease whose time has not run out, None when nobody has it."""
    alive = (LeaseRow.name == name) & (LeaseRow.holder != FREE) & (LeaseRow.expires_at > now)
    return connection.execute(select(LeaseRow.holder).where(alive)).scalar()


def _locked(connection: Connection, name: str, now: datetime) -> Row[str, str, int, datetime]:
    """Return the lease's row, made when missing, locked until the transaction ends."""
    new = {"name": name, "holder": FREE, "fence": 0, "expires_at": now}
    if connection.dialect.name == "postgresql":
        connection.execute(postgresql.insert(LeaseRow).values(new).on_conflict_do_nothing())
    else:
        connection.execute(insert(LeaseRow).prefix_with("OR IGNORE").values(new))
    columns = select(LeaseRow.name, LeaseRow.holder, LeaseRow.fence, LeaseRow.expires_at)
    return connection.execute(columns.where(LeaseRow.name == name).with_for_update()).one()


def _set(connection: Connection, name: str, *, holder: str, fence: int, expires_at: datetime) -> None:
    values = {"holder": holder, "fence": fence, "expires_at": expires_at}
    connection.execute(update(LeaseRow).where(LeaseRow.name == name).values(values))


def _demand(lease: Lease, row: Row[str, str, int, datetime] | None) -> None:
    """Let only the newest holder go on (R10 in docs/reliability.md). :raises Fenced: when it is another one."""
    if row is None or row.fence != lease.fence or row.holder != lease.holder:
        holder = f"`{row.holder}`" if row is not None and row.holder else "nobody"
        raise Fenced(
            f"Lease `{lease.name}` of `{lease.holder}` (number {lease.fence}) is held by {holder} now: "
            "a newer try took over and completes the work. This try wrote nothing after that; nothing needs to be done."
        )


def _held(row: Row[str, str, int, datetime], name: str, now: datetime) -> LeaseHeld:
    left = max((row.expires_at - now).total_seconds(), 1)
    return LeaseHeld(
        f"`{name}` is being written by run `{row.holder}`, whose lease lasts until {row.expires_at:%Y-%m-%d %H:%M:%S} "
        "UTC and is prolonged while it works. This task is tried again after that.",
        retry_after=left,
    )
