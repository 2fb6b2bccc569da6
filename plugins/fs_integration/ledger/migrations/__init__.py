"""Alembic environment of the ledger. New versions: ``docs/ledger.md``, "Changing the tables"."""
