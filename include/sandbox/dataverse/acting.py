"""A person at work in the organisation: reads and saves rows as the app does, through the same plug-ins as the Web API.

What a person may do is not restricted here; privileges and column security are about application users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.dataverse.service import Call, OrganizationService
from sandbox.dataverse.store import Row


class Desk:
    """One save of a person; everything written through it is kept together or not at all.

    :param call: the person, the moment and the transaction.
    """

    def __init__(self, service: OrganizationService, call: Call) -> None:
        self._service = service
        self._call = call
        self._schema = service.database.schema

    @property
    def moment(self) -> str:
        """UTC text of the moment of the save."""
        return self._call.moment

    def rows(self, entity_set: str) -> Iterable[Row]:
        """Give the rows of a table, null columns left out, lookups as ids under their logical names."""
        return list(self._service.database.stores[self._schema.by_set[entity_set].name].rows.values())

    def row(self, entity_set: str, row_id: str) -> Row:
        """Give one row that exists."""
        return self._service.database.stores[self._schema.by_set[entity_set].name].rows[row_id]

    def children(self, entity_set: str, lookup: str, row_id: str) -> list[Row]:
        """Give the rows whose indexed lookup points at a row."""
        store = self._service.database.stores[self._schema.by_set[entity_set].name]
        return [store.rows[child_id] for child_id in store.find((lookup,), (row_id,))]

    def create(self, entity_set: str, values: Mapping[str, Any]) -> str:
        """Create a row and give its id; lookups are ids under their logical names."""
        return self._service.create(self._call, self._schema.by_set[entity_set], values)

    def update(self, entity_set: str, row_id: str, values: Mapping[str, Any]) -> None:
        """Update a row."""
        self._service.update(self._call, self._schema.by_set[entity_set], row_id, values)
