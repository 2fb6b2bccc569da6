"""Pin environments, and pause areas whose services fail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "fs_environment", sa.Column("scope_id", NUMBER, nullable=False),
        *_text("system", "address", "tenant", "identity"), sa.Column("pinned_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "system", name="pk_fs_environment"),
        sa.ForeignKeyConstraint(["scope_id"], ["fs_scope.id"], name="fk_fs_environment_scope_id"),
    )  # fmt: skip
    op.create_table(
        "fs_breaker", *_text("area", "connection_set"), sa.Column("failures", sa.BigInteger, nullable=False),
        *_text("step"), sa.Column("pause_seconds", sa.BigInteger, nullable=False),
        sa.Column("until", MOMENT, nullable=True), *_text("probe", "message"),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("area", "connection_set", name="pk_fs_breaker"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("fs_breaker")
    op.drop_table("fs_environment")
