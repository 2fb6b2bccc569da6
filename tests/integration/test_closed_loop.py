"""The closed loop: technicians adjust, move and use stock, Supply Chain Management posts, and both ends agree again.

The loop runs once for all tests of this file; they look at what it left behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from tests.integration.conftest import NINE_AREAS, ONLY_REFUSED, TO_SUPPLY_CHAIN, WORLD, Site

from fs_integration.pipeline.reconcile import Books
from local.check import StockCheck, compare_stock

ESTIMATED, POSTED, CANCELED = 690970000, 690970004, 690970005
DOCUMENTS = ("inventory_adjustments", "inventory_transfers", "work_orders")
Row = dict[str, Any]


@dataclass(frozen=True)
class Loop:
    """What one turn of the loop did and left behind.

    :param work: what the technicians did, by kind; :param posted: what Supply Chain Management posted after it.
    :param tables: rows of both systems at the end, by entity set.
    """

    opening_stock: StockCheck
    work: dict[str, int]
    second: dict[str, list[Books]]
    posted: dict[str, int]
    stock: StockCheck
    third: dict[str, list[Books]]
    third_writes: dict[str, int]
    tables: dict[str, list[Row]]


@pytest.fixture(scope="module")
def loop(loaded, sandbox_process, tmp_path_factory) -> Loop:
    sandbox_process.control("POST", "/reset", WORLD)
    site = loaded.open(sandbox_process, tmp_path_factory.mktemp("loop") / "site")
    opening = compare_stock(sandbox_process)
    post(site)
    work = sandbox_process.control("POST", "/fieldservice/activity", {"count": 60, "seed": 3})
    second = site.cycle(TO_SUPPLY_CHAIN)
    posted = post(site)
    second |= site.cycle(["product_inventory", "agreement_invoices"])
    stock = compare_stock(sandbox_process)
    sandbox_process.control("POST", "/stats/reset")
    third = site.cycle(NINE_AREAS)
    tables = {
        name: site.rows(system, name)
        for system, name in (
            ("dataverse", "msdyn_workorders"),
            ("dataverse", "msdyn_workorderproducts"),
            ("dataverse", "msdyn_workorderservices"),
            ("finops", "CDSSalesOrderHeaders"),
            ("finops", "CDSSalesOrderLines"),
        )
    }
    return Loop(opening, work, second, posted, stock, third, site.writing_requests(), tables)


def post(site: Site) -> dict[str, int]:
    """Let Supply Chain Management post journals and finished orders."""
    journals = site.sandbox.control("POST", "/scm/post-integration-journals")
    return {**journals, "orders": site.sandbox.control("POST", "/scm/post-sales-orders")["orders"]}


def test_stock_is_equal_on_both_ends_before_technicians_begin(loop):
    assert loop.opening_stock.pairs > 50
    assert loop.opening_stock.differences == []


def test_technicians_adjusted_moved_and_used_stock(loop):
    kinds = ("adjustments_posted", "transfers_posted", "orders_allocated", "orders_started", "orders_completed")
    assert {kind for kind in kinds if not loop.work.get(kind)} == set()


def test_every_kind_of_document_reached_supply_chain_management_and_was_posted(loop):
    assert {area: sum(books.created for books in loop.second[area]) > 0 for area in DOCUMENTS} == dict.fromkeys(
        DOCUMENTS, True
    )
    assert loop.posted["journals"] > 0
    assert loop.posted["orders"] > 0


def test_stock_per_product_and_warehouse_is_equal_again_to_two_decimals(loop):
    assert loop.stock.pairs >= loop.opening_stock.pairs
    assert loop.stock.differences == []


def test_a_third_cycle_writes_nothing(loop):
    written = {area: sum(own.created + own.updated for own in books) for area, books in loop.third.items()}
    assert written == dict.fromkeys(NINE_AREAS, 0)
    assert loop.third_writes == ONLY_REFUSED


@pytest.mark.parametrize("turn", ["second", "third"])
def test_the_books_of_every_turn_account_for_every_row(loop, turn):
    for area, books in getattr(loop, turn).items():
        for own in books:
            assert own.read + own.generated == own.accounted, (area, own)


def test_sales_orders_hold_what_the_rules_demand_line_by_line(loop):
    found = {
        (row["SalesOrderNumber"], int(row["LineCreationSequenceNumber"])): tuple(
            Decimal(str(row[name])) for name in ("OrderedSalesQuantity", "SalesPrice", "TotalDiscountAmount")
        )
        for row in loop.tables["CDSSalesOrderLines"]
    }
    expected = {key: line for key, line in demanded_lines(loop.tables) if key in found}
    assert len(expected) > 80
    assert found == expected


def test_sales_orders_carry_the_status_of_their_work_order(loop):
    names = {
        690970001: "OpenScheduled",
        690970002: "OpenInProgress",
        690970003: "OpenCompleted",
        690970004: "ClosedPosted",
    }
    orders = {row["msdyn_name"]: row["msdyn_systemstatus"] for row in loop.tables["msdyn_workorders"]}
    status = {
        row["SalesOrderNumber"]: row["ExternalWorkOrderStatus"]
        for row in loop.tables["CDSSalesOrderHeaders"]
        if row["SalesOrderOriginType"] == "WorkOrderIntegration" and orders[row["SalesOrderNumber"]] != CANCELED
    }
    assert len(status) > 25
    assert status == {number: names[orders[number]] for number in status}


def demanded_lines(tables: dict[str, list[Row]]) -> Iterator[tuple[tuple[str, int], tuple[Decimal, ...]]]:
    """Compute by hand what each line of a sales order must hold (docs/areas/work-orders.md, "Estimated or used")."""
    orders = {row["msdyn_workorderid"]: row for row in tables["msdyn_workorders"]}
    for line in tables["msdyn_workorderproducts"]:
        order = orders[line["msdyn_workorder"]]
        estimated, used = (number(line, name) for name in ("msdyn_estimatequantity", "msdyn_quantity"))
        is_estimate = bool(line.get("msdyn_allocated")) and is_open_estimate(line, order)
        if line.get("msdyn_lineorder"):
            yield (order["msdyn_name"], int(line["msdyn_lineorder"])), amounts(line, is_estimate, estimated, used)
    for line in tables["msdyn_workorderservices"]:
        order = orders[line["msdyn_workorder"]]
        estimated, used = (number(line, name) / 60 for name in ("msdyn_estimateduration", "msdyn_duration"))
        is_estimate = is_open_estimate(line, order)
        if line.get("msdyn_lineorder"):
            yield (order["msdyn_name"], -int(line["msdyn_lineorder"])), amounts(line, is_estimate, estimated, used)


def is_open_estimate(line: Row, order: Row) -> bool:
    return line["msdyn_linestatus"] == ESTIMATED and order["msdyn_systemstatus"] != POSTED


def amounts(line: Row, is_estimate: bool, estimated: Decimal, used: Decimal) -> tuple[Decimal, ...]:
    """Give quantity, price and discount of a line."""
    if is_estimate:
        price, discount = number(line, "msdyn_estimateunitamount"), number(line, "msdyn_estimatediscountamount")
        return rounded(estimated, 5), rounded(price, 4), rounded(discount, 4)
    total, discount = number(line, "msdyn_totalamount"), number(line, "msdyn_discountamount")
    price = (total + discount) / used if used else Decimal(0)
    return rounded(used, 5), rounded(price, 4), rounded(price * used - total, 4)


def number(row: Row, column: str) -> Decimal:
    return Decimal(str(row.get(column) or 0))


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
