"""Which environments the books of a scope are about, so that those of one are never continued in another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from fs_integration.errors import ConfigurationError
from fs_integration.ledger.engine import reading, writing
from fs_integration.ledger.ledger import Ledger
from fs_integration.ledger.scopes import find_scope, scope_number, upsert
from fs_integration.ledger.tables import EnvironmentRow, ScopeRow
from fs_integration.records import Environment, Scope

NAMES = {"finance_operations": "Finance & Operations", "dataverse": "Dataverse"}
ADVICE = (
    "Nothing was written. Mend the connection, or that of the ledger. If the environment is still the same and only "
    "its address or tenant is new: `python -m fs_integration ledger unpin {mapping}`. If the ledger is to begin anew "
    "with this environment: `python -m fs_integration ledger forget {mapping}`."
)


def check(ledger: Ledger, scopes: Sequence[Scope], found: Sequence[Environment]) -> None:
    """Make sure that these environments are those of before; what was never pinned may be any.

    :raises ConfigurationError: one of them is not.
    """
    with reading(ledger.engine) as connection:
        for scope in scopes:
            _demand_same(connection, scope, found)


def pin(ledger: Ledger, scopes: Sequence[Scope], found: Sequence[Environment]) -> None:
    """Enter these environments where none are pinned yet. :raises ConfigurationError: others are."""
    with reading(ledger.engine) as connection:
        if all(_demand_same(connection, scope, found) == list(found) for scope in scopes):
            return
    with writing(ledger.engine, "pin_environment") as connection:
        for scope in sorted(scopes, key=str):  # in one order, so that no two wait for each other
            number = scope_number(connection, scope)
            connection.execute(select(ScopeRow.id).where(ScopeRow.id == number).with_for_update())
            before = _demand_same(connection, scope, found)  # nobody else can pin it from here on
            for one, known in zip(found, before, strict=True):
                _enter(connection, number, one.filled_from(known), ledger.now(connection))


def pinned(ledger: Ledger) -> list[tuple[Scope, Environment]]:
    """Return what is pinned, in the order of the names."""
    names = (ScopeRow.mapping, ScopeRow.task, ScopeRow.legal_entity)
    own = (EnvironmentRow.system, EnvironmentRow.address, EnvironmentRow.tenant, EnvironmentRow.identity)
    wanted = select(*names, *own).join(ScopeRow, ScopeRow.id == EnvironmentRow.scope_id)
    with reading(ledger.engine) as connection:
        rows = connection.execute(wanted.order_by(*names, EnvironmentRow.system)).all()
    return [(Scope(*row[:3]), Environment(*row[3:])) for row in rows]


def unpin(ledger: Ledger, mapping: str | None = None) -> int:
    """Let the next runs pin the environments they find, and keep all else. :returns: how many were pinned.

    :param mapping: only those of this mapping; None means of all.
    """
    scopes = select(ScopeRow.id).where(*([ScopeRow.mapping == mapping] if mapping else []))
    with writing(ledger.engine, "unpin_environment") as connection:
        return connection.execute(delete(EnvironmentRow).where(EnvironmentRow.scope_id.in_(scopes))).rowcount


def _known(connection: Connection, scope: Scope) -> dict[str, Environment]:
    columns = select(EnvironmentRow.system, EnvironmentRow.address, EnvironmentRow.tenant, EnvironmentRow.identity)
    rows = connection.execute(columns.where(EnvironmentRow.scope_id == find_scope(connection, scope)))
    return {row.system: Environment(*row) for row in rows}


def _demand_same(connection: Connection, scope: Scope, found: Sequence[Environment]) -> list[Environment | None]:
    known = _known(connection, scope)
    for one in found:
        before = known.get(one.system, one)
        if not before.is_same(one):
            raise ConfigurationError(
                f"The ledger's entries of {scope} are about another environment of {NAMES[one.system]}: "
                f"about {before}, while the connection leads to {one}. {ADVICE.format(mapping=scope.mapping)}"
            )
    return [known.get(one.system) for one in found]


def _enter(connection: Connection, scope: int, one: Environment, now: datetime) -> None:
    facts = {"address": one.address, "tenant": one.tenant, "identity": one.identity}
    statement = upsert(connection, EnvironmentRow).values(
        {"scope_id": scope, "system": one.system, **facts, "pinned_at": now}
    )
    same = {name: statement.excluded[name] for name in facts}  # an address may change while the id stays
    connection.execute(statement.on_conflict_do_update(index_elements=["scope_id", "system"], set_=same))
