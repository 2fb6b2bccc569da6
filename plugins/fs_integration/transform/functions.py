"""Named functions a mapping may call with ``fn``: the closed list for what the other words of a field rule cannot say.

A function takes source columns as Arrow arrays (text trimmed, empty text null) and returns a column of the same length.
``explain`` prints its docstring to consultants. The rules of work orders are in docs/areas/work-orders.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import as_text
from fs_integration.spec.metadata import ColumnKind
from fs_integration.transform.values import DECIMAL, convert

ESTIMATED = 690970000  # line status of work order products and services
POSTED = 690970004  # system status of a work order
_WIDE = pa.decimal256(38, 10)  # no sum of two columns overflows in it
_FACTOR, _DIVISOR = pa.decimal256(30, 10), pa.decimal256(20, 5)  # so that product and quotient fit into 76 digits
_ZERO = pa.scalar(0).cast(_WIDE)


def first_given(*columns: pa.Array) -> pa.Array:
    """Take the first of the columns that has a value."""
    return pc.coalesce(*[as_text(column) for column in columns])


def lines_of_text(*columns: pa.Array) -> pa.Array:
    """Put the columns that have a value below one another, one line each."""
    return reduce(_below, [as_text(column) for column in columns])


def _below(upper: pa.Array, lower: pa.Array) -> pa.Array:
    both = pc.binary_join_element_wise(upper, lower, "\n")  # null when either is
    return pc.coalesce(both, upper, lower)


def business_day(*columns: pa.Array) -> pa.Array:
    """Take the day of the first moment that is given, in the time zone named by the last column, as F&O wants days: at
    noon UTC. A date without a time is that day in every zone.
    """
    zone = next((name for name in columns[-1].unique().to_pylist() if name), "UTC")
    day = pc.coalesce(*[_day(column, zone) for column in columns[:-1]])
    return pc.binary_join_element_wise(day, "T12:00:00Z", "")


def _day(moment: pa.Array, zone: str) -> pa.Array:
    if pa.types.is_date(moment.type):
        return pc.strftime(moment, format="%Y-%m-%d")
    local = convert(moment, ColumnKind.DATETIME).values.cast(pa.timestamp("us", tz=zone))
    return pc.strftime(local, format="%Y-%m-%d")


def negative(number: pa.Array) -> pa.Array:
    """Turn the sign of a number."""
    return pc.negate(_number(number))


def product_of(number: pa.Array, factor: pa.Array) -> pa.Array:
    """Multiply two numbers."""
    return _rounded(pc.multiply(_wide(number), _number(factor).cast(_FACTOR)))


def difference(number: pa.Array, less: pa.Array) -> pa.Array:
    """Subtract the second number from the first; a missing second number counts as 0."""
    return _rounded(pc.subtract(_wide(number), pc.fill_null(_wide(less), _ZERO)))


def product_quantity(
    line_status: pa.Array, header_status: pa.Array, allocated: pa.Array, estimated: pa.Array, used: pa.Array,
    used_rounded: pa.Array,
) -> pa.Array:  # fmt: skip
    """Take the estimated quantity while the line is estimated, allocated and its work order not posted; else the used
    one. When the exact used quantity cannot be read, the rounded one stands in; no quantity is 0.
    """
    estimate = product_is_estimate(line_status, header_status, allocated)
    return _or_zero(_estimated_or(estimate, _number(estimated), _given(used, used_rounded)))


def product_price(
    line_status: pa.Array, header_status: pa.Array, allocated: pa.Array, estimated: pa.Array, invoiced: pa.Array,
    total: pa.Array, discount: pa.Array, quantity: pa.Array,
) -> pa.Array:  # fmt: skip
    """Take the estimated unit amount of an estimated line, else the invoiced one. When that cannot be read: total plus
    discount, by quantity; 0 for quantity 0.
    """
    estimate = product_is_estimate(line_status, header_status, allocated)
    return _estimated_or(estimate, _number(estimated), _given(invoiced, _unit_amount(total, discount, quantity)))


def product_discount(
    line_status: pa.Array, header_status: pa.Array, allocated: pa.Array, estimated: pa.Array, invoiced: pa.Array,
    total: pa.Array, discount: pa.Array, quantity: pa.Array,
) -> pa.Array:  # fmt: skip
    """Take the estimated discount of an estimated line, else the invoiced one. When that cannot be read: unit amount
    times quantity, less total.
    """
    estimate = product_is_estimate(line_status, header_status, allocated)
    fallback = _discount(total, discount, quantity)
    return _estimated_or(estimate, _number(estimated), _given(invoiced, fallback))


def service_hours(
    line_status: pa.Array, header_status: pa.Array, estimated_hours: pa.Array, hours: pa.Array,
    estimated_minutes: pa.Array, minutes: pa.Array,
) -> pa.Array:  # fmt: skip
    """Take the estimated hours while the line is estimated and its work order not posted; else the hours worked. When
    the hours cannot be read: minutes by 60; no time is 0.
    """
    estimate = service_is_estimate(line_status, header_status)
    estimated = _given(estimated_hours, _hours(estimated_minutes))
    return _or_zero(_estimated_or(estimate, estimated, _given(hours, _hours(minutes))))


def service_price(
    line_status: pa.Array, header_status: pa.Array, estimated: pa.Array, invoiced: pa.Array, total: pa.Array,
    discount: pa.Array, minutes: pa.Array,
) -> pa.Array:  # fmt: skip
    """Take the estimated unit amount of an estimated line, else the invoiced one. When that cannot be read: total plus
    discount, by hours; 0 for no time.
    """
    estimate = service_is_estimate(line_status, header_status)
    return _estimated_or(estimate, _number(estimated), _given(invoiced, _unit_amount(total, discount, minutes, 60)))


def service_discount(
    line_status: pa.Array, header_status: pa.Array, estimated: pa.Array, invoiced: pa.Array, total: pa.Array,
    discount: pa.Array, minutes: pa.Array,
) -> pa.Array:  # fmt: skip
    """Take the estimated discount of an estimated line, else the invoiced one. When that cannot be read: unit amount
    times hours, less total.
    """
    estimate = service_is_estimate(line_status, header_status)
    return _estimated_or(estimate, _number(estimated), _given(invoiced, _discount(total, discount, minutes, 60)))


def product_is_estimate(line_status: pa.Array, header_status: pa.Array, allocated: pa.Array) -> pa.Array:
    """Tell for which product lines the estimate counts (docs/areas/work-orders.md, "Estimated or used")."""
    return pc.and_(service_is_estimate(line_status, header_status), pc.fill_null(allocated, False))


def service_is_estimate(line_status: pa.Array, header_status: pa.Array) -> pa.Array:
    """Tell for which service lines the estimate counts (docs/areas/work-orders.md, "Estimated or used")."""
    estimated = pc.fill_null(pc.equal(line_status, ESTIMATED), False)
    return pc.and_(estimated, pc.invert(pc.fill_null(pc.equal(header_status, POSTED), False)))


def _estimated_or(estimate: pa.Array, estimated: pa.Array, used: pa.Array) -> pa.Array:
    return pc.if_else(estimate, estimated, used)


def _or_zero(column: pa.Array) -> pa.Array:
    return pc.fill_null(column, _ZERO.cast(DECIMAL))


def _number(column: pa.Array) -> pa.Array:
    return convert(column, ColumnKind.DECIMAL).values


def _wide(column: pa.Array) -> pa.Array:
    return _number(column).cast(_WIDE)


def _given(column: pa.Array, fallback: pa.Array) -> pa.Array:
    return pc.coalesce(_number(column), _number(fallback))


def _hours(minutes: pa.Array) -> pa.Array:
    return _divided(_wide(minutes), pa.array([60] * len(minutes)).cast(_WIDE))


def _unit_amount(total: pa.Array, discount: pa.Array, quantity: pa.Array, parts: int = 1) -> pa.Array:
    """Total, with the discount put back when there is one, by quantity; 0 for quantity 0, as the solution computes.

    The solution counts what is missing as 0.

    :param parts: how many of ``quantity`` make one of what the price is for: 60 for minutes and a price per hour.
    """
    total, discount, quantity = (_or_zero(_number(column)).cast(_WIDE) for column in (total, discount, quantity))
    amount = pc.add(total, discount).cast(_WIDE)
    return _divided(_rounded(pc.multiply(amount, pa.scalar(parts).cast(_FACTOR))).cast(_WIDE), quantity)


def _discount(total: pa.Array, discount: pa.Array, quantity: pa.Array, parts: int = 1) -> pa.Array:
    gross = product_of(_unit_amount(total, discount, quantity, parts), _or_zero(_number(quantity)))
    return difference(_divided(_wide(gross), pa.array([parts] * len(gross)).cast(_WIDE)), _or_zero(_number(total)))


def _divided(amount: pa.Array, by: pa.Array) -> pa.Array:
    """Divide exactly to ten decimals; by 0 gives 0."""
    is_zero = pc.equal(by, _ZERO)
    quotient = pc.divide(amount, pc.if_else(is_zero, pa.scalar(1).cast(_WIDE), pc.round(by, 5)).cast(_DIVISOR))
    return pc.if_else(is_zero, _ZERO.cast(DECIMAL), _rounded(quotient))


def _rounded(wide: pa.Array) -> pa.Array:
    return pc.round(wide, DECIMAL.scale, round_mode="half_to_even").cast(DECIMAL)


FUNCTIONS: dict[str, Callable[..., pa.Array]] = {
    function.__name__: function
    for function in (
        first_given, lines_of_text, business_day, negative, product_of, difference, product_quantity, product_price,
        product_discount, service_hours, service_price, service_discount,
    )
}  # fmt: skip
