"""Lines of the quarantine as people look at them, and which of them are offered again together."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
from sqlalchemy import Connection, select

from fs_integration.frames import REJECTION_COLUMNS, frame_of, readable_key, typed_key
from fs_integration.ledger.tables import QuarantineRow, RunRow, ScopeRow
from fs_integration.records import Selection
from fs_integration.spec.metadata import ColumnKind

LINE_COLUMNS: dict[str, ColumnKind] = {
    "id": ColumnKind.INTEGER, "mapping": ColumnKind.TEXT, "task": ColumnKind.TEXT, "legal_entity": ColumnKind.TEXT,
    "dag_id": ColumnKind.TEXT, "run_id": ColumnKind.TEXT, "run_key": ColumnKind.TEXT, **REJECTION_COLUMNS,
    "state": ColumnKind.TEXT, "first_seen_at": ColumnKind.DATETIME, "last_seen_at": ColumnKind.DATETIME,
    "tries": ColumnKind.INTEGER,
}  # fmt: skip
# Whether a row fails these depends on other rows. Offered without them it would pass, and overwrite its twin.
ABOUT_SEVERAL_ROWS = ("unique", "duplicate_source_key", "duplicate_key", "several_companies")
SHOWN = ("mapping", "task", "legal_entity", "row_key", "field", "rule", "value", "payload")
DIGEST_LENGTH = 12


def lines(
    connection: Connection, *, mapping: str | None = None, dag_id: str | None = None, run_id: str | None = None,
    closed: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Return lines, oldest first. :param closed: also those that are no longer open."""
    statement = (
        select(QuarantineRow.__table__, RunRow.run_key, RunRow.dag_id, RunRow.run_id)
        .add_columns(ScopeRow.mapping, ScopeRow.task, ScopeRow.legal_entity)
        .join(RunRow, RunRow.id == QuarantineRow.run)
        .join(ScopeRow, ScopeRow.id == QuarantineRow.scope_id)
        .order_by(QuarantineRow.id)
    )
    statement = statement if closed else statement.where(QuarantineRow.resolved_at.is_(None))
    for column, value in ((ScopeRow.mapping, mapping), (RunRow.dag_id, dag_id), (RunRow.run_id, run_id)):
        statement = statement if value is None else statement.where(column == value)
    rows = connection.execute(statement).all()
    return frame_of({name: [getattr(row, name) for row in rows] for name in LINE_COLUMNS}, LINE_COLUMNS)


def selected(open_lines: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    """Return every line about the rows that a selection chooses, and about the rows those depend on."""
    chosen = pd.Series(True, index=open_lines.index)
    wanted = {"rule": selection.rule, "run_id": selection.run, "task": selection.task,
              "legal_entity": selection.company}  # fmt: skip
    for name, value in wanted.items():
        chosen &= (open_lines[name] == value) if value else True
    if selection.key:
        keys = open_lines["row_key"]
        chosen &= keys.map(lambda key: selection.key in (typed_key(key), readable_key(key))).astype(bool)
    rows = _rows(open_lines)
    chosen = rows.isin(rows[chosen])
    doubted = chosen & open_lines["rule"].isin(ABOUT_SEVERAL_ROWS)
    groups = open_lines["task"] + "\x1f" + open_lines["rule"]
    return open_lines[chosen | rows.isin(rows[groups.isin(groups[doubted])])].reset_index(drop=True)


def _rows(open_lines: pd.DataFrame) -> pd.Series:
    """Return what tells the row of each line from the rows of all others."""
    return open_lines["task"] + "\x1f" + open_lines["legal_entity"] + "\x1f" + open_lines["row_key"]


def digest(shown: pd.DataFrame) -> str:
    """Return what tells whether lines say of the same rows what they said before, whichever run reported them."""
    texts = sorted(json.dumps(record) for record in shown[list(SHOWN)].astype(str).to_numpy().tolist())
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:DIGEST_LENGTH]
