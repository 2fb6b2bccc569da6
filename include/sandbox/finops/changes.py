"""Store one row by the business rules: what requests and data packages have in common when they write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.finops.errors import duplicate, field_empty, field_invalid
from sandbox.finops.rules import apply
from sandbox.finops.rules.writes import Write
from sandbox.finops.schema import Entity
from sandbox.finops.store import Database, Row, Transaction


def insert_row(database: Database, transaction: Transaction, entity: Entity, values: Mapping[str, Any]) -> Row:
    """Create a row.

    :param values: stored forms by property, company included. :return: the row.
    :raises FinanceError: a mandatory field is empty, the key exists, or a rule refuses the row.
    """
    store = database.stores[entity.collection]
    row = database.new_row(store, values)
    demand_filled(entity, row)
    key = store.key_of(row)
    if key in store.rows:
        raise duplicate(entity, {name: row[name] for name in entity.key})
    apply(Write(database, transaction, entity, None, row))
    transaction.put(store, key, row)
    return row


def change_row(
    database: Database, transaction: Transaction, entity: Entity, row: Row, changes: Mapping[str, Any]
) -> Row:
    """Store the next version of a row. Its key may be among the changes.

    :raises FinanceError: a mandatory field is empty, or a rule refuses the change.
    """
    store = database.stores[entity.collection]
    changed = database.next_version(store, row, changes)
    demand_filled(entity, changed)
    apply(Write(database, transaction, entity, row, changed))
    old_key, key = store.key_of(row), store.key_of(changed)
    if key != old_key:
        transaction.put(store, old_key, None)
    transaction.put(store, key, changed)
    return changed


def demand_filled(entity: Entity, row: Mapping[str, Any]) -> None:
    """Refuse a row with an empty mandatory field."""
    for item in entity.properties.values():
        if item.required and row[item.name] == "":
            raise field_empty(entity, item.name)


def refuse_fields(entity: Entity, names: Iterable[str]) -> None:
    """Refuse fields that the system fills itself."""
    for name in names:
        raise field_invalid(entity, name, f"The field '{name}' does not allow editing.")
