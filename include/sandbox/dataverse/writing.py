"""Writes of one row: create, the PATCH matrix of update and upsert, delete, single columns and references."""

from __future__ import annotations

from typing import Any

from sandbox.dataverse.addressing import Address
from sandbox.dataverse.errors import bad_request, payload_error, record_exists, version_mismatch
from sandbox.dataverse.exchange import Exchange, respond_empty
from sandbox.dataverse.payload import decode_object, read_values
from sandbox.dataverse.reading import Reader
from sandbox.dataverse.schema import Column, Table
from sandbox.dataverse.service import OrganizationService
from sandbox.dataverse.shaping import etag
from sandbox.http import Response


class Writer:
    """Answer the writing requests on entity sets and rows.

    :param service: does the write; :param reader: gives the representation back when asked for.
    """

    def __init__(self, service: OrganizationService, reader: Reader) -> None:
        self._service = service
        self._reader = reader
        self._database = service.database

    def create(self, exchange: Exchange, table: Table) -> Response:
        """Create a row: 204 with its address, or 201 with the row."""
        payload = decode_object(table.entity_set, exchange.request.body)
        with exchange.writing(self._database) as call:
            row_id = self._service.create(call, table, read_values(self._service, call, table, payload))
        return self._written(exchange, table, row_id, f"({row_id})", created=True)

    def patch(self, exchange: Exchange, address: Address, key_text: str, *, loses_race: bool) -> Response:
        """Update or upsert a row, as If-Match and If-None-Match say.

        Found: key columns of the body are ignored. Not found: they win over the ones of the address.

        :param key_text: key predicate as sent, with parentheses; part of the answered address.
        :param loses_race: another client creates the row first: it exists afterwards and the caller gets 412.
        """
        table = address.table
        payload = decode_object(table.entity_set, exchange.request.body)
        headers = exchange.request.headers
        with exchange.writing(self._database) as call:
            row_id = address.find(self._database)
            if row_id is not None and headers.get("if-none-match") == "*":
                raise record_exists()
            if row_id is None and "if-match" in headers:
                address.get(self._database)
            created = row_id is None
            values = read_values(self._service, call, table, payload)
            if row_id is None:
                row_id = self._service.create(call, table, {**address.columns(), **values})
            else:
                self._check_version(exchange, table, row_id)
                self._service.update(call, table, row_id, address.without_key(values))
        if created and loses_race:
            raise record_exists()
        return self._written(exchange, table, row_id, key_text, created=created)

    def delete(self, exchange: Exchange, address: Address) -> Response:
        """Delete a row, only in the version of If-Match when given."""
        with exchange.writing(self._database) as call:
            row_id = address.get(self._database)
            self._check_version(exchange, address.table, row_id)
            self._service.delete(call, address.table, row_id)
        return respond_empty(204, rows=1)

    def put_column(self, exchange: Exchange, address: Address, column: Column) -> Response:
        """Set one column to the `value` member of the body."""
        payload = decode_object(address.table.entity_set, exchange.request.body)
        if "value" not in payload:
            raise payload_error(address.table.entity_set, "The body of a property write needs the member 'value'.")
        return self._set(exchange, address, {self._plain(column).name: payload["value"]})

    def clear_column(self, exchange: Exchange, address: Address, column: Column) -> Response:
        """Set one column to null."""
        return self._set(exchange, address, {self._plain(column).name: None})

    def put_reference(self, exchange: Exchange, address: Address, navigation: str) -> Response:
        """Point a lookup at the row named by `@odata.id`."""
        payload = decode_object(address.table.entity_set, exchange.request.body)
        bound = {f"{navigation}@odata.bind": payload.get("@odata.id")}
        return self._bind(exchange, address, bound)

    def clear_reference(self, exchange: Exchange, address: Address, navigation: str) -> Response:
        """Set a lookup to null."""
        return self._bind(exchange, address, {navigation: None})

    def _set(self, exchange: Exchange, address: Address, values: dict[str, Any]) -> Response:
        with exchange.writing(self._database) as call:
            row_id = address.get(self._database)
            self._check_version(exchange, address.table, row_id)
            self._service.update(call, address.table, row_id, values)
        return respond_empty(204, rows=1)

    def _bind(self, exchange: Exchange, address: Address, payload: dict[str, Any]) -> Response:
        with exchange.writing(self._database) as call:
            values = read_values(self._service, call, address.table, payload)
            self._service.update(call, address.table, address.get(self._database), values)
        return respond_empty(204, rows=1)

    def _check_version(self, exchange: Exchange, table: Table, row_id: str) -> None:
        expected = exchange.request.headers.get("if-match", "*")
        if expected != "*" and expected != etag(self._database.stores[table.name].rows[row_id]):
            raise version_mismatch()

    def _written(self, exchange: Exchange, table: Table, row_id: str, key_text: str, *, created: bool) -> Response:
        address = {"OData-EntityId": f"{exchange.root}{table.entity_set}{key_text}"}
        if exchange.in_batch:
            address["Location"] = address["OData-EntityId"]
        if not exchange.wants_representation:
            return respond_empty(204, rows=1, headers=address)
        applied = {"Preference-Applied": "return=representation", **address}
        return self._reader.row(exchange, table, row_id, status=201 if created else 200, headers=applied)

    @staticmethod
    def _plain(column: Column) -> Column:
        if column.is_lookup:
            raise bad_request(f"'{column.wire_name}' is a lookup; use the navigation property with /$ref.")
        return column
