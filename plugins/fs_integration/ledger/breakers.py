"""Areas whose services fail again and again pause; after the pause one run tries whether they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from fs_integration.errors import AreaPaused
from fs_integration.ledger.engine import reading, writing
from fs_integration.ledger.ledger import Ledger
from fs_integration.ledger.scopes import upsert
from fs_integration.ledger.tables import BreakerRow
from fs_integration.spec.connection_set import CircuitBreaker

MESSAGE_LENGTH = 500  # of what the last failure said
LAST_STEP = "reconcile"  # a task that gets there has nothing left to fail


@dataclass(frozen=True)
class Breaker:
    """Where failures are counted together: an area as it runs with one connection set."""

    area: str
    connection_set: str


@dataclass(frozen=True)
class Work:
    """What fails or succeeds.

    :param task: of the mapping; :param step: ``extract``, ``load`` or ``reconcile``.
    """

    run_key: str
    task: str
    step: str

    def __str__(self) -> str:
        return f"{self.task}.{self.step}"


@dataclass(frozen=True)
class State:
    """:param until: end of the pause, None while there is none; :param failures: in a row."""

    breaker: Breaker
    failures: int
    step: str
    until: datetime | None
    message: str


def admit(ledger: Ledger, breaker: Breaker, run_key: str) -> None:
    """Let a run work unless its area pauses; the first that comes after the pause tries for all.

    :raises AreaPaused: it pauses.
    """
    with reading(ledger.engine) as connection:
        row = _row(connection, breaker)
    if row is None or row.until is None or row.probe == run_key:
        return
    with writing(ledger.engine, "probe_area") as connection:
        row, now = _row(connection, breaker, lock=True), ledger.now(connection)
        if row is None or row.until is None or row.probe == run_key:
            return
        if row.until > now:
            raise AreaPaused(
                f"`{breaker.area}` pauses until {row.until:%Y-%m-%d %H:%M:%S} UTC: its services failed {row.failures} "
                f"times in a row. The last time: {row.message} To go on at once: "
                f"`python -m fs_integration ledger resume {breaker.area}`.",
                until=row.until,
            )
        _set(connection, breaker, probe=run_key, until=now + timedelta(seconds=row.pause_seconds), changed_at=now)


def failed(
    ledger: Ledger, breaker: Breaker, work: Work, *, limits: CircuitBreaker, message: str, fatal: bool = False
) -> None:
    """Count a failure; the last one that is allowed, a fatal one, and one of the run that tries begin a pause."""
    with writing(ledger.engine, "count_failure") as connection:
        row, now = _made(connection, breaker, ledger.now(connection)), ledger.now(connection)
        longest = limits.longest_pause_minutes * 60
        pause = 0
        if fatal:
            pause = longest
        elif row.until is None and row.failures + 1 >= limits.failures:
            pause = min(limits.pause_minutes * 60, longest)
        elif row.until is not None and (row.until <= now or row.probe == work.run_key):
            pause = min(row.pause_seconds * 2, longest)
        _set(connection, breaker, failures=row.failures + 1, step=str(work), message=message[:MESSAGE_LENGTH],
             changed_at=now)  # fmt: skip
        if pause:
            _set(connection, breaker, pause_seconds=pause, until=now + timedelta(seconds=pause), probe="")


def succeeded(ledger: Ledger, breaker: Breaker, work: Work) -> None:
    """Begin to count anew when the step that failed, or the whole task, works; in a pause only by the trying run."""
    with reading(ledger.engine) as connection:
        row = _row(connection, breaker)
    if row is None or (row.until is not None and row.probe != work.run_key):
        return
    if row.step == str(work) or (work.step == LAST_STEP and row.step.partition(".")[0] == work.task):
        resume(ledger, breaker.area, breaker.connection_set)


def resume(ledger: Ledger, area: str, connection_set: str | None = None) -> int:
    """End the pauses of an area. :returns: how many connection sets that were, or were on their way to one."""
    mine = [BreakerRow.area == area, *([BreakerRow.connection_set == connection_set] if connection_set else [])]
    with writing(ledger.engine, "resume_area") as connection:
        return connection.execute(delete(BreakerRow).where(*mine)).rowcount


def states(ledger: Ledger) -> list[State]:
    """Return where failures were counted since the last success, in the order of the names."""
    with reading(ledger.engine) as connection:
        rows = connection.execute(
            select(BreakerRow.__table__).order_by(BreakerRow.area, BreakerRow.connection_set)
        ).all()
    return [
        State(Breaker(row.area, row.connection_set), row.failures, row.step, row.until, row.message) for row in rows
    ]


def _row(connection: Connection, breaker: Breaker, *, lock: bool = False) -> Row[Any] | None:
    wanted = select(BreakerRow.__table__).where(*_is(breaker))
    return connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()


def _made(connection: Connection, breaker: Breaker, now: datetime) -> Row[Any]:
    """Return the line of a breaker, made when missing, locked until the transaction ends."""
    new = {"area": breaker.area, "connection_set": breaker.connection_set, "failures": 0, "step": "",
           "pause_seconds": 0, "until": None, "probe": "", "message": "", "changed_at": now}  # fmt: skip
    connection.execute(upsert(connection, BreakerRow).values(new).on_conflict_do_nothing())
    return connection.execute(select(BreakerRow.__table__).where(*_is(breaker)).with_for_update()).one()


def _set(connection: Connection, breaker: Breaker, **values: Any) -> None:
    connection.execute(update(BreakerRow).where(*_is(breaker)).values(**values))


def _is(breaker: Breaker) -> tuple[Any, Any]:
    return BreakerRow.area == breaker.area, BreakerRow.connection_set == breaker.connection_set
