"""Query options of a read: which are allowed, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.dataverse.errors import bad_request, not_emulated, unknown_column, unsupported_query
from sandbox.dataverse.schema import Column, Schema, Table

_REFUSED = {
    "$skip": "Skip Clause is not supported in CRM",
    "$search": "The query parameter $search is not supported",
    "$format": "The query parameter $format is not supported",
}
_NOT_EMULATED = {
    "$apply": "$apply",
    "fetchxml": "FetchXML queries",
    "savedquery": "saved views",
    "userquery": "saved views",
}
_KNOWN = frozenset({"$select", "$filter", "$orderby", "$top", "$expand", "$count", "$skiptoken", "$deltatoken", "tag"})


@dataclass(frozen=True, slots=True)
class Expand:
    """An expanded navigation property with the options in its parentheses."""

    navigation: str
    options: Mapping[str, str] = field(default_factory=dict)


def check_options(params: Mapping[str, str]) -> None:
    """Refuse query options that Dataverse does not support.

    :raises DataverseError: 400, or 501 for what the real service has and the sandbox has not.
    """
    for name in params:
        if name in _REFUSED:
            raise unsupported_query(_REFUSED[name])
        if name.lower() in _NOT_EMULATED:
            raise not_emulated(_NOT_EMULATED[name.lower()])
        if name not in _KNOWN and not name.startswith("@"):
            raise bad_request(f"The query parameter {name} is not supported")


def selected_columns(table: Table, text: str | None, unknown_code: str) -> list[Column]:
    """List the columns of a $select, all columns when there is none."""
    names = [name.strip() for name in (text or "*").split(",")]
    if "*" in names:
        return list(table.wire.values())
    for name in names:
        if name not in table.wire:
            raise unknown_column(name, table.name, unknown_code)
    return [table.wire[name] for name in names]


def read_top(text: str | None) -> int | None:
    """Read $top."""
    if text is None:
        return None
    if not text.isdigit():
        raise bad_request(f"Invalid value '{text}' for $top query option found. A non-negative integer was expected.")
    return int(text)


def read_orderby(text: str | None) -> list[tuple[tuple[str, ...], bool]]:
    """Read $orderby into column paths, each with whether it is descending."""
    order = []
    for part in split(text or "", ","):
        path, _, direction = part.strip().partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise bad_request(f"Syntax error in $orderby at '{part.strip()}'.")
        order.append((tuple(path.split("/")), direction.strip() == "desc"))
    return order


def read_expand(text: str | None) -> list[Expand]:
    """Read $expand, with `$select`, `$filter` and so on inside parentheses."""
    expands = []
    for part in split(text or "", ","):
        name, _, inner = part.strip().partition("(")
        if inner and not inner.endswith(")"):
            raise bad_request(f"Syntax error in $expand at '{part.strip()}'.")
        pairs = (option.partition("=") for option in split(inner[:-1], ";"))
        options = {key.strip(): value for key, _, value in pairs}
        check_options(options)
        expands.append(Expand(name, options))
    return expands


def split(text: str, separator: str) -> list[str]:
    """Split at separators outside parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for index, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def expanded_table(schema: Schema, table: Table, expand: Expand, unknown_code: str) -> Table:
    """Find the table behind a single-valued or collection-valued navigation property."""
    single = table.navigations.get(expand.navigation)
    collection = schema.collection(table.name, expand.navigation)
    name = single[1] if single else collection.referencing if collection else None
    if name is None:
        raise unknown_column(expand.navigation, table.name, unknown_code)
    if name not in schema.tables:
        raise not_emulated(f"the table '{name}' behind '{expand.navigation}'")
    return schema.tables[name]
