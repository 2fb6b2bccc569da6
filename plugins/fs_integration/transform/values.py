"""Single columns as Arrow arrays: text as the mapping sees it, and conversion from one column kind to another.

Conversions that change the Arrow type go through text and parse each distinct value once. A value that cannot be
converted becomes null and is marked, never raised: a bad row is a rejection, not an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.errors import DataQualityError
from fs_integration.frames import (
    ARROW_TYPES,
    NULL_TEXT,
    as_text,
    in_one_piece,
    joined_arrays,
    to_table,
    trimmed,
)  # fmt: skip
from fs_integration.spec.mapping import Scalar
from fs_integration.spec.metadata import ColumnKind

DECIMAL = ARROW_TYPES[ColumnKind.DECIMAL]
TEXT = ARROW_TYPES[ColumnKind.TEXT]
# Rounding may carry into one more digit, so the largest number is one digit shorter than the 28 the type can hold.
NUMBER_LIMIT = Decimal(10) ** 27
INTEGER_LIMIT = 2**63
_TENTH_DECIMAL = Decimal(1).scaleb(-DECIMAL.scale)
_WIDE = Context(prec=DECIMAL.precision + DECIMAL.scale, rounding=ROUND_HALF_EVEN)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_GUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Converted(NamedTuple):
    """A converted column and two masks of the values that became null in it.

    :param unreadable: values of another nature; :param too_large: numbers beyond range.
    """

    values: pa.Array
    unreadable: pa.Array
    too_large: pa.Array


def normalised(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as a table whose text is trimmed, with null for empty text (docs/mapping-reference.md)."""
    table = to_table(frame)
    return pa.table({name: trimmed(in_one_piece(table[name])) for name in table.column_names})


def column_of(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array. :raises DataQualityError: when the table has no such column."""
    if name not in table.column_names:
        raise DataQualityError(
            f"Column `{name}` is used by the mapping but missing in the staged rows, which have "
            f"{sorted(table.column_names)}. "
            "Correct the mapping, or clear the extract task when the mapping has just changed."
        )
    return in_one_piece(table[name])


def shown(columns: list[pa.Array]) -> pa.Array:
    """Return values as a person should see them: joined by ``|``, missing parts left empty."""
    return pc.replace_substring(joined_arrays(columns, separator="|"), NULL_TEXT, "")


def folded(text: pa.Array) -> pa.Array:
    """Return text as both services compare it: without regard to case and to Unicode composition."""
    lower = pc.utf8_lower(text)
    if pc.all(pc.string_is_ascii(lower)).as_py() is not False:
        return lower
    return pc.utf8_normalize(lower, form="NFC")


def constant_text(value: Scalar) -> str | None:
    """Return a constant of a mapping as the text it would have as a value of a row."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or None


def constant(value: Scalar, rows: int) -> pa.Array:
    """Return a column that holds the same text in every row."""
    return pa.array([constant_text(value)] * rows, type=TEXT)


def prefixed(array: pa.Array, direction: str, prefix: str) -> pa.Array:
    """Return text with the company's prefix put before it (``add``), or taken away where it is there (``remove``)."""
    text = as_text(array)
    if not prefix:
        return text
    if direction == "add":
        return pc.binary_join_element_wise(prefix, text, "")
    own = pc.starts_with(folded(text), prefix.lower())
    return pc.if_else(own, pc.utf8_slice_codeunits(text, len(prefix)), text)


def none_of(rows: int) -> pa.Array:
    """Return a mask that is false in every row."""
    return pa.repeat(pa.scalar(False), rows)


def convert(array: pa.Array, kind: ColumnKind) -> Converted:
    """Convert a column to the Arrow type of ``kind``; see ``Converted`` for what becomes of values that do not fit."""
    nothing = none_of(len(array))
    if kind in (ColumnKind.LOOKUP, ColumnKind.ID):
        text = as_text(array)
        unreadable = pc.fill_null(pc.invert(pc.match_substring_regex(text, _GUID)), False)
        return Converted(pc.utf8_lower(_without(text, unreadable)), unreadable, nothing)
    wanted = ARROW_TYPES[kind]
    if wanted == TEXT:
        return Converted(as_text(array), nothing, nothing)
    if array.type != wanted:
        return _parsed(as_text(array), kind)
    if wanted == DECIMAL:
        limit = pa.scalar(NUMBER_LIMIT, DECIMAL)
        too_large = pc.fill_null(pc.greater_equal(pc.abs(array), limit), False)
        return Converted(_without(array, too_large), nothing, too_large)
    return Converted(array, nothing, nothing)


def _without(array: pa.Array, bad: pa.Array) -> pa.Array:
    return pc.if_else(bad, pa.scalar(None, array.type), array)


def _parsed(text: pa.Array, kind: ColumnKind) -> Converted:
    """Parse each distinct text once; the parsers raise ValueError and OverflowError for what they refuse."""
    parse = PARSERS[kind]
    encoded = text.dictionary_encode()
    values: list[Any] = []
    faults: list[str | None] = []
    for value in encoded.dictionary.to_pylist():
        try:
            values.append(parse(value))
            faults.append("")
        except OverflowError:
            values.append(None)
            faults.append("too_large")
        except ValueError:
            values.append(None)
            faults.append("unreadable")
    fault = pc.fill_null(pa.array(faults, type=TEXT).take(encoded.indices), "")
    return Converted(
        pa.array(values, type=ARROW_TYPES[kind]).take(encoded.indices),
        pc.equal(fault, "unreadable"),
        pc.equal(fault, "too_large"),
    )


def _decimal(text: str) -> Decimal:
    """Read a number with a decimal point; digits after the tenth decimal are rounded half to even."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    number = Decimal(text)
    if number and number.adjusted() >= NUMBER_LIMIT.adjusted():
        raise OverflowError(text)
    return number.quantize(_TENTH_DECIMAL, context=_WIDE)


def _integer(text: str) -> int:
    number = _decimal(text)
    if number != number.to_integral_value():
        raise ValueError(text)
    if not -INTEGER_LIMIT <= number < INTEGER_LIMIT:
        raise OverflowError(text)
    return int(number)


def _boolean(text: str) -> bool:
    """Read F&O's NoYes members, Dataverse's booleans and their numbers."""
    if text.lower() not in _YES_NO:
        raise ValueError(text)
    return _YES_NO[text.lower()]


def _moment(text: str) -> datetime:
    """Read an ISO 8601 moment. One without a time zone is refused: guessing the zone would shift it silently."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _date(text: str) -> date:
    """Read an ISO 8601 date; of a moment, its date in UTC."""
    moment = datetime.fromisoformat(text)
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


PARSERS: dict[ColumnKind, Callable[[str], Any]] = {
    ColumnKind.INTEGER: _integer,
    ColumnKind.OPTION: _integer,
    ColumnKind.DECIMAL: _decimal,
    ColumnKind.BOOLEAN: _boolean,
    ColumnKind.DATE: _date,
    ColumnKind.DATETIME: _moment,
}
