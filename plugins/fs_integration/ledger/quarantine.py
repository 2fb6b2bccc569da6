"""Rows held back, and why; a line stays open until the row is written, reported anew, or closed by a person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select, update

from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger.scopes import upsert
from fs_integration.ledger.tables import QuarantineRow, RunRow, ScopeRow
from fs_integration.records import Outcome
from fs_integration.spec.metadata import ColumnKind

HELD_BACK = (Outcome.QUARANTINED.value, Outcome.BLOCKED.value)
LINE_COLUMNS: dict[str, ColumnKind] = {
    "id": ColumnKind.INTEGER, "mapping": ColumnKind.TEXT, "task": ColumnKind.TEXT, "legal_entity": ColumnKind.TEXT,
    "dag_id": ColumnKind.TEXT, "run_id": ColumnKind.TEXT, "run_key": ColumnKind.TEXT, **REJECTION_COLUMNS,
    "created_at": ColumnKind.DATETIME,
}  # fmt: skip
NUMBERS_AT_ONCE = 500  # bound parameters in one statement


def enter(connection: Connection, scope: int, run: int, rejections: pd.DataFrame, *, now: datetime) -> list[str]:
    """Enter the rows that are held back; a line the run already has is replaced. :returns: their row keys.

    Skipped rows are not entered: they are not meant to travel, and the books count them.
    """
    lines = _lines(rejections)
    if not lines:
        return []
    common = {"scope_id": scope, "run": run, "created_at": now, "resolved_at": None, "resolution": None}
    statement = upsert(connection, QuarantineRow)
    changing = ("reason", "value", "outcome", "source_rows", "payload", "resolved_at", "resolution")
    statement = statement.on_conflict_do_update(
        index_elements=["run", "line"], set_={name: statement.excluded[name] for name in changing}
    )
    connection.execute(statement, [{**line, **common} for line in lines])
    return [line["row_key"] for line in lines]


def _lines(rejections: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one line per row key, field and rule; source rows that share one are added up."""
    held = rejections.loc[rejections["outcome"].isin(HELD_BACK), list(REJECTION_COLUMNS)]
    lines: dict[str, dict[str, Any]] = {}
    for record in held.to_dict("records"):
        line = {str(name): _plain(value, str(name)) for name, value in record.items()}
        digest = hashlib.sha256("\x1f".join((line["row_key"], line["field"], line["rule"])).encode()).hexdigest()
        if digest in lines:
            lines[digest]["source_rows"] += line["source_rows"]
        else:
            lines[digest] = {"line": digest, **line}
    return list(lines.values())


def _plain(value: Any, name: str) -> Any:
    if name == "source_rows":
        return 0 if pd.isna(value) else int(value)
    return "" if pd.isna(value) else str(value)


def open_lines(connection: Connection, *, mapping: str | None, dag_id: str | None, run_id: str | None) -> pd.DataFrame:
    """Return the open lines, oldest first."""
    statement = (
        select(QuarantineRow.__table__, RunRow.run_key, RunRow.dag_id, RunRow.run_id)
        .add_columns(ScopeRow.mapping, ScopeRow.task, ScopeRow.legal_entity)
        .join(RunRow, RunRow.id == QuarantineRow.run)
        .join(ScopeRow, ScopeRow.id == QuarantineRow.scope_id)
        .where(QuarantineRow.resolved_at.is_(None))
        .order_by(QuarantineRow.id)
    )
    for column, value in ((ScopeRow.mapping, mapping), (RunRow.dag_id, dag_id), (RunRow.run_id, run_id)):
        statement = statement if value is None else statement.where(column == value)
    rows = connection.execute(statement).all()
    return frame_of({name: [getattr(row, name) for row in rows] for name in LINE_COLUMNS}, LINE_COLUMNS)


def open_keys(connection: Connection, scope: int | None) -> list[str]:
    """Return the row keys of a scope's open lines, each once."""
    statement = (
        select(QuarantineRow.row_key)
        .distinct()
        .where((QuarantineRow.scope_id == scope) & QuarantineRow.resolved_at.is_(None))
    )
    return sorted(connection.execute(statement).scalars())


def quarantined_by(connection: Connection, run: int | None) -> set[str]:
    """Return the keys of the rows a run quarantined, whatever became of the lines since."""
    statement = select(QuarantineRow.row_key).where(
        (QuarantineRow.run == run) & (QuarantineRow.outcome == Outcome.QUARANTINED.value)
    )
    return set(connection.execute(statement).scalars())


def open_numbers(
    connection: Connection, scope: int, *, as_of: datetime, row_keys: Iterable[str] | None, except_run: int | None
) -> list[int]:
    """Return the numbers of a scope's open lines of runs that speak for ``as_of`` or earlier.

    :param row_keys: only lines about these rows, looked at only when there are open lines; None means all.
    """
    statement = (
        select(QuarantineRow.id, QuarantineRow.row_key, QuarantineRow.run)
        .join(RunRow, RunRow.id == QuarantineRow.run)
        .where((QuarantineRow.scope_id == scope) & QuarantineRow.resolved_at.is_(None) & (RunRow.interval_end <= as_of))
    )
    rows = [row for row in connection.execute(statement) if row.run != except_run]
    if row_keys is None or not rows:
        return [row.id for row in rows]
    wanted = set(row_keys)
    return [row.id for row in rows if row.row_key in wanted]


def resolve(connection: Connection, numbers: Iterable[int], *, note: str, now: datetime) -> int:
    """Close open lines. :returns: how many were open."""
    wanted: Sequence[int] = list(numbers)
    closed = 0
    for start in range(0, len(wanted), NUMBERS_AT_ONCE):
        part = QuarantineRow.id.in_(wanted[start : start + NUMBERS_AT_ONCE]) & QuarantineRow.resolved_at.is_(None)
        closed += connection.execute(
            update(QuarantineRow).where(part).values(resolved_at=now, resolution=note)
        ).rowcount
    return closed
