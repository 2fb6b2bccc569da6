"""Posting in Supply Chain Management: journals and finished orders move the stock, once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.finops.business.test_journals import (
    ADJUSTED,
    ADJUSTMENT,
    ADJUSTMENT_LINES,
    ADJUSTMENTS,
    KINDS,
    MOVED,
    TRANSFER,
    TRANSFER_LINES,
    TRANSFERS,
)
from tests.sandbox.finops.business.test_sales_orders import HEADERS, LINE, LINE_KEY, LINES, ORDER

ON_HAND = "WarehousesOnHandV2"
ORDER_KEY = "SalesOrderNumber='WO-U0001'"


def test_an_adjustment_adds_its_quantity_to_the_stock(business: Any) -> None:
    business.made(ADJUSTMENTS, ADJUSTMENT)
    business.made(ADJUSTMENT_LINES, ADJUSTED)
    business.made(ADJUSTMENT_LINES, {**ADJUSTED, "LineNumber": 18, "InventoryQuantity": 4})
    assert business.service.system.post_journals() == {"journals": 1, "lines": 2}
    assert business.stock("M0001", "11") == (Decimal("21.5"), 1)


@pytest.mark.parametrize(("quantity", "source", "destination"), [(-3, -3, 3), (3, 3, -3)], ids=["issue", "wrong sign"])
def test_a_transfer_takes_its_quantity_as_an_issue(business: Any, quantity: int, source: int, destination: int) -> None:
    business.made(TRANSFERS, TRANSFER)
    business.made(TRANSFER_LINES, {**MOVED, "InventoryQuantity": quantity})
    assert business.service.system.post_journals() == {"journals": 1, "lines": 1}
    assert [business.stock("M0002", place)[0] for place in ("11", "12")] == [source, destination]


def test_a_first_movement_makes_the_row_of_the_variant_at_the_site_of_the_warehouse(business: Any) -> None:
    business.made(TRANSFERS, TRANSFER)
    business.made(TRANSFER_LINES, MOVED)
    business.service.system.post_journals()
    made = [row for row in business.rows(ON_HAND) if row["ItemNumber"] == "M0002"]
    assert {(row["InventoryWarehouseId"], row["InventorySiteId"], row["ProductColorId"]) for row in made} == {
        ("11", "1", "RED"), ("12", "2", "RED"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_posted_journal_takes_no_change_and_is_not_posted_again(business: Any, kind: Any) -> None:
    headers, header, lines, line = kind
    business.made(headers, header)
    business.made(lines, line)
    business.service.system.post_journals()
    stock = business.rows(ON_HAND)
    (posted,) = business.rows(headers)
    assert (posted["IsPosted"], posted["PostedDateTime"] > "2000") == ("Yes", True)
    number = header["JournalNumber"]
    refusals = [
        business.patch(headers, f"JournalNumber='{number}'", {"Description": "later"}),
        business.post(lines, {**line, "LineNumber": 99}),
    ]
    assert all(f"Journal {number} is posted; it cannot be changed." in answer.reason for answer in refusals)
    assert business.service.system.post_journals() == {"journals": 0, "lines": 0}
    assert business.rows(ON_HAND) == stock


def test_a_finished_order_is_delivered_and_invoiced_and_takes_stock_and_order_down(business: Any) -> None:
    business.made(HEADERS, {**ORDER, "ExternalWorkOrderStatus": "OpenCompleted"})
    business.made(LINES, LINE)
    business.made(LINES, {**LINE, "LineCreationSequenceNumber": -1, "ProductNumber": "M0009", "SalesUnitSymbol": "hr"})
    assert business.service.system.post_orders() == {"orders": 1, "lines": 2}
    assert business.stock("M0001", "11") == (15, 1)
    assert {row["SalesOrderLineStatus"] for row in business.rows(LINES)} == {"Invoiced"}
    assert business.rows(HEADERS)[0]["SalesOrderStatus"] == "Invoiced"
    assert business.service.system.post_orders() == {"orders": 0, "lines": 0}


@pytest.mark.parametrize(
    ("changes", "orders"),
    [
        ({"ExternalWorkOrderStatus": "OpenUnscheduled"}, 0),
        ({"ExternalWorkOrderStatus": "OpenScheduled"}, 0),
        ({"ExternalWorkOrderStatus": "OpenInProgress"}, 0),
        ({"ExternalWorkOrderStatus": "OpenCompleted"}, 1),
        ({"ExternalWorkOrderStatus": "ClosedPosted"}, 1),
        ({"ExternalWorkOrderStatus": "ClosedCanceled"}, 0),
        ({"ExternalWorkOrderStatus": "OpenCompleted", "SalesOrderOriginType": "NotSpecified"}, 0),
    ],
)
def test_only_orders_of_finished_work_orders_are_posted(business: Any, changes: dict[str, str], orders: int) -> None:
    business.made(HEADERS, {**ORDER, **changes})
    assert business.service.system.post_orders()["orders"] == orders


def test_an_invoiced_order_takes_its_last_status_but_no_other_quantity(business: Any) -> None:
    business.made(HEADERS, {**ORDER, "ExternalWorkOrderStatus": "OpenCompleted"})
    business.made(LINES, LINE)
    business.service.system.post_orders()
    assert business.patch(HEADERS, ORDER_KEY, {"ExternalWorkOrderStatus": "ClosedPosted"}).status == 204
    assert business.patch(LINES, LINE_KEY, {"OrderedSalesQuantity": 5}).status == 204
    refused = business.patch(LINES, LINE_KEY, {"OrderedSalesQuantity": 4})
    assert "is delivered; it cannot be changed" in refused.reason
    assert "its parties cannot be changed" in (
        business.patch(HEADERS, ORDER_KEY, {"OrderingCustomerAccountNumber": "US-002"}).reason
    )
    assert business.stock("M0001", "11") == (15, 1)


def test_posting_counts_as_a_change_for_incremental_exports(business: Any) -> None:
    business.service.export("FS_ONHAND_EXPORT_INCREMENTAL")
    business.made(ADJUSTMENTS, ADJUSTMENT)
    business.made(ADJUSTMENT_LINES, ADJUSTED)
    business.service.system.post_journals()
    (line,) = business.service.exported(business.service.export("FS_ONHAND_EXPORT_INCREMENTAL"))
    assert line.startswith("M0001,11,1,M0001,")
    assert ",17.500000," in line
