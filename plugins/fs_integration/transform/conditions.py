"""Decide for whole columns which rows fulfil a condition of the mapping."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.errors import MappingError
from fs_integration.frames import ARROW_TYPES, as_text
from fs_integration.spec.mapping import Condition, Scalar
from fs_integration.spec.metadata import ColumnKind
from fs_integration.transform.values import TEXT, constant, convert, folded, none_of

_KINDS = {
    ARROW_TYPES[kind]: kind
    for kind in (
        ColumnKind.TEXT,
        ColumnKind.INTEGER,
        ColumnKind.DECIMAL,
        ColumnKind.BOOLEAN,
        ColumnKind.DATE,
        ColumnKind.DATETIME,
    )
}


def fulfilled(column: Callable[[str], pa.Array], condition: Condition) -> pa.Array:
    """Return a mask of the rows that fulfil the condition.

    :param column: gives a column of the rows by its name.

    Text is compared without regard to case, as both services do. A missing value is not equal to any constant, so that
    ``is_not: true`` holds for it, and lies within no bounds.
    """
    if condition.any_of:
        return reduce(pc.or_, (fulfilled(column, each) for each in condition.any_of))
    if condition.same_as is not None:
        return _same(column(condition.field), column(condition.same_as))
    if condition.differs_from is not None:
        return pc.invert(_same(column(condition.field), column(condition.differs_from)))
    return _compared(column(condition.field), condition)


def _compared(column: pa.Array, condition: Condition) -> pa.Array:
    given = condition.model_fields_set
    if "is_" in given:
        return _equals(column, condition.is_)
    if "is_not" in given:
        return pc.invert(_equals(column, condition.is_not))
    if "in_" in given:
        return reduce(pc.or_, (_equals(column, value) for value in condition.in_), none_of(len(column)))
    return _within(column, condition)


def _same(column: pa.Array, other: pa.Array) -> pa.Array:
    if column.type != other.type:
        column, other = as_text(column), as_text(other)
    if column.type == TEXT:
        column, other = folded(column), folded(other)
    return pc.fill_null(pc.equal(column, other), False)


def _equals(column: pa.Array, value: Scalar) -> pa.Array:
    if value is None:
        return column.is_null()
    wanted = _comparable(value, column.type)
    values = folded(column) if column.type == TEXT else column
    return pc.fill_null(pc.equal(values, wanted), False)


def _within(column: pa.Array, condition: Condition) -> pa.Array:
    result = column.is_valid()
    values = folded(column) if column.type == TEXT else column
    for bound, compare in ((condition.at_least, pc.greater_equal), (condition.at_most, pc.less_equal)):
        if bound is not None:
            wanted = _comparable(bound, column.type)
            result = pc.and_(result, pc.fill_null(compare(values, wanted), False))
    return result


def _comparable(value: Scalar, wanted: pa.DataType) -> pa.Scalar:
    """Return a constant as a value of the column's type. :raises MappingError: when it cannot be one."""
    kind = _KINDS[wanted]
    converted = convert(constant(value, 1), kind).values
    if not converted[0].is_valid:
        raise MappingError(f"A condition compares with `{value}`, which is no {kind.value} value.")
    return (folded(converted) if wanted == TEXT else converted)[0]
