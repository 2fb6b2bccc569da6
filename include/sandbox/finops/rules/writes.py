"""One write as rules see it, and the questions most of them ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.finops.errors import field_invalid, write_failed
from sandbox.finops.schema import COMPANY, Entity
from sandbox.finops.store import Database, Row, Transaction, fold
from sandbox.finops.tables.inventory import WAREHOUSES
from sandbox.finops.tables.products import DISTINCT, UNITS

CURRENCIES = frozenset({"USD", "EUR", "GBP"})


@dataclass
class Write:
    """A row about to be stored.

    :param before: the row as it was, None when it is created; :param after: the row as it will be. Rules may set values
        in it that the system computes.
    """

    database: Database
    transaction: Transaction
    entity: Entity
    before: Row | None
    after: Row

    @property
    def company(self) -> str:
        """The legal entity of the row."""
        return str(self.after[COMPANY])

    def find(self, collection: str, *key: Any) -> Row | None:
        """Find a row of the same company by the rest of its key."""
        return self.database.stores[collection].rows.get((fold(self.company), *(fold(part) for part in key)))

    def demand(self, found: object, field: str, what: str) -> None:
        """Refuse the value of a field that leads nowhere."""
        if not found:
            raise field_invalid(
                self.entity, field, f"The value '{self.after[field]}' in field '{field}' is not found in {what}."
            )

    def refuse(self, text: str) -> None:
        """Refuse the write. :raises FinanceError: always."""
        raise write_failed(self.entity, f"Error: {text}")

    def changed(self, *fields: str) -> bool:
        """Tell whether an update gives one of the fields another value."""
        return self.before is not None and any(fold(self.before[name]) != fold(self.after[name]) for name in fields)

    def demand_currency(self, field: str) -> None:
        """Refuse a currency that does not exist; empty is left to the system."""
        if self.after[field]:
            self.demand(self.after[field] in CURRENCIES, field, "table 'Currency'")

    def demand_place(self, site: str, warehouse: str) -> None:
        """Refuse a warehouse that does not exist, or that belongs to another site."""
        if not self.after[warehouse]:
            return
        found = self.find(WAREHOUSES.collection, self.after[warehouse])
        self.demand(found, warehouse, "table 'Warehouses'")
        if self.after[site] and found and fold(found["OperationalSiteId"]) != fold(self.after[site]):
            self.refuse(f"Warehouse '{self.after[warehouse]}' does not belong to site '{self.after[site]}'.")

    def demand_unit(self, field: str) -> None:
        """Refuse a unit symbol that does not exist."""
        if self.after[field]:
            found = self.database.stores[UNITS.collection].rows.get((fold(self.after[field]),))
            self.demand(found, field, "table 'Units'")

    def product(self, number: str) -> Row | None:
        """Find a released product by its number."""
        return self.find(DISTINCT.collection, number)

    def put(self, collection: str, row: Row, **changes: Any) -> None:
        """Change another row in the same transaction."""
        store = self.database.stores[collection]
        self.transaction.put(store, store.key_of(row), self.database.next_version(store, row, changes))
