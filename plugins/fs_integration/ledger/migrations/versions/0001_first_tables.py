"""Create the tables of the first release."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _scope(table: str) -> list[SchemaItem]:
    return [
        sa.Column("scope_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["fs_scope.id"], name=f"fk_{table}_scope_id"),
    ]


def _run(table: str) -> list[SchemaItem]:
    return [
        sa.Column("run", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["run"], ["fs_run.id"], name=f"fk_{table}_run", ondelete="CASCADE"),
    ]


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def upgrade() -> None:
    _create_runs()
    _create_quarantine()
    _create_state()


def _create_runs() -> None:
    op.create_table(
        "fs_scope", sa.Column("id", NUMBER, nullable=False), *_text("mapping", "task", "legal_entity"),
        _key("fs_scope", "id"), sa.UniqueConstraint("mapping", "task", "legal_entity", name="uq_fs_scope"),
    )  # fmt: skip
    op.create_table(
        "fs_run", sa.Column("id", NUMBER, nullable=False), *_scope("fs_run"),
        *_text("run_key", "dag_id", "run_id", "mode"),
        _moment("interval_start", nullable=True), _moment("interval_end"), *_text("mapping_hash", "status", "message"),
        *_big("generated", "drift"), _moment("started_at"), _moment("ended_at", nullable=True),
        _key("fs_run", "id"), sa.UniqueConstraint("scope_id", "run_key", name="uq_fs_run"),
    )  # fmt: skip
    op.create_index("ix_fs_run_started_at", "fs_run", ["started_at"])
    op.create_table(
        "fs_batch", *_run("fs_batch"), *_text("stage"), sa.Column("number", sa.Integer, nullable=False), *_text("uri"),
        *_big("rows"), *_text("checksum"), _key("fs_batch", "run", "stage", "number"),
    )  # fmt: skip
    op.create_table(
        "fs_outcome", *_run("fs_outcome"), sa.Column("batch", sa.Integer, nullable=False), *_text("outcome", "rule"),
        *_big("rows"), _key("fs_outcome", "run", "batch", "outcome", "rule"),
    )  # fmt: skip


def _create_quarantine() -> None:
    op.create_table(
        "fs_quarantine", sa.Column("id", NUMBER, nullable=False), *_scope("fs_quarantine"), *_run("fs_quarantine"),
        *_text("line", "row_key", "field", "rule", "reason", "value", "outcome"), *_big("source_rows"),
        *_text("payload"),
        _moment("created_at"), _moment("resolved_at", nullable=True), sa.Column("resolution", sa.Text, nullable=True),
        _key("fs_quarantine", "id"), sa.UniqueConstraint("run", "line", name="uq_fs_quarantine"),
    )  # fmt: skip
    op.create_index("ix_fs_quarantine_open", "fs_quarantine", ["scope_id", "resolved_at"])


def _create_state() -> None:
    op.create_table(
        "fs_fingerprint", *_scope("fs_fingerprint"), *_text("key", "source_key"), *_big("fingerprint", "as_of"),
        sa.Column("run", sa.BigInteger, nullable=True), _key("fs_fingerprint", "scope_id", "key"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "fs_lease", *_text("name", "holder"), *_big("fence"), _moment("expires_at"), _key("fs_lease", "name")
    )
    op.create_table(
        "fs_watermark", *_scope("fs_watermark"), _moment("moment"), *_text("run_key"), _moment("moved_at"),
        _key("fs_watermark", "scope_id"),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("watermark", "lease", "fingerprint", "quarantine", "outcome", "batch", "run", "scope"):
        op.drop_table(f"fs_{table}")
