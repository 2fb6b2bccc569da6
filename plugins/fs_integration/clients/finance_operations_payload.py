"""Write values the way Finance & Operations takes them: in a JSON body, in an address, in a filter.

The service knows no null: no text is ``""``, no date is a day in 1900, no number is 0. An enumeration without a value
is left out of the body (docs/finance-operations.md, "Writing").
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec
import pandas as pd

from fs_integration.clients.filters import ENUM_NAMESPACE, quoted
from fs_integration.errors import MappingError
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.spec.paths import column_of

FILTER_CHARACTERS = 1400  # encoded length; web servers take addresses of about 2,000 characters without being told to
NO_DATE, NO_MOMENT = "1900-01-01T12:00:00Z", "1900-01-01T00:00:00Z"
_EMPTY = {
    ColumnKind.DATE: NO_DATE,
    ColumnKind.DATETIME: NO_MOMENT,
    ColumnKind.INTEGER: "0",
    ColumnKind.DECIMAL: "0",
    ColumnKind.BOOLEAN: "false",
}
Written = Callable[[Column, Any], str]


def json_bodies(
    rows: pd.DataFrame, metadata: EntityMetadata, columns: Iterable[str], *, may_lack: Container[str] = ()
) -> list[bytes]:
    """Return one JSON object per row with these columns.

    :param may_lack: columns that are left out where they have no value, so that the service's own default holds.
    :raises MappingError: a column the entity does not have.
    """
    members = [
        _written(rows[name], column_of(metadata, name), _optional if name in may_lack else _member) for name in columns
    ]
    return [f"{{{','.join(filter(None, row))}}}".encode() for row in zip(*members, strict=True)]


def addresses(rows: pd.DataFrame, metadata: EntityMetadata, key: Sequence[str]) -> list[str]:
    """Return the address of each row below ``data/``, with every part of the entity's key named."""
    parts = [_written(rows[name], column_of(metadata, name), _key_part) for name in key]
    return [f"{metadata.name}({','.join(row)})" for row in zip(*parts, strict=True)]


def equalities(rows: pd.DataFrame, metadata: EntityMetadata, name: str) -> list[str]:
    """Return for each row the filter clause that compares one column with the row's value.

    A star in a text finds more than that text; who asks compares what comes back.
    """
    return _written(rows[name], column_of(metadata, name), _equality)


def key_filters(rows: pd.DataFrame, metadata: EntityMetadata, key: Sequence[str], *, also: str = "") -> Iterator[str]:
    """Return filters that together find at least the rows of these keys, each short enough for an address.

    :param also: a clause that all of them hold.
    """
    shared = [name for name in key if len(rows) and rows[name].nunique(dropna=False) == 1]
    common = [also] * bool(also) + [equalities(rows.iloc[:1], metadata, name)[0] for name in shared]
    clauses = [equalities(rows, metadata, name) for name in key if name not in shared]
    if not clauses:
        yield from [" and ".join(common)] * bool(len(rows))
        return
    room = FILTER_CHARACTERS - len(quote(" and ".join(common)))
    for part in _fitting((f"({' and '.join(row)})" for row in zip(*clauses, strict=True)), room):
        yield " and ".join([*common, f"({' or '.join(part)})"])


def _fitting(clauses: Iterable[str], room: int) -> Iterator[list[str]]:
    part: list[str] = []
    used = 0
    for clause in clauses:
        size = len(quote(f"{clause} or "))
        if part and used + size > room:
            yield part
            part, used = [], 0
        part.append(clause)
        used += size
    if part:
        yield part


def _written(values: pd.Series, column: Column, form: Written) -> list[str]:
    known: dict[Any, str] = {}
    written = []
    for value in values.tolist():
        key = None if pd.isna(value) else value
        if key not in known:
            known[key] = form(column, key)
        written.append(known[key])
    return written


def _member(column: Column, value: Any) -> str:
    if column.kind is ColumnKind.ENUM and value is None:
        return ""
    literal = _plain(column, value)
    bare = column.kind in (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.BOOLEAN)
    return f'"{column.name}":{literal if bare else msgspec.json.encode(literal).decode()}'


def _optional(column: Column, value: Any) -> str:
    return "" if value is None else _member(column, value)


def _key_part(column: Column, value: Any) -> str:
    return f"{column.name}={quote(literal(column, value), safe='')}"


def _equality(column: Column, value: Any) -> str:
    return f"{column.name} eq {literal(column, value)}"


def literal(column: Column, value: Any) -> str:
    """Return a constant for a filter or an address, not yet percent-encoded."""
    text = _plain(column, value)
    if column.enum_type is not None:
        return f"{ENUM_NAMESPACE}.{column.enum_type.rpartition('.')[2]}{quoted(text)}"
    return quoted(text) if column.kind not in _EMPTY else text


def _plain(column: Column, value: Any) -> str:
    """Return a value as text without quotes. :raises MappingError: it does not fit the column's kind."""
    if value is None:
        return _EMPTY.get(column.kind, "")
    if column.kind is ColumnKind.ENUM and isinstance(value, bool):
        return "Yes" if value else "No"
    if column.kind is ColumnKind.BOOLEAN and isinstance(value, bool):
        return "true" if value else "false"
    if column.kind is ColumnKind.DATETIME and isinstance(value, datetime):
        return _moment(value)
    if column.kind is ColumnKind.DATE and isinstance(value, date):
        return f"{value:%Y-%m-%d}T12:00:00Z"  # noon, so that no time zone moves the day
    if column.kind in (ColumnKind.INTEGER, ColumnKind.DECIMAL) and isinstance(value, int | Decimal):
        return _number(value)
    if column.kind in _EMPTY:
        raise MappingError(
            f"`{column.name}` of Finance & Operations is {column.kind.value}, but the mapping gives {value!r}."
        )
    return _number(value) if isinstance(value, Decimal) else str(value)


def _number(value: int | Decimal) -> str:
    """Return a number without trailing zeros and without exponent."""
    text = format(value, "f") if isinstance(value, Decimal) else str(int(value))
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _moment(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"
