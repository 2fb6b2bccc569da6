"""Constants of a $filter in the stored form of the column they are compared with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from sandbox.dataverse.errors import bad_request
from sandbox.dataverse.schema import CHOICE_KINDS, Column
from sandbox.dataverse.values import EDM_TYPES, GUID, utc_from_text
from sandbox.odata.filter import Literal

_NUMBER_KINDS = frozenset({"Integer", "BigInt", *CHOICE_KINDS})


def convert(column: Column, literal: Literal, table: str) -> Any:
    """Convert a constant; query functions write numbers and dates as texts, which counts as the same constant.

    :raises DataverseError: 400 when the constant does not fit the type of the column.
    """
    if literal.kind == "null":
        return None
    try:
        return _converter(column)(column, literal)
    except (ValueError, InvalidOperation) as error:
        edm_type = "Edm.Date" if column.date_only else EDM_TYPES[column.kind]
        raise bad_request(
            f"A binary operator with incompatible types was detected. Found '{literal.value}' for the column "
            f"'{column.wire_name}' of '{table}', which has the type '{edm_type}'."
        ) from error


def _converter(column: Column) -> Callable[[Column, Literal], Any]:
    if column.is_lookup or column.kind == "Uniqueidentifier":
        return _guid
    return _number if column.kind in _NUMBER_KINDS else _CONVERTERS[column.kind]


def _text(column: Column, literal: Literal) -> str:
    return str(literal.value) if literal.kind == "string" else _fail(column)


def _guid(column: Column, literal: Literal) -> str:
    if literal.kind not in ("guid", "string") or GUID.fullmatch(str(literal.value)) is None:
        return _fail(column)
    return str(literal.value).lower()


def _number(column: Column, literal: Literal) -> int | Decimal:
    if literal.kind not in ("number", "string"):
        return _fail(column)
    return literal.value if isinstance(literal.value, int) else Decimal(literal.value)


def _double(column: Column, literal: Literal) -> float:
    return float(_number(column, literal))


def _boolean(column: Column, literal: Literal) -> bool:
    texts = {"true": True, "1": True, "false": False, "0": False}
    if literal.kind == "string":
        return texts[str(literal.value)] if literal.value in texts else _fail(column)
    return bool(literal.value) if literal.kind == "boolean" else _fail(column)


def _moment(column: Column, literal: Literal) -> str:
    text = str(literal.value)
    if literal.kind not in ("date", "datetime", "string"):
        return _fail(column)
    return date.fromisoformat(text).isoformat() if column.date_only else utc_from_text(text)


def _fail(column: Column) -> NoReturn:
    raise ValueError(column.name)


_CONVERTERS: dict[str, Callable[[Column, Literal], Any]] = {
    "String": _text,
    "Memo": _text,
    "EntityName": _text,
    "Boolean": _boolean,
    "Double": _double,
    "Decimal": _number,
    "Money": _number,
    "DateTime": _moment,
}
