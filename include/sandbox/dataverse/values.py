"""Turn JSON values into stored values: type, length, precision, range and option checks of one column.

Stored forms: dates and times as UTC text, whole and floating numbers as Python numbers, decimals and money as exact
`Decimal`, ids in lower case. Excess decimals are rounded half to even [inferred: the platform rounds, its rule is not
documented].
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sandbox.dataverse.errors import bad_request, number_out_of_range, option_out_of_range, payload_error, text_too_long
from sandbox.dataverse.schema import Column, Table

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
EARLIEST = "1753-01-01"

EDM_TYPES = {
    "String": "Edm.String",
    "Memo": "Edm.String",
    "EntityName": "Edm.String",
    "Integer": "Edm.Int32",
    "BigInt": "Edm.Int64",
    "Picklist": "Edm.Int32",
    "State": "Edm.Int32",
    "Status": "Edm.Int32",
    "Decimal": "Edm.Decimal",
    "Money": "Edm.Decimal",
    "Double": "Edm.Double",
    "Boolean": "Edm.Boolean",
    "DateTime": "Edm.DateTimeOffset",
    "Uniqueidentifier": "Edm.Guid",
    "Lookup": "Edm.Guid",
    "Owner": "Edm.Guid",
    "Customer": "Edm.Guid",
}


def accept(table: Table, column: Column, value: Any) -> Any:
    """Check one value against its column and give its stored form; null is always allowed here.

    :raises DataverseError: 400 with the documented code of the violated rule.
    """
    if value is None:
        return None
    return _CONVERTERS[column.kind](table, column, value)


def utc_text(moment: datetime) -> str:
    """Write a moment as Dataverse does: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_from_text(value: str) -> str:
    """Read a date and time; without an offset it is taken as UTC, as the Web API does.

    :raises ValueError: no date and time.
    """
    moment = datetime.fromisoformat(value)
    return utc_text(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def _wrong_type(table: Table, column: Column, value: Any) -> Exception:
    edm_type = "Edm.Date" if column.date_only else EDM_TYPES[column.kind]
    return payload_error(table.entity_set, f"Cannot convert the literal '{value}' to the expected type '{edm_type}'.")


def _text(table: Table, column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(table, column, value)
    if column.max_length is not None and len(value) > column.max_length:
        raise text_too_long(column.name, table.name, column.max_length)
    return value


def _whole(table: Table, column: Column, value: Any) -> int:
    if type(value) is not int:
        raise _wrong_type(table, column, value)
    _check_range(table, column, value)
    return value


def _option(table: Table, column: Column, value: Any) -> int:
    if type(value) is not int:
        raise _wrong_type(table, column, value)
    if column.options is not None and value not in column.options.labels:
        raise option_out_of_range(column.name, table.name, value)
    return value


def _boolean(table: Table, column: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(table, column, value)
    return value


def _double(table: Table, column: Column, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise _wrong_type(table, column, value)
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    rounded = float(round(exact, column.precision)) + 0.0
    _check_range(table, column, rounded)
    return rounded


def _exact(table: Table, column: Column, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise _wrong_type(table, column, value)
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    _check_range(table, column, exact)
    return exact.quantize(_UNITS[column.precision or 0], rounding=ROUND_HALF_EVEN)


def _check_range(table: Table, column: Column, value: Any) -> None:
    low, high = column.minimum, column.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise number_out_of_range(column.name, table.name, low, high)


def _moment(table: Table, column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(table, column, value)
    try:
        stored = date.fromisoformat(value).isoformat() if column.date_only else utc_from_text(value)
    except ValueError as error:
        raise _wrong_type(table, column, value) from error
    if stored < EARLIEST:
        raise bad_request(f"DateTime is less than minimum value supported. Actual value: {value}, minimum: {EARLIEST}")
    return stored


def _guid(table: Table, column: Column, value: Any) -> str:
    if not isinstance(value, str) or GUID.fullmatch(value) is None:
        raise _wrong_type(table, column, value)
    return value.lower()


_UNITS = [Decimal(1).scaleb(-digits) for digits in range(11)]
_CONVERTERS: dict[str, Callable[[Table, Column, Any], Any]] = {
    "String": _text,
    "Memo": _text,
    "EntityName": _text,
    "Integer": _whole,
    "BigInt": _whole,
    "Picklist": _option,
    "State": _option,
    "Status": _option,
    "Boolean": _boolean,
    "Double": _double,
    "Decimal": _exact,
    "Money": _exact,
    "DateTime": _moment,
    "Uniqueidentifier": _guid,
    "Lookup": _guid,
    "Owner": _guid,
    "Customer": _guid,
}
