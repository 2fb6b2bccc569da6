"""Bulk messages on standard tables: CreateMultiple, UpdateMultiple, UpsertMultiple."""

from __future__ import annotations

from typing import Any

from sandbox.dataverse.addressing import Address, read_reference
from sandbox.dataverse.errors import (
    delete_multiple_missing,
    no_resource,
    payload_error,
    record_exists,
    unexpected_error,
)
from sandbox.dataverse.exchange import Exchange, respond, respond_empty
from sandbox.dataverse.payload import decode_object, read_values
from sandbox.dataverse.schema import Table
from sandbox.dataverse.service import Call, OrganizationService
from sandbox.dataverse.values import accept
from sandbox.http import Response

_MESSAGES = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")


class BulkWriter:
    """Answer CreateMultiple, UpdateMultiple and UpsertMultiple: one transaction, all or nothing.

    Two targets that name the same row are refused with the duplicate error. No source documents this case; refusing is
    the strict reading, and a client that de-duplicates never meets it.
    """

    def __init__(self, service: OrganizationService) -> None:
        self._service = service
        self._database = service.database

    def answer(self, exchange: Exchange, table: Table, message: str) -> Response:
        """Carry out a bulk message posted to an entity set."""
        if message == "DeleteMultiple":
            raise delete_multiple_missing()
        if message not in _MESSAGES or table.name in self._service.switches.tables_without_bulk_messages:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        targets = self._targets(exchange, table)
        with exchange.writing(self._database) as call:
            if message == "CreateMultiple":
                ids = [self._create(call, table, target) for target in targets]
            else:
                self._write_identified(call, table, targets, upsert=message == "UpsertMultiple")
        if message == "CreateMultiple":
            context = f"{exchange.root}$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
            return respond(200, {"@odata.context": context, "Ids": ids}, rows=len(targets))
        status = self._service.switches.upsert_multiple_status if message == "UpsertMultiple" else 204
        return respond_empty(status, rows=len(targets))

    def _targets(self, exchange: Exchange, table: Table) -> list[dict[str, Any]]:
        targets = decode_object(table.entity_set, exchange.request.body).get("Targets")
        if not isinstance(targets, list) or not targets or not all(isinstance(target, dict) for target in targets):
            raise payload_error(
                table.entity_set, "A bulk message needs the member 'Targets', a non-empty array of rows."
            )
        for target in targets:
            if "@odata.type" not in target:
                raise payload_error(
                    table.entity_set,
                    "Every target needs '@odata.type': 'Microsoft.Dynamics.CRM."
                    f"{table.name}'; a row of an abstract type cannot be created.",
                )
        return targets

    def _create(self, call: Call, table: Table, target: dict[str, Any]) -> str:
        return self._service.create(call, table, read_values(self._service, call, table, target))

    def _write_identified(self, call: Call, table: Table, targets: list[dict[str, Any]], *, upsert: bool) -> None:
        seen: set[str] = set()
        for target in targets:
            address = self._address(table, target, upsert=upsert)
            row_id = address.find(self._database) if upsert else address.get(self._database)
            if row_id in seen:
                raise record_exists()
            values = read_values(self._service, call, table, target)
            if row_id is None:
                row_id = self._create_identified(call, address, values)
            else:
                self._service.update(call, table, row_id, address.without_key(values))
            seen.add(row_id)

    def _create_identified(self, call: Call, address: Address, values: dict[str, Any]) -> str:
        """Create the row of an upsert; key columns in the body break this path on the real service."""
        if address.key is not None and not set(address.key.columns).isdisjoint(values):
            raise unexpected_error()
        return self._service.create(call, address.table, {**address.columns(), **values})

    def _address(self, table: Table, target: dict[str, Any], *, upsert: bool) -> Address:
        reference = target.get("@odata.id")
        if reference is not None and upsert:
            strict = self._service.switches.refuse_key_characters_in_references
            address = read_reference(self._database, str(reference), refuse_characters=strict)
            if address.table is table:
                return address
            raise payload_error(table.entity_set, f"'{reference}' names no row of {table.entity_set}.")
        row_id = target.get(table.primary_id)
        if row_id is None:
            names = f"'{table.primary_id}'" + (" or '@odata.id'" if upsert else "")
            raise payload_error(table.entity_set, f"Every target needs {names}.")
        return Address(table, row_id=accept(table, table.columns[table.primary_id], row_id))
