"""Estimated or used, invoiced amounts and the filters of work orders: the documented tables and example, line by line.

The tables are those of docs/areas/work-orders.md, "Estimated or used" and "Which work orders travel".
"""

from __future__ import annotations

from decimal import Decimal
from itertools import product as combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fs_integration.frames import ARROW_TYPES
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.metadata import ColumnKind
from fs_integration.transform.conditions import fulfilled
from fs_integration.transform.functions import FUNCTIONS

UNSCHEDULED, SCHEDULED, IN_PROGRESS, COMPLETED, POSTED, CANCELED = range(690970000, 690970006)
ESTIMATED, USED = 690970000, 690970001


def column(kind: ColumnKind, *values: Any) -> pa.Array:
    made = [Decimal(str(value)) if kind is ColumnKind.DECIMAL and value is not None else value for value in values]
    return pa.array(made, type=ARROW_TYPES[kind])


def option(value: int | None) -> pa.Array:
    return column(ColumnKind.OPTION, value)


def number(value: object) -> pa.Array:
    return column(ColumnKind.DECIMAL, value)


def yes_no(value: bool | None) -> pa.Array:
    return column(ColumnKind.BOOLEAN, value)


def called(name: str, *columns: pa.Array) -> Any:
    return FUNCTIONS[name](*columns).to_pylist()[0]


PRODUCT_TABLE = [
    (header, line, allocated, ESTIMATED if (line, allocated) == (ESTIMATED, True) and header != POSTED else USED)
    for header, line, allocated in combinations(
        (SCHEDULED, IN_PROGRESS, COMPLETED, POSTED), (ESTIMATED, USED), (True, False)
    )
]


def test_the_product_table_has_the_documented_rows() -> None:
    estimated = [(header, line, allocated) for header, line, allocated, value in PRODUCT_TABLE if value == ESTIMATED]
    assert estimated == [(header, ESTIMATED, True) for header in (SCHEDULED, IN_PROGRESS, COMPLETED)]


@pytest.mark.parametrize(("header", "line", "allocated", "value"), PRODUCT_TABLE)
def test_a_product_line_takes_the_documented_quantity_price_and_discount(
    header: int, line: int, allocated: bool, value: int
) -> None:
    state = (option(line), option(header), yes_no(allocated))
    amounts = (number(30), number(3), number(2))
    wanted = {"product_quantity": 5, "product_price": 7, "product_discount": 2} if value == ESTIMATED else {
        "product_quantity": 6, "product_price": 8, "product_discount": 1}  # fmt: skip
    assert called("product_quantity", *state, number(5), number(6), number(6)) == wanted["product_quantity"]
    assert called("product_price", *state, number(7), number(8), *amounts) == wanted["product_price"]
    assert called("product_discount", *state, number(2), number(1), *amounts) == wanted["product_discount"]


@pytest.mark.parametrize(
    ("header", "line", "hours"),
    [(header, ESTIMATED, 2) for header in (SCHEDULED, IN_PROGRESS, COMPLETED)]
    + [(header, USED, Decimal("1.5")) for header in (SCHEDULED, IN_PROGRESS, COMPLETED, POSTED)]
    + [(POSTED, ESTIMATED, Decimal("1.5"))],
)
def test_a_service_line_takes_the_documented_hours(header: int, line: int, hours: object) -> None:
    assert (
        called("service_hours", option(line), option(header), number(2), number("1.5"), number(120), number(90))
        == hours
    )


@pytest.mark.parametrize(
    ("header", "product", "service", "quantities"),
    [
        (SCHEDULED, (5, 0, ESTIMATED, False), (120, 0, ESTIMATED), (0, 2)),
        (SCHEDULED, (5, 0, ESTIMATED, True), (120, 0, ESTIMATED), (5, 2)),
        (IN_PROGRESS, (5, 6, USED, True), (120, 0, ESTIMATED), (6, 2)),
        (COMPLETED, (5, 6, USED, True), (120, 90, USED), (6, Decimal("1.5"))),
        (POSTED, (5, 6, ESTIMATED, True), (120, 90, ESTIMATED), (6, Decimal("1.5"))),
    ],
    ids=["scheduled", "allocated", "product used", "service used", "posted"],
)
def test_the_documented_example_gives_the_documented_quantities(
    header: int, product: tuple[Any, ...], service: tuple[Any, ...], quantities: tuple[Any, Any]
) -> None:
    estimate, used, line, allocated = product
    got = called("product_quantity", option(line), option(header), yes_no(allocated), number(estimate), number(used),
                 number(used))  # fmt: skip
    minutes_estimated, minutes, service_line = service
    hours = called("service_hours", option(service_line), option(header), number(None), number(None),
                   number(minutes_estimated), number(minutes))  # fmt: skip
    assert (got, hours) == quantities


@pytest.mark.parametrize(
    ("total", "discount", "quantity", "price", "invoiced_discount"),
    [
        (100, 20, 4, 30, 20),
        (100, None, 4, 25, 0),
        (100, 0, 4, 25, 0),
        (100, 20, 0, 0, -100),
        (100, 20, None, 0, -100),
        (None, None, 4, 0, 0),
        ("33.33", None, 7, "4.7614285714", 0),
    ],
)
def test_secured_columns_that_cannot_be_read_are_computed_as_the_solution_does(
    total: object, discount: object, quantity: object, price: object, invoiced_discount: int
) -> None:
    state = (option(USED), option(COMPLETED), yes_no(False))
    secured = number(None)
    amounts = (number(total), number(discount), number(quantity))
    assert called("product_price", *state, number(1), secured, *amounts) == Decimal(str(price))
    got = called("product_discount", *state, number(1), secured, *amounts)
    assert round(got, 4) == invoiced_discount


def test_services_are_priced_by_the_hour_and_minutes_are_converted() -> None:
    state = (option(USED), option(COMPLETED))
    assert called("service_price", *state, number(1), number(None), number(100), number(20), number(90)) == 80
    assert (
        round(called("service_discount", *state, number(1), number(None), number(100), number(20), number(90)), 4) == 20
    )


def test_a_service_without_a_duration_is_one_of_no_time() -> None:
    """The solution counts what is missing as 0."""
    state = (option(USED), option(COMPLETED))
    assert called("service_price", *state, number(1), number(None), number(100), number(20), number(None)) == 0
    assert called("service_discount", *state, number(1), number(None), number(100), number(20), number(None)) == -100


# The published filters, as the service reads them: (header status, order flag, line status, allocated) -> passes.


def h3(task: str, header: int | None, flag: bool | None, line: int | None, allocated: bool | None) -> bool:
    """The filters of Microsoft's first template, written out with OData's rules: `ne` holds for null, `eq` does not."""
    common = header != CANCELED and header != UNSCHEDULED and flag is True
    estimated = line == ESTIMATED and header != POSTED
    used = line == USED or header == POSTED
    return {
        "work_order_header": common,
        "work_order_service_line_estimate": common and estimated,
        "work_order_service_line_used": common and used,
        "work_order_product_line_estimate": common and estimated and allocated is True,
        "work_order_product_line_used": common and (used or allocated is not True),
    }[task]


VECTORS = list(
    combinations((None, *range(690970000, 690970006)), (None, True, False), (ESTIMATED, USED), (None, True, False))
)


@pytest.mark.parametrize("task", [task.name for task in load_mapping("work_orders_phase_one").tasks])
def test_each_published_filter_lets_exactly_the_documented_rows_pass(task: str) -> None:
    where = load_mapping("work_orders_phase_one").task(task).source.where
    headers, flags, lines, allocated = zip(*VECTORS, strict=True)
    flag = column(ColumnKind.BOOLEAN, *flags)
    rows = {
        "msdyn_systemstatus": column(ColumnKind.OPTION, *headers),
        "msdynce_headersystemstatus": column(ColumnKind.OPTION, *headers),
        "msdynce_hasexternallymaintainedproductsonly": flag,
        "msdynce_orderhasexternalmaintainedproductsonly": flag,
        "msdyn_linestatus": column(ColumnKind.OPTION, *lines),
        "msdyn_allocated": column(ColumnKind.BOOLEAN, *allocated),
    }
    passes = [True] * len(VECTORS)
    for condition in where:
        mask = fulfilled(rows.__getitem__, condition).to_pylist()
        passes = [one and other for one, other in zip(passes, mask, strict=True)]
    assert passes == [h3(task, *vector) for vector in VECTORS]


@pytest.mark.parametrize("kind", ["product", "service"])
def test_estimate_and_used_are_disjoint_and_together_the_lines_of_the_union(kind: str) -> None:
    for vector in VECTORS:
        estimate = h3(f"work_order_{kind}_line_estimate", *vector)
        used = h3(f"work_order_{kind}_line_used", *vector)
        header, flag, *_ = vector
        assert not (estimate and used)
        assert (estimate or used) == (header not in (CANCELED, UNSCHEDULED) and flag is True)


AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=4)


@given(total=AMOUNTS, discount=st.none() | AMOUNTS, quantity=st.decimals(min_value=0, max_value=10**6, places=2))
def test_price_times_quantity_less_discount_is_the_total(
    total: Decimal, discount: Decimal | None, quantity: Decimal
) -> None:
    state = (option(USED), option(COMPLETED), yes_no(None))
    given_amounts = (number(total), number(discount), number(quantity))
    price = called("product_price", *state, number(0), number(None), *given_amounts)
    less = called("product_discount", *state, number(0), number(None), *given_amounts)
    assert abs(price * quantity - less - total) <= Decimal("0.000001")


def test_a_service_of_odd_minutes_keeps_its_discount_to_the_fourth_decimal() -> None:
    state = (option(USED), option(COMPLETED), number(None), number(None))
    discount = called("service_discount", *state, number(100), number(5), number(100))
    assert round(discount, 4) == Decimal(5)
