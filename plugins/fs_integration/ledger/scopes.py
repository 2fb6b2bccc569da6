"""Under which number a scope and a run are kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from fs_integration.errors import ReconciliationError
from fs_integration.ledger.tables import RunRow, ScopeRow
from fs_integration.records import Scope

# Every access to the ledger begins with one of these, so they are built once; their parameters are a scope's fields.
_IS_SCOPE = (
    ScopeRow.mapping == bindparam("mapping"),
    ScopeRow.task == bindparam("task"),
    ScopeRow.legal_entity == bindparam("legal_entity"),
)
_SCOPE = select(ScopeRow.id).where(*_IS_SCOPE)
_RUN = (
    select(RunRow.id)
    .join(ScopeRow, RunRow.scope_id == ScopeRow.id)
    .where(RunRow.run_key == bindparam("run_key"), *_IS_SCOPE)
)


def upsert(connection: Connection, model: Any) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT for this database to which ``on_conflict_do_update`` can be added."""
    table: Table = model.__table__
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def find_scope(connection: Connection, scope: Scope) -> int | None:
    """Return the number of a scope, None when nothing was ever kept for it."""
    return connection.execute(_SCOPE, asdict(scope)).scalar()


def scope_number(connection: Connection, scope: Scope) -> int:
    """Return the number of a scope; a new one gets a number."""
    found = find_scope(connection, scope)
    if found is None:
        connection.execute(upsert(connection, ScopeRow).values(asdict(scope)).on_conflict_do_nothing())
        found = find_scope(connection, scope)
    if found is None:
        raise ReconciliationError(f"Ledger: scope {scope} was entered but cannot be found again; look at its database.")
    return found


def find_run(connection: Connection, scope: Scope, run_key: str) -> int | None:
    """Return the number of a run of this scope, None when it was not begun."""
    return connection.execute(_RUN, {**asdict(scope), "run_key": run_key}).scalar()


def run_number(connection: Connection, scope: Scope, run_key: str) -> int:
    """Return the number of a run. :raises ReconciliationError: when the ledger does not know it."""
    found = find_run(connection, scope, run_key)
    if found is None:
        raise ReconciliationError(
            f"Ledger: run `{run_key}` of {scope} is not known here. The ledger's connection or database was changed "
            "while the run was under way: clear the extract task of this run with all tasks after it."
        )
    return found
