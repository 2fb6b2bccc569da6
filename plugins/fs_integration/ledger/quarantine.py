"""Rows held back, and why; a line stays open until the row is offered again, or a person or its age closes it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from fs_integration.frames import REJECTION_COLUMNS
from fs_integration.ledger.scopes import upsert
from fs_integration.ledger.tables import LineState, QuarantineRow, RunRow
from fs_integration.records import Outcome

HELD_BACK = (Outcome.QUARANTINED.value, Outcome.BLOCKED.value)
NUMBERS_AT_ONCE = 500  # bound parameters in one statement
REPORTED_ANEW = ("reason", "value", "outcome", "source_rows", "payload", "last_seen_at", "state", "resolved_at",
                 "resolution")  # fmt: skip


def enter(connection: Connection, scope: int, run: int, rejections: pd.DataFrame, *, now: datetime) -> None:
    """Enter the rows that are held back, in place of whatever was open about them.

    A line the run already has is replaced. A line that says the same of an earlier run hands on since when and how
    often. Skipped rows are not entered: they are not meant to travel, and the books count them.
    """
    lines = _lines(rejections)
    if not lines:
        return
    before = _open_about(connection, scope, run, {str(line["row_key"]) for line in lines.values()})
    earlier = {row.line: row for row in sorted(before, key=lambda row: row.tries) if row.run != run}
    entered = [
        {
            **line, "scope_id": scope, "run": run, "last_seen_at": now, "state": LineState.OPEN.value,
            "resolved_at": None, "resolution": None,
            "first_seen_at": earlier[digest].first_seen_at if digest in earlier else now,
            "tries": earlier[digest].tries + 1 if digest in earlier else 1,
        }
        for digest, line in lines.items()
    ]  # fmt: skip
    statement = upsert(connection, QuarantineRow)
    statement = statement.on_conflict_do_update(
        index_elements=["run", "line"], set_={name: statement.excluded[name] for name in REPORTED_ANEW}
    )
    connection.execute(statement, entered)
    replaced = [row.id for row in before if row.run != run or row.line not in lines]
    _close(connection, replaced, LineState.REPLAYED, f"reported again by run {_run_key(connection, run)}", now=now)


def _lines(rejections: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return one line per row key, field and rule, by its digest; source rows that share one are added up."""
    held = rejections.loc[rejections["outcome"].isin(HELD_BACK), list(REJECTION_COLUMNS)]
    lines: dict[str, dict[str, Any]] = {}
    for record in held.to_dict("records"):
        line = {str(name): _plain(value, str(name)) for name, value in record.items()}
        digest = hashlib.sha256("\x1f".join((line["row_key"], line["field"], line["rule"])).encode()).hexdigest()
        if digest in lines:
            lines[digest]["source_rows"] += line["source_rows"]
        else:
            lines[digest] = {"line": digest, **line}
    return lines


def _plain(value: Any, name: str) -> Any:
    if name == "source_rows":
        return 0 if pd.isna(value) else int(value)
    return "" if pd.isna(value) else str(value)


def settle(
    connection: Connection, scope: int, run: int, row_keys: Collection[str], *, because: str, now: datetime
) -> int:
    """Close what is open about rows that a run offered again, never lines of a run that speaks for a later moment.

    :returns: how many were closed.
    """
    numbers = [row.id for row in _open_about(connection, scope, run, row_keys)] if row_keys else []
    return _close(connection, numbers, LineState.REPLAYED, f"{because}, run {_run_key(connection, run)}", now=now)


def discard(connection: Connection, numbers: Iterable[int], *, note: str, now: datetime) -> int:
    """Close open lines by hand. :returns: how many were open."""
    return _close(connection, list(dict.fromkeys(numbers)), LineState.DISCARDED, note, now=now)


def expire(connection: Connection, scope: int | None, *, before: datetime, now: datetime) -> int:
    """Remove what lines last seen before a moment hold of their rows, and close those still open.

    :returns: how many lines that were.
    """
    old = (
        (QuarantineRow.scope_id == scope)
        & (QuarantineRow.last_seen_at < before)
        & (QuarantineRow.state != LineState.EXPIRED.value)
    )
    values = {
        "reason": "", "value": "", "payload": "{}", "state": LineState.EXPIRED.value,
        "resolved_at": func.coalesce(QuarantineRow.resolved_at, now),
        "resolution": func.coalesce(QuarantineRow.resolution, "kept long enough"),
    }  # fmt: skip
    return connection.execute(update(QuarantineRow).where(old).values(**values)).rowcount


def quarantined_by(connection: Connection, run: int | None) -> set[str]:
    """Return the keys of the rows a run quarantined, whatever became of the lines since."""
    statement = select(QuarantineRow.row_key).where(
        (QuarantineRow.run == run) & (QuarantineRow.outcome == Outcome.QUARANTINED.value)
    )
    return set(connection.execute(statement).scalars())


def open_keys(connection: Connection, scope: int | None) -> list[str]:
    """Return the row keys of a scope's open lines, each once."""
    statement = select(QuarantineRow.row_key).distinct().where(_is_open(scope))
    return sorted(connection.execute(statement).scalars())


def _is_open(scope: int | None) -> ColumnElement[bool]:
    return (QuarantineRow.scope_id == scope) & QuarantineRow.resolved_at.is_(None)


def _open_about(connection: Connection, scope: int, run: int, row_keys: Collection[str]) -> list[Row[Any]]:
    """Return the open lines about rows, of this run and of others that speak for the same moment or an earlier one."""
    as_of = select(RunRow.interval_end).where(RunRow.id == run).scalar_subquery()
    columns = (QuarantineRow.id, QuarantineRow.run, QuarantineRow.line, QuarantineRow.row_key, QuarantineRow.tries,
               QuarantineRow.first_seen_at)  # fmt: skip
    statement = select(*columns).join(RunRow, RunRow.id == QuarantineRow.run)
    found: Any = connection.execute(statement.where(_is_open(scope) & (RunRow.interval_end <= as_of)))
    wanted = set(row_keys)
    return [row for row in found if row.row_key in wanted]


def _close(connection: Connection, numbers: Sequence[int], state: LineState, note: str, *, now: datetime) -> int:
    """Close those lines that are open. :returns: how many were."""
    closed = 0
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        part = QuarantineRow.id.in_(numbers[start : start + NUMBERS_AT_ONCE]) & QuarantineRow.resolved_at.is_(None)
        values = {"state": state.value, "resolved_at": now, "resolution": note}
        closed += connection.execute(update(QuarantineRow).where(part).values(**values)).rowcount
    return closed


def _run_key(connection: Connection, run: int) -> str:
    found: str = connection.execute(select(RunRow.run_key).where(RunRow.id == run)).scalar_one()
    return found
