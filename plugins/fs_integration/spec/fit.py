"""Tell whether a constant, or the values of one column, fit another column."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fs_integration.spec.mapping import Condition, Scalar
from fs_integration.spec.metadata import Column, ColumnKind

K = ColumnKind
NUMBERS = (K.INTEGER, K.DECIMAL)
IDS = (K.LOOKUP, K.ID)
MOMENTS = (K.DATE, K.DATETIME)
YES_NO = {"yes", "no"}
WORDS = {
    K.TEXT: "text", K.INTEGER: "a whole number", K.DECIMAL: "a number", K.BOOLEAN: "true or false", K.DATE: "a date",
    K.DATETIME: "a moment", K.OPTION: "an option", K.ENUM: "a member of an enumeration", K.LOOKUP: "a row of a table",
    K.ID: "the id of a row",
}  # fmt: skip
# What each kind of column can be converted to without a value map or lookup. Text may hold anything, so it may become a
# number or a date: a value that cannot is quarantined. An option's number means nothing outside its own table.
CONVERTIBLE: dict[ColumnKind, set[ColumnKind]] = {
    K.TEXT: {K.TEXT, K.INTEGER, K.DECIMAL, K.BOOLEAN, K.DATE, K.DATETIME, K.ENUM},
    K.INTEGER: {K.INTEGER, K.DECIMAL, K.TEXT},
    K.DECIMAL: {K.DECIMAL, K.TEXT},
    K.BOOLEAN: {K.BOOLEAN, K.TEXT},
    K.DATE: {K.DATE, K.TEXT},
    K.DATETIME: {K.DATETIME, K.DATE, K.TEXT},
    K.ENUM: {K.ENUM, K.TEXT},
    K.OPTION: {K.OPTION},
    K.LOOKUP: {K.LOOKUP},
    K.ID: {K.LOOKUP, K.ID},
}


def misfit(constant: Scalar, column: Column) -> str:
    """Return why a constant cannot be a value of a column; an empty text when it can."""
    if constant is None:
        return ""
    name, words = f"`{column.name}`", WORDS[column.kind]
    if column.kind in NUMBERS:
        return _beyond(constant, column) if _is_number(constant) else f"{name} is {words}, not `{_spelled(constant)}`."
    if column.kind is K.BOOLEAN:
        return "" if isinstance(constant, bool) else f"{name} is {words}, not `{_spelled(constant)}`."
    if column.options:
        known = {option.lower() for option in column.options}
        if _spelled(constant).lower() in known:
            return ""
        return f"{name} has no `{_spelled(constant)}`; it has {', '.join(column.options)}."
    if column.kind in (*IDS, *MOMENTS):
        return "" if _is_readable(constant, column.kind) else f"{name} is {words}, not `{_spelled(constant)}`."
    if column.kind is K.TEXT and isinstance(constant, str) and column.max_length and len(constant) > column.max_length:
        return f"{name} takes at most {column.max_length} characters, `{constant}` has {len(constant)}."
    return ""


def inconvertible(given: Column, wanted: Column) -> str:
    """Return why values of one column cannot become values of another; an empty text when they can."""
    if wanted.kind in CONVERTIBLE[given.kind] or _is_yes_no(given, wanted):
        return ""
    return f"`{given.name}` holds {WORDS[given.kind]}, but `{wanted.name}` takes {WORDS[wanted.kind]}."


def incomparable(given: Column, wanted: Column) -> str:
    """Return why no value of one column can be found in another; an empty text when it may be."""
    if (given.kind in IDS) == (wanted.kind in IDS):
        return ""
    return f"`{given.name}` holds {WORDS[given.kind]}, `{wanted.name}` holds {WORDS[wanted.kind]}: nothing can match."


def uncovered(given: Column, keys: Iterable[str]) -> list[str]:
    """Return the members of a closed list that a value map has no entry for."""
    known = {key.lower() for key in keys}
    return [option for option in given.options if option.lower() not in known]


def admits(rule: Condition, option: str) -> bool:
    """Tell whether a member of a closed list can fulfil a condition on its column."""

    def same(constant: Scalar) -> bool:
        return _spelled(constant).lower() == option.lower()

    if "is_" in rule.model_fields_set:
        return same(rule.is_)
    if "is_not" in rule.model_fields_set:
        return not same(rule.is_not)
    return "in_" not in rule.model_fields_set or any(map(same, rule.in_))


def _is_yes_no(given: Column, wanted: Column) -> bool:
    closed = {option.lower() for option in given.options}
    return given.kind is K.ENUM and wanted.kind is K.BOOLEAN and bool(closed) and closed <= YES_NO


def _is_readable(constant: Scalar, kind: ColumnKind) -> bool:
    """Tell whether a text is an id or a moment."""
    try:
        UUID(str(constant)) if kind in IDS else datetime.fromisoformat(str(constant))
    except ValueError:
        return False
    return isinstance(constant, str)


def _is_number(constant: Scalar) -> bool:
    return isinstance(constant, int | float) and not isinstance(constant, bool)


def _beyond(constant: Scalar, column: Column) -> str:
    number = Decimal(str(constant))
    if column.minimum is not None and number < column.minimum:
        return f"`{column.name}` is at least {column.minimum}, `{constant}` is less."
    if column.maximum is not None and number > column.maximum:
        return f"`{column.name}` is at most {column.maximum}, `{constant}` is more."
    if column.kind is K.INTEGER and number != number.to_integral_value():
        return f"`{column.name}` is {WORDS[column.kind]}, `{constant}` has decimals."
    return ""


def _spelled(constant: Scalar) -> str:
    return str(constant).lower() if isinstance(constant, bool) else str(constant)
