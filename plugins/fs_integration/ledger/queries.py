"""What the pages ask the ledger: the state of every area, and held-back rows page by page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, func, or_, select

from fs_integration.ledger import runs
from fs_integration.ledger.engine import reading
from fs_integration.ledger.runs import RunEntry
from fs_integration.ledger.tables import QuarantineRow, RunRow, ScopeRow
from fs_integration.records import Scope

NAMES = (ScopeRow.mapping, ScopeRow.task, ScopeRow.legal_entity)
SEARCHED = (QuarantineRow.row_key, QuarantineRow.reason, QuarantineRow.value, QuarantineRow.field, QuarantineRow.rule)


@dataclass(frozen=True)
class HeldLine:
    """One reason why one row was held back.

    :param tries: runs that reported it without a break since ``first_seen_at``.
    :param state: ``open``, ``replayed``, ``discarded`` or ``expired``; :param resolved_at: None while it is open.
    """

    scope: Scope
    dag_id: str
    run_id: str
    row_key: str
    field: str
    rule: str
    outcome: str
    reason: str
    value: str
    first_seen_at: datetime
    last_seen_at: datetime
    tries: int
    state: str
    resolved_at: datetime | None
    resolution: str | None


@dataclass(frozen=True)
class Found:
    """One page of lines. :param page: 1-based; :param size: lines per page; :param total: lines on all pages."""

    lines: tuple[HeldLine, ...]
    page: int
    size: int
    total: int

    @property
    def first(self) -> int:
        return (self.page - 1) * self.size + 1

    @property
    def last(self) -> int:
        return (self.page - 1) * self.size + len(self.lines)


def latest_runs(engine: Engine) -> list[RunEntry]:
    """Return the books of the run that each scope began last, in the order of their names."""
    newest_first = (RunRow.started_at.desc(), RunRow.id.desc())
    age = func.row_number().over(partition_by=RunRow.scope_id, order_by=newest_first)
    numbered = select(RunRow.id, age.label("age")).subquery()
    with reading(engine) as connection:
        latest = runs.entries(connection, RunRow.id.in_(select(numbered.c.id).where(numbered.c.age == 1)))
    return sorted(latest, key=lambda entry: (entry.scope.mapping, entry.scope.task, entry.scope.legal_entity))


def held_rows(engine: Engine) -> dict[Scope, int]:
    """Return how many rows of each scope are held back now; a row with two reasons counts once."""
    counted = (
        select(*NAMES, func.count(QuarantineRow.row_key.distinct()))
        .join(ScopeRow, ScopeRow.id == QuarantineRow.scope_id)
        .where(QuarantineRow.resolved_at.is_(None))
        .group_by(*NAMES)
    )
    with reading(engine) as connection:
        return {Scope(*scope): rows for *scope, rows in connection.execute(counted)}


def open_lines(
    engine: Engine, *, page: int, size: int, dag_ids: Collection[str] | None = None, mapping: str = "",
    legal_entity: str = "", text: str = "",
) -> Found:  # fmt: skip
    """Return what is held back now, oldest first.

    :param dag_ids: only of these DAGs; None means of all. :param text: part of the row, reason, value, field or rule.
    """
    wanted: list[ColumnElement[bool]] = [QuarantineRow.resolved_at.is_(None)]
    if dag_ids is not None:
        wanted.append(RunRow.dag_id.in_(dag_ids))
    wanted += [
        column == value
        for column, value in ((ScopeRow.mapping, mapping), (ScopeRow.legal_entity, legal_entity))
        if value
    ]
    if text:
        wanted.append(or_(*(column.icontains(text, autoescape=True) for column in SEARCHED)))
    return _found(engine, wanted, page=page, size=size)


def lines_of_run(engine: Engine, *, dag_id: str, run_id: str, page: int, size: int) -> Found:
    """Return what a run held back, also what has been settled since."""
    return _found(engine, [RunRow.dag_id == dag_id, RunRow.run_id == run_id], page=page, size=size)


def _found(engine: Engine, wanted: list[ColumnElement[bool]], *, page: int, size: int) -> Found:
    with reading(engine) as connection:
        total = connection.execute(_joined(select(func.count(QuarantineRow.id))).where(*wanted)).scalar_one()
        columns = select(QuarantineRow.__table__, RunRow.dag_id, RunRow.run_id, *NAMES)
        rows = connection.execute(
            _joined(columns).where(*wanted).order_by(QuarantineRow.id).offset((page - 1) * size).limit(size)
        )
        return Found(tuple(_line(row) for row in rows), page=page, size=size, total=total)


def _joined(statement: Select[Any]) -> Select[Any]:
    return (
        statement.select_from(QuarantineRow)
        .join(RunRow, RunRow.id == QuarantineRow.run)
        .join(ScopeRow, ScopeRow.id == QuarantineRow.scope_id)
    )


def _line(row: Any) -> HeldLine:
    return HeldLine(
        scope=Scope(row.mapping, row.task, row.legal_entity), dag_id=row.dag_id, run_id=row.run_id, row_key=row.row_key,
        field=row.field, rule=row.rule, outcome=row.outcome, reason=row.reason, value=row.value,
        first_seen_at=row.first_seen_at, last_seen_at=row.last_seen_at, tries=row.tries, state=row.state,
        resolved_at=row.resolved_at, resolution=row.resolution,
    )  # fmt: skip
