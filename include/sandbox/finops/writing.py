"""Writes of one row: create, update, delete. There is no upsert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from sandbox.finops.changes import change_row, insert_row, refuse_fields
from sandbox.finops.errors import (
    bad_request,
    field_invalid,
    has_dependents,
    missing_for_update,
    read_only,
    update_conflict,
    version_mismatch,
    write_failed,
)
from sandbox.finops.exchange import Exchange, respond_empty
from sandbox.finops.keys import folded
from sandbox.finops.reading import Reader
from sandbox.finops.schema import COMPANY, Entity
from sandbox.finops.store import Database, Row, fold
from sandbox.finops.values import accept, etag
from sandbox.http import Response

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
Values = dict[str, Any]


class Writer:
    """Answer the writing requests.

    :param reader: gives a created row back; :param loses_update: tells whether an update meets a conflict.
    """

    def __init__(self, database: Database, reader: Reader, loses_update: Callable[[], bool]) -> None:
        self._database = database
        self._reader = reader
        self._loses_update = loses_update

    def create(self, exchange: Exchange, entity: Entity) -> Response:
        """Create a row and answer with all of it. The company of the body decides, no query option is needed."""
        values = self._payload(exchange, entity)
        if entity.company_specific and not values.get(COMPANY):
            values[COMPANY] = exchange.switches.default_company
        refuse_fields(entity, [name for name in values if not entity.properties[name].creatable])
        if entity.company_specific and not exchange.switches.may_see(values[COMPANY]):
            text = f"The company '{values[COMPANY]}' does not exist or is not accessible."
            raise field_invalid(entity, COMPANY, text)
        with exchange.writing(self._database) as transaction:
            row = insert_row(self._database, transaction, entity, values)
        address = {"Location": f"{exchange.root}{entity.collection}{_key_text(entity, row)}"}
        return self._reader.representation(exchange, entity, row, 201, address)

    def update(self, exchange: Exchange, entity: Entity, key: Values, *, replace: bool = False) -> Response:
        """Change a row.

        :param replace: PUT: properties that the body leaves out fall back to their defaults.
        """
        values = self._payload(exchange, entity)
        with exchange.writing(self._database) as transaction:
            row = self._find(exchange, entity, key)
            if self._loses_update():
                raise update_conflict(entity)
            changes = {name: value for name, value in values.items() if name not in entity.key}
            if any(fold(values[name]) != fold(row[name]) for name in entity.key if name in values):
                raise write_failed(entity, "Error: The key of a record cannot be changed.")
            refuse_fields(entity, [name for name in changes if not entity.properties[name].editable])
            if replace:
                kept = {name: row[name] for name, item in entity.properties.items() if not item.editable}
                changes = {**entity.defaults, **kept, **changes}
            change_row(self._database, transaction, entity, row, changes)
        return respond_empty(204, rows=1)

    def delete(self, exchange: Exchange, entity: Entity, key: Values) -> Response:
        """Delete a row that no other one refers to."""
        if entity.read_only:
            raise read_only(entity)
        store = self._database.stores[entity.collection]
        with exchange.writing(self._database) as transaction:
            row = self._find(exchange, entity, key)
            self._refuse_dependents(entity, row)
            transaction.put(store, store.key_of(row), None)
        return respond_empty(204, rows=1)

    def _payload(self, exchange: Exchange, entity: Entity) -> Values:
        if entity.read_only:
            raise read_only(entity)
        return read_payload(entity, exchange.request.body)

    def _find(self, exchange: Exchange, entity: Entity, key: Values) -> Row:
        """Give the row to write, in the version of If-Match when given."""
        row = self._database.stores[entity.collection].rows.get(folded(key))
        if row is None or not exchange.reaches(entity, row.get(COMPANY, "")):
            raise missing_for_update(exchange.switches.missing_row_status)
        expected = exchange.request.headers.get("if-match", "*")
        if expected not in ("*", etag(row)):
            raise version_mismatch()
        return row

    def _refuse_dependents(self, entity: Entity, row: Row) -> None:
        for collection, column in entity.dependents:
            store = self._database.stores[collection]
            wanted = fold(row[entity.key[-1]])
            start, stop = store.span((fold(row[COMPANY]),))
            if any(fold(store.rows[key][column]) == wanted for key in store.order[start:stop]):
                raise has_dependents(entity, store.entity)


def read_payload(entity: Entity, body: bytes) -> Values:
    """Decode the body of a write into stored values.

    :raises FinanceError: 400 for broken JSON, an unknown property or a value of the wrong type.
    """
    payload = decode_object(body)
    values: Values = {}
    for name, value in payload.items():
        if "@" in name:
            continue
        item = entity.properties.get(name)
        if item is None:
            raise bad_request(
                f"The property '{name}' does not exist on type '{entity.type_name}'. Make sure to only use property "
                "names that are defined by the type."
            )
        values[name] = accept(entity, item, value)
    return values


def decode_object(body: bytes) -> Mapping[str, Any]:
    """Decode a JSON object; numbers with a fraction stay exact.

    :raises FinanceError: 400 for anything else.
    """
    try:
        payload = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_request(f"The body is not valid JSON: {error}") from error
    if not isinstance(payload, dict):
        raise bad_request("The body must be a JSON object.")
    return payload


def _key_text(entity: Entity, row: Row) -> str:
    quoted = (f"{name}='{str(row[name]).replace(chr(39), chr(39) * 2)}'" for name in entity.key)
    return f"({','.join(quoted)})"
