"""Let a line of the quarantine say since when, how often, and how it ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = "fs_quarantine"
# The ledger wrote these notes itself; every other note is a person's.
BY_A_RUN = ("reported again by run %", "obsolete since run %")


def upgrade() -> None:
    """Fill the new columns from what is there, then demand them."""
    op.execute(f"ALTER TABLE {TABLE} RENAME COLUMN created_at TO last_seen_at")
    op.add_column(TABLE, sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(TABLE, sa.Column("tries", sa.Integer, nullable=True))
    op.add_column(TABLE, sa.Column("state", sa.Text, nullable=True))
    lines = sa.table(TABLE, *map(sa.column, ("first_seen_at", "last_seen_at", "tries", "state", "resolved_at")),
                     sa.column("resolution", sa.Text))  # fmt: skip
    state = sa.case(
        (lines.c.resolved_at.is_(None), "open"),
        (sa.or_(*(lines.c.resolution.like(note) for note in BY_A_RUN)), "replayed"),
        else_="discarded",
    )
    op.execute(lines.update().values(first_seen_at=lines.c.last_seen_at, tries=1, state=state))
    with op.batch_alter_table(TABLE) as table:
        table.alter_column("first_seen_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        table.alter_column("tries", existing_type=sa.Integer, nullable=False)
        table.alter_column("state", existing_type=sa.Text, nullable=False)


def downgrade() -> None:
    with op.batch_alter_table(TABLE) as table:
        for name in ("first_seen_at", "tries", "state"):
            table.drop_column(name)
    op.execute(f"ALTER TABLE {TABLE} RENAME COLUMN last_seen_at TO created_at")
