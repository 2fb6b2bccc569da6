"""Find a row by what names it: a primary key, an alternate key, or a reference inside a body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.dataverse.errors import bad_request, not_found, not_found_by_key, unknown_segment, wrong_key
from sandbox.dataverse.schema import Column, Key, Table
from sandbox.dataverse.service import Call
from sandbox.dataverse.store import Database
from sandbox.dataverse.values import accept
from sandbox.odata.filter import Literal
from sandbox.odata.keys import KeyPredicate, parse_segment

API_PATH = "/api/data/v9.2/"
# Microsoft's list of characters that make GET and PATCH by alternate key fail.
FORBIDDEN_KEY_CHARACTERS = frozenset("/<>*%&:\\?+")


@dataclass(frozen=True, slots=True)
class Address:
    """A row named by its id or by an alternate key; the row may not exist."""

    table: Table
    row_id: str | None = None
    key: Key | None = None
    values: tuple[Any, ...] = ()

    def find(self, database: Database) -> str | None:
        """Give the id of the row, or None."""
        store = database.stores[self.table.name]
        if self.key is not None:
            return next(iter(store.find(self.key.columns, self.values)), None)
        return self.row_id if self.row_id in store.rows else None

    def get(self, database: Database) -> str:
        """Give the id of the row.

        :raises DataverseError: 404 with the code for a missing id or a missing key.
        """
        row_id = self.find(database)
        if row_id is None:
            raise not_found_by_key(self.table.name) if self.key else not_found(self.table.name, str(self.row_id))
        return row_id

    def without_key(self, values: dict[str, Any]) -> dict[str, Any]:
        """Drop the key columns that an update by alternate key ignores in the body."""
        ignored = self.key.columns if self.key is not None else ()
        return {name: value for name, value in values.items() if name not in ignored}

    def columns(self) -> dict[str, Any]:
        """Give the key columns and values that an upsert copies into a new row."""
        if self.key is None:
            return {self.table.primary_id: self.row_id}
        return dict(zip(self.key.columns, self.values, strict=True))


def read_address(table: Table, predicate: KeyPredicate, *, refuse_characters: bool = True) -> Address:
    """Interpret a key predicate of a URL.

    :param refuse_characters: refuse the characters that break alternate keys in URLs.
    :raises DataverseError: 400 for a wrong column set, a wrong literal or a forbidden character.
    """
    if None in predicate or set(predicate) == {table.primary_id}:
        literal = next(iter(predicate.values()))
        return Address(table, row_id=_key_value(table, table.columns[table.primary_id], literal))
    columns = [table.wire.get(str(name)) for name in predicate]
    key = table.key_for(column.name for column in columns if column is not None)
    if key is None or None in columns:
        raise wrong_key(table.name)
    by_name = {
        column.name: _key_value(table, column, literal)
        for column, literal in zip(columns, predicate.values(), strict=True)
        if column is not None
    }
    if refuse_characters:
        _refuse_characters(by_name)
    return Address(table, key=key, values=tuple(by_name[name] for name in key.columns))


def resolve_reference(
    database: Database, call: Call, reference: Any, targets: tuple[str, ...], *, refuse_characters: bool
) -> str:
    """Give the id of the row that an `@odata.bind` value names.

    :param targets: tables the lookup may point at.
    :raises DataverseError: 400 for a malformed reference or a wrong table, 404 when the row is missing.
    """
    if not isinstance(reference, str):
        raise bad_request(f"The value '{reference}' of an @odata.bind is not a URL of a row.")
    known = call.references.get(reference)
    if known is not None:
        return known
    address = read_reference(database, reference, refuse_characters=refuse_characters)
    if address.table.name not in targets:
        raise bad_request(f"'{reference}' names a row of {address.table.name}; expected one of {', '.join(targets)}.")
    row_id = address.get(database)
    call.references[reference] = row_id
    return row_id


def read_reference(database: Database, reference: str, *, refuse_characters: bool) -> Address:
    """Interpret `/accounts(<id>)`, `accounts(<key>)` or the absolute URL of a row."""
    path = re.sub(r"^https?://[^/]+", "", reference)
    path = path.removeprefix(API_PATH).lstrip("/")
    try:
        entity_set, predicate = parse_segment(path)
    except ValueError as error:
        raise bad_request(f"'{reference}' is not a URL of a row: {error}") from error
    table = database.schema.by_set.get(entity_set)
    if table is None:
        raise unknown_segment(entity_set)
    if predicate is None:
        raise bad_request(f"'{reference}' names a collection; a reference needs the key of one row.")
    return read_address(table, predicate, refuse_characters=refuse_characters)


def _key_value(table: Table, column: Column, literal: Literal) -> Any:
    expects_text = column.kind in ("String", "Memo")
    if expects_text != (literal.kind == "string"):
        raise wrong_key(table.name)
    value = literal.value
    return accept(table, column, str(value) if literal.kind in ("guid", "date", "datetime") else value)


def _refuse_characters(values: dict[str, Any]) -> None:
    for value in values.values():
        found = sorted(FORBIDDEN_KEY_CHARACTERS.intersection(value)) if isinstance(value, str) else []
        if found:
            raise bad_request(f"A potentially dangerous Request.Path value was detected from the client ({found[0]}).")
