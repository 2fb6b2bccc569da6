"""Calculated columns of work order lines, as the integration solution defines them.

A value that is null counts as zero, and a divisor of zero gives zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

Row = Mapping[str, Any]

_ZERO = Decimal(0)
_AMOUNT, _HOURS = Decimal("0.0001"), Decimal("0.00001")
_MINUTES = Decimal(60)


def hours(row: Row) -> Decimal:
    """Duration in hours."""
    return _in_hours(row, "msdyn_duration")


def estimated_hours(row: Row) -> Decimal:
    """Estimated duration in hours."""
    return _in_hours(row, "msdyn_estimateduration")


def external_line_order(row: Row) -> int | None:
    """Line number of a service in the sales order: negative, so that it never meets the number of a product."""
    order = row.get("msdyn_lineorder")
    return None if order is None else -int(order)


def product_unit_amount(row: Row) -> Decimal:
    """Price per billed unit of a product before discount."""
    return _unit_amount(row, _number(row, "msdynce_decimalquantity"))


def product_discount(row: Row) -> Decimal:
    """Discount amount that makes unit amount times quantity the total of the line."""
    return _discount(row, _number(row, "msdynce_decimalquantity"))


def service_unit_amount(row: Row) -> Decimal:
    """Price per billed hour of a service before discount."""
    return _unit_amount(row, _number(row, "msdyn_duration") / _MINUTES)


def service_discount(row: Row) -> Decimal:
    """Discount amount that makes unit amount times hours the total of the line."""
    return _discount(row, _number(row, "msdyn_duration") / _MINUTES)


def _in_hours(row: Row, column: str) -> Decimal:
    return (_number(row, column) / _MINUTES).quantize(_HOURS, rounding=ROUND_HALF_EVEN)


def _unit_amount(row: Row, quantity: Decimal) -> Decimal:
    """Total plus discount, per unit; rounded to the four decimals of an amount."""
    if quantity == 0:
        return _ZERO.quantize(_AMOUNT)
    total = _number(row, "msdyn_totalamount") + _number(row, "msdyn_discountamount")
    return (total / quantity).quantize(_AMOUNT, rounding=ROUND_HALF_EVEN)


def _discount(row: Row, quantity: Decimal) -> Decimal:
    discount = _unit_amount(row, quantity) * quantity - _number(row, "msdyn_totalamount")
    return discount.quantize(_AMOUNT, rounding=ROUND_HALF_EVEN)


def _number(row: Row, column: str) -> Decimal:
    value = row.get(column)
    return _ZERO if value is None else Decimal(value)
