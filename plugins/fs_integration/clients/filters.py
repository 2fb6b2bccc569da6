"""Write conditions of a mapping as ``$filter`` text, in the dialect of each service."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

from fs_integration.errors import MappingError
from fs_integration.records import Interval
from fs_integration.spec.mapping import Condition, Scalar
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.spec.paths import column_of, wire_name

MOST_DIGITS = 40  # before or after the point; a short text can name a number of a thousand million digits
ENUM_NAMESPACE = "Microsoft.Dynamics.DataEntities"
_EMPTY = {
    ColumnKind.TEXT: "''",
    ColumnKind.DATE: "1900-01-01T12:00:00Z",
    ColumnKind.DATETIME: "1900-01-01T00:00:00Z",
}  # Finance & Operations has no null; these stand for it
_NUMBERS = (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.OPTION)
Literal = Callable[[Column, Scalar, str | None], str]


def finance_operations_filter(
    where: Iterable[Condition], metadata: EntityMetadata, window: tuple[str, Interval] | None = None
) -> str:
    """Return the filter for Finance & Operations: qualified enumeration members, no null, no ``in``.

    :raises MappingError: unknown column, a constant that does not fit it, or a comparison the service does not know.
    """
    clauses = [_clause(condition, metadata, _finance_operations_literal, nulls=False) for condition in where]
    return " and ".join([*clauses, *_window(window, metadata)])


def dataverse_filter(
    where: Iterable[Condition], metadata: EntityMetadata, window: tuple[str, Interval] | None = None
) -> str:
    """Return the filter for Dataverse. ``is_not`` also finds rows without a value, as the transform does.

    :param metadata: the table, with the paths that the conditions and the window use.
    :raises MappingError: unknown column, or a constant that does not fit it.
    """
    clauses = [_clause(condition, metadata, _dataverse_literal, nulls=True) for condition in where]
    return " and ".join([*clauses, *_window(window, metadata)])


def query(**options: str) -> str:
    """Return query options as text, percent-encoded; options without a value are left out.

    Option names are given without their ``$``; ``cross_company`` becomes ``cross-company``.
    """
    names = {"cross_company": "cross-company"}
    return "&".join(
        f"{names.get(name, f'${name}')}={quote(value, safe=',')}" for name, value in options.items() if value
    )


def quoted(text: str) -> str:
    """Return text as an OData constant."""
    return "'" + text.replace("'", "''") + "'"


def _column_of_changes(metadata: EntityMetadata, name: str) -> Column:
    try:
        return column_of(metadata, name)
    except MappingError as exc:
        advice = "Name the column with the time of the last change, or leave `changed_since` out to read all rows."
        suggestion = " ".join(filter(None, (exc.suggestion, advice)))
        raise MappingError(exc.message, key_path="source.changed_since.field", suggestion=suggestion) from exc


def _window(window: tuple[str, Interval] | None, metadata: EntityMetadata) -> list[str]:
    if window is None:
        return []
    name, interval = window
    wire = wire_name(_column_of_changes(metadata, name))
    start = [f"{wire} ge {_moment(interval.start)}"] if interval.start else []
    return [*start, f"{wire} lt {_moment(interval.end)}"]


def _clause(condition: Condition, metadata: EntityMetadata, literal: Literal, *, nulls: bool) -> str:
    if condition.any_of:
        choices = (_clause(choice, metadata, literal, nulls=nulls) for choice in condition.any_of)
        return f"({' or '.join(choices)})"  # bounds joined by `and` inside need no parentheses: `and` binds tighter
    column = column_of(metadata, condition.field)
    wire, given = wire_name(column), condition.model_fields_set
    if condition.same_as is not None:
        raise MappingError(
            f"The service cannot compare `{condition.field}` with the column `{condition.same_as}`.",
            suggestion="Write the condition under `keep`; it is then checked on the rows that were read.",
        )

    def compared(operator: str, value: Scalar) -> str:
        if column.kind is ColumnKind.ENUM and operator not in ("eq", "ne"):
            raise MappingError(
                f"`{column.name}` is an enumeration; the service compares those with `is`, `is_not`, `in`."
            )
        return f"{wire} {operator} {literal(column, value, condition.enum)}"

    if "is_" in given:
        return compared("eq", condition.is_)
    if "is_not" in given:
        differs = compared("ne", condition.is_not)
        return f"({differs} or {wire} eq null)" if nulls and condition.is_not is not None else differs
    if "in_" in given and not condition.in_:
        raise MappingError(f"The condition on `{column.name}` has an empty `in`; nothing can be in it.")
    if "in_" in given:
        return "(" + " or ".join(compared("eq", value) for value in condition.in_) + ")"
    bounds = (("ge", condition.at_least), ("le", condition.at_most))
    return " and ".join(compared(operator, value) for operator, value in bounds if value is not None)


def _finance_operations_literal(column: Column, value: Scalar, enum: str | None) -> str:
    if value is None:
        if column.kind not in _EMPTY:
            raise MappingError(f"`{column.name}` of Finance & Operations is never empty; compare it with a value.")
        return _EMPTY[column.kind]
    name = enum or column.enum_type
    if name is not None:
        return f"{ENUM_NAMESPACE}.{name.rpartition('.')[2]}{quoted(_member(column, value))}"
    if column.kind is ColumnKind.TEXT and "*" in str(value):
        raise MappingError(f"A condition on `{column.name}` holds `*`, which Finance & Operations takes for any text.")
    if column.kind is ColumnKind.DATE:
        return f"{_day(column, value)}T12:00:00Z"
    return _plain(column, value)


def _member(column: Column, value: Scalar) -> str:
    text = ("Yes" if value else "No") if isinstance(value, bool) else str(value)
    if column.options and text not in column.options:
        raise MappingError(f"`{text}` is no member of `{column.name}`; it has {', '.join(column.options)}.")
    return text


def _dataverse_literal(column: Column, value: Scalar, enum: str | None) -> str:  # noqa: ARG001  no enumerations there
    if value is None:
        return "null"
    return _day(column, value) if column.kind is ColumnKind.DATE else _plain(column, value)


def _plain(column: Column, value: Scalar) -> str:
    text = str(value)
    try:
        if column.kind in _NUMBERS and not isinstance(value, bool):
            return _number(text)
        if column.kind is ColumnKind.BOOLEAN:
            return {"true": "true", "false": "false"}[text.lower()]
        if column.kind in (ColumnKind.LOOKUP, ColumnKind.ID):
            return str(uuid.UUID(text))
        if column.kind is ColumnKind.DATETIME:
            return _moment(datetime.fromisoformat(text))
    except (InvalidOperation, KeyError, ValueError) as exc:
        raise _unfit(column, value) from exc
    if column.kind in _NUMBERS:
        raise _unfit(column, value)
    return quoted(text)


def _number(text: str) -> str:
    """Return a number with all its digits. :raises ValueError: it is none, or would be written with very many."""
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(text)
    return format(number, "f")


def _day(column: Column, value: Scalar) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as exc:
        raise _unfit(column, value) from exc


def _unfit(column: Column, value: Scalar) -> MappingError:
    return MappingError(
        f"A condition compares `{column.name}` ({column.kind.value}) with `{value}`, which does not fit."
    )


def _moment(value: datetime) -> str:
    """Return a moment in UTC; fractions are kept, so that no row at the edge of a window is lost."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
