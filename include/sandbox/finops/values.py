"""Turn JSON values into stored values and stored rows into response rows.

Stored forms are the wire forms: enumeration members by name, dates at noon UTC, moments in UTC, whole numbers and
decimals as Python numbers. F&O has no null: an unset value is the empty text, zero, the first member or the year 1900.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.finops.errors import bad_request, field_invalid
from sandbox.finops.schema import Entity, Property
from sandbox.finops.store import REC_ID, REC_VERSION, Row

Shape = Callable[[Row], dict[str, Any]]

EDM_TYPES = {
    "String": "Edm.String",
    "Int32": "Edm.Int32",
    "Int64": "Edm.Int64",
    "Real": "Edm.Decimal",
    "Date": "Edm.DateTimeOffset",
    "UtcDateTime": "Edm.DateTimeOffset",
}
NULLABLE = frozenset({"String", "Enum"})


def edm_type(item: Property) -> str:
    """Give the type of a property as metadata names it."""
    return item.enum.qualified if item.enum is not None else EDM_TYPES[item.kind]


def accept(entity: Entity, item: Property, value: Any) -> Any:
    """Check one value of a payload and give its stored form.

    :raises FinanceError: 400, from the deserialiser for a wrong type, from the business rules for a text too long.
    """
    if value is None and item.kind in NULLABLE:
        return item.default
    stored = _CONVERTERS[item.kind](item, value)
    if item.max_length is not None and len(stored) > item.max_length:
        text = f"The value '{stored}' of field '{item.name}' is longer than {item.max_length} characters."
        raise field_invalid(entity, item.name, text)
    return stored


def etag(row: Row) -> str:
    """Give the weak ETag of a row: record version and record id in the encoded form of the real system."""
    pair = f"'{row[REC_VERSION]},{row[REC_ID]}'"
    return f'W/"{base64.b64encode(pair.encode()).decode()}"'


def row_shape(names: Sequence[str]) -> Shape:
    """Compile how rows look in a response, ETag first."""
    wire = ("@odata.etag", *names)

    def shape(row: Row) -> dict[str, Any]:
        return dict(zip(wire, [etag(row), *[row[name] for name in names]], strict=True))

    return shape


def moment_text(moment: datetime) -> str:
    """Write a moment: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_text(text: str) -> str:
    """Bring a date and time, without an offset taken as UTC, into the stored form."""
    moment = datetime.fromisoformat(text)
    return moment_text(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment)


def _wrong_type(item: Property, value: Any) -> Exception:
    return bad_request(f"Cannot convert the literal '{value}' to the expected type '{edm_type(item)}'.")


def _text(item: Property, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(item, value)
    return value


def _member(item: Property, value: Any) -> str:
    if item.enum is None or not isinstance(value, str) or value not in item.enum.members:
        raise _wrong_type(item, value)
    return value


def _whole(item: Property, value: Any) -> int:
    if type(value) is not int:
        raise _wrong_type(item, value)
    return value


def _real(item: Property, value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise _wrong_type(item, value)
    return value


def _day(item: Property, value: Any) -> str:
    return f"{_moment(item, value)[:10]}T12:00:00Z"


def _moment(item: Property, value: Any) -> str:
    try:
        return utc_text(value)
    except (TypeError, ValueError) as error:
        raise _wrong_type(item, value) from error


_CONVERTERS: dict[str, Callable[[Property, Any], Any]] = {
    "String": _text,
    "Enum": _member,
    "Int32": _whole,
    "Int64": _whole,
    "Real": _real,
    "Date": _day,
    "UtcDateTime": _moment,
}
