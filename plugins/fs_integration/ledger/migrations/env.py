"""Run by Alembic on the connection, inside the transaction, that ``fs_integration.ledger.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from fs_integration.ledger.migrate import VERSION_TABLE
from fs_integration.ledger.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
