"""The books: which runs there were, what they read, what became of the rows, and how far the watermark has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from fs_integration.ledger.scopes import run_number, scope_number, upsert
from fs_integration.ledger.tables import BatchRow, OutcomeRow, RunRow, ScopeRow, WatermarkRow
from fs_integration.records import BatchRef, Interval, Scope

RUNNING, SUCCEEDED = "running", "succeeded"
RAW = "01_raw"
MOVES_WATERMARK = "scheduled"


@dataclass(frozen=True)
class RunEntry:
    """The books of one run of one scope; everything counted in source rows.

    :param outcomes: outcome -> rows; :param rules: (outcome, rule) -> rows, the same rows in more detail.
    :param ended_at: None while the run is under way.
    """

    scope: Scope
    run_key: str
    dag_id: str
    run_id: str
    mode: str
    interval: Interval
    mapping_hash: str
    status: str
    message: str
    rows_read: int
    generated: int
    drift: int
    started_at: datetime
    ended_at: datetime | None
    outcomes: dict[str, int] = field(default_factory=dict)
    rules: dict[tuple[str, str], int] = field(default_factory=dict)


def begin(
    connection: Connection, scope: Scope, *, run_key: str, dag_id: str, run_id: str, mode: str, interval: Interval,
    mapping_hash: str, now: datetime,
) -> None:  # fmt: skip
    """Open the books of a run. A run that is begun again starts with empty books.

    What it has quarantined stays open: only then are the rows asked for again, if a later run has to.
    """
    facts = {
        "dag_id": dag_id, "run_id": run_id, "mode": mode,
        "interval_start": interval.start, "interval_end": interval.end,
        "mapping_hash": mapping_hash, "status": RUNNING, "message": "", "generated": 0, "drift": 0, "started_at": now,
        "ended_at": None,
    }  # fmt: skip
    statement = upsert(connection, RunRow).values(scope_id=scope_number(connection, scope), run_key=run_key, **facts)
    connection.execute(statement.on_conflict_do_update(index_elements=["scope_id", "run_key"], set_=facts))
    run = run_number(connection, scope, run_key)
    for table in (BatchRow, OutcomeRow):
        connection.execute(delete(table).where(table.run == run))


def record_batch(connection: Connection, ref: BatchRef) -> None:
    """Enter a staged batch, or replace the one of the same stage and number."""
    key = {"run": run_number(connection, ref.scope, ref.run_key), "stage": ref.stage, "number": ref.number}
    facts = {"uri": ref.uri, "rows": ref.rows, "checksum": ref.checksum}
    statement = upsert(connection, BatchRow).values(**key, **facts)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=facts))


def record_outcomes(connection: Connection, run: int, batch: int, counts: Mapping[tuple[str, str], int]) -> None:
    """Replace what is entered for this batch."""
    connection.execute(delete(OutcomeRow).where((OutcomeRow.run == run) & (OutcomeRow.batch == batch)))
    lines = [
        {"run": run, "batch": batch, "outcome": outcome, "rule": rule, "rows": rows}
        for (outcome, rule), rows in counts.items()
    ]
    if lines:
        connection.execute(insert(OutcomeRow), lines)


def set_generated(connection: Connection, run: int, rows: int) -> None:
    connection.execute(update(RunRow).where(RunRow.id == run).values(generated=rows))


def close(connection: Connection, run: int, *, status: str, message: str, drift: int, now: datetime) -> None:
    facts = {"status": status, "message": message, "drift": drift, "ended_at": now}
    connection.execute(update(RunRow).where(RunRow.id == run).values(**facts))


def watermark(connection: Connection, scope: int | None) -> datetime | None:
    return connection.execute(select(WatermarkRow.moment).where(WatermarkRow.scope_id == scope)).scalar()


def move_watermark(connection: Connection, scope: int, moment: datetime, *, run_key: str, now: datetime) -> None:
    """Move the watermark forward; a moment that is not later changes nothing."""
    facts = {"moment": moment, "run_key": run_key, "moved_at": now}
    statement = upsert(connection, WatermarkRow).values(scope_id=scope, **facts)
    later = WatermarkRow.moment < moment
    connection.execute(statement.on_conflict_do_update(index_elements=["scope_id"], set_=facts, where=later))


def previous_rows(connection: Connection, scope: int | None, run_key: str) -> int | None:
    """Return how many rows the last successful scheduled run read."""
    last = last_success(connection, scope, run_key)
    return None if last is None else _rows_read(connection, [last])[last]


def last_success(connection: Connection, scope: int | None, run_key: str) -> int | None:
    """Return the last successful scheduled run but this one; runs over a window of their own do not count."""
    comparable = (
        (RunRow.scope_id == scope)
        & (RunRow.run_key != run_key)
        & (RunRow.status == SUCCEEDED)
        & (RunRow.mode == MOVES_WATERMARK)
    )
    newest_first = select(RunRow.id).where(comparable).order_by(RunRow.interval_end.desc())
    return connection.execute(newest_first.limit(1)).scalar()


def entries(connection: Connection, *wanted: ColumnElement[bool], newest: int | None = None) -> list[RunEntry]:
    """Return the books of the runs that fulfil the conditions, oldest first.

    :param newest: at most so many, the newest ones.
    """
    statement = select(RunRow.__table__, ScopeRow.mapping, ScopeRow.task, ScopeRow.legal_entity)
    statement = statement.join(ScopeRow, ScopeRow.id == RunRow.scope_id).where(*wanted)
    statement = statement.order_by(RunRow.started_at.desc(), RunRow.id.desc()).limit(newest)
    found = connection.execute(statement).all()[::-1]
    numbers = [row.id for row in found]
    read, rules = _rows_read(connection, numbers), _rules(connection, numbers)
    return [_entry(row, read[row.id], rules.get(row.id, {})) for row in found]


def _entry(row: Row[tuple[object, ...]], rows_read: int, rules: dict[tuple[str, str], int]) -> RunEntry:
    outcomes: Counter[str] = Counter()
    for (outcome, _), rows in rules.items():
        outcomes[outcome] += rows
    return RunEntry(
        scope=Scope(row.mapping, row.task, row.legal_entity), run_key=row.run_key, dag_id=row.dag_id, run_id=row.run_id,
        mode=row.mode, interval=Interval(row.interval_start, row.interval_end), mapping_hash=row.mapping_hash,
        status=row.status, message=row.message, rows_read=rows_read, generated=row.generated, drift=row.drift,
        started_at=row.started_at, ended_at=row.ended_at, outcomes=dict(outcomes), rules=rules,
    )  # fmt: skip


def _rows_read(connection: Connection, runs: Sequence[int]) -> dict[int, int]:
    raw = (BatchRow.run.in_(runs)) & (BatchRow.stage == RAW)
    sums = connection.execute(select(BatchRow.run, func.sum(BatchRow.rows)).where(raw).group_by(BatchRow.run))
    return {**dict.fromkeys(runs, 0), **{run: int(rows) for run, rows in sums}}


def _rules(connection: Connection, runs: Sequence[int]) -> dict[int, dict[tuple[str, str], int]]:
    columns = (OutcomeRow.run, OutcomeRow.outcome, OutcomeRow.rule)
    sums = select(*columns, func.sum(OutcomeRow.rows)).where(OutcomeRow.run.in_(runs)).group_by(*columns)
    rules: dict[int, dict[tuple[str, str], int]] = {}
    for run, outcome, rule, rows in connection.execute(sums):
        rules.setdefault(run, {})[outcome, rule] = int(rows)
    return rules
