"""Sales orders of external systems: parties, origin, project, and lines that move what is on order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

HEADERS, LINES = "CDSSalesOrderHeaders", "CDSSalesOrderLines"
ORDER = {
    "SalesOrderNumber": "WO-U0001", "OrderingCustomerAccountNumber": "US-001", "CurrencyCode": "USD",
    "SalesOrderOriginType": "WorkOrderIntegration", "ExternalWorkOrderStatus": "OpenScheduled",
}  # fmt: skip
LINE = {
    "SalesOrderNumber": "WO-U0001", "LineCreationSequenceNumber": 1, "ProductNumber": "M0001",
    "OrderedSalesQuantity": 5, "SalesUnitSymbol": "ea", "ShippingWarehouseId": "11",
}  # fmt: skip
LINE_KEY = "SalesOrderNumber='WO-U0001',LineCreationSequenceNumber=1"


def test_the_origin_code_follows_from_the_origin_type(business: Any) -> None:
    order = business.made(HEADERS, ORDER)
    assert (order["SalesOrderOriginCode"], order["SalesOrderStatus"]) == ("FS-WO", "Backorder")


@pytest.mark.parametrize(
    ("codes", "count"), [([], 0), ([("A", "Yes"), ("B", "Yes")], 2), ([("A", "No")], 0)], ids=["none", "two", "unset"]
)
def test_exactly_one_origin_must_have_the_type(business: Any, codes: list[tuple[str, str]], count: int) -> None:
    business.service.system.replace("SalesOrderOriginCodes", [
        {"dataAreaId": "usmf", "OriginCode": code, "IsOriginTypeAssigned": assigned,
         "OriginType": "WorkOrderIntegration"}
        for code, assigned in codes
    ])  # fmt: skip
    answer = business.post(HEADERS, ORDER)
    assert answer.status == 400
    assert f"{count} sales origins have the origin type WorkOrderIntegration" in answer.reason


def test_an_origin_of_another_company_does_not_count(business: Any) -> None:
    order = {**ORDER, "dataAreaId": "demf", "OrderingCustomerAccountNumber": "DE-001"}
    assert "0 sales origins" in business.post(HEADERS, order).reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"OrderingCustomerAccountNumber": "US-999"}, "'US-999' in field 'OrderingCustomerAccountNumber'"),
        ({"OrderingCustomerAccountNumber": "DE-001"}, "'DE-001' in field 'OrderingCustomerAccountNumber'"),
        ({"OrderingCustomerAccountNumber": ""}, "Field 'OrderingCustomerAccountNumber' must be filled in."),
        ({"InvoiceCustomerAccountNumber": "US-999"}, "'US-999' in field 'InvoiceCustomerAccountNumber'"),
        ({"CurrencyCode": "XXX"}, "'XXX' in field 'CurrencyCode'"),
        ({"DefaultShippingWarehouseId": "99"}, "'99' in field 'DefaultShippingWarehouseId'"),
        ({"ProjectId": "P-U0099"}, "'P-U0099' in field 'ProjectId' is not found in table 'Projects'"),
        ({"ProjectId": "P-U0002"}, "Customer US-001 is no funding source of project P-U0002."),
        ({"SalesOrderNumber": "WO-U0001-AND-MORE-THAN-20"}, "is longer than 20 characters"),
        ({"SalesOrderStatus": "Invoiced"}, "The field 'SalesOrderStatus' does not allow editing."),
        ({"ExternalWorkOrderStatus": "Scheduled"}, "Cannot convert the literal 'Scheduled'"),
    ],
)
def test_a_wrong_order_is_refused(business: Any, changes: dict[str, str], reason: str) -> None:
    answer = business.post(HEADERS, {**ORDER, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert business.rows(HEADERS) == []


def test_the_project_of_an_order_never_changes(business: Any) -> None:
    business.made(HEADERS, {**ORDER, "ProjectId": "P-U0001"})
    key = "SalesOrderNumber='WO-U0001'"
    assert business.patch(HEADERS, key, {"ProjectId": "P-U0001", "SalesOrderName": "Same"}).status == 204
    assert "cannot be changed" in business.patch(HEADERS, key, {"ProjectId": ""}).reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SalesOrderNumber": "WO-U0002"}, "in field 'SalesOrderNumber' is not found in table 'Sales orders'"),
        ({"ProductNumber": "M0404"}, "'M0404' in field 'ProductNumber' is not found in table 'Released products'"),
        ({"ProductNumber": "DE0001"}, "'DE0001' in field 'ProductNumber'"),
        ({"SalesUnitSymbol": "crate"}, "'crate' in field 'SalesUnitSymbol' is not found in table 'Units'"),
        ({"ShippingWarehouseId": "99"}, "'99' in field 'ShippingWarehouseId'"),
        ({"ShippingSiteId": "2"}, "Warehouse '11' does not belong to site '2'."),
        ({"LineCreationSequenceNumber": 1.5}, "Cannot convert the literal '1.5'"),
        ({"SalesOrderLineStatus": "Invoiced"}, "The field 'SalesOrderLineStatus' does not allow editing."),
    ],
)  # fmt: skip
def test_a_wrong_line_is_refused_and_moves_nothing(business: Any, changes: dict[str, Any], reason: str) -> None:
    business.made(HEADERS, ORDER)
    answer = business.post(LINES, {**LINE, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert (business.rows(LINES), business.stock("M0001", "11")) == ([], (20, 1))


def test_a_line_takes_name_currency_and_origin_from_product_and_order(business: Any) -> None:
    business.made(HEADERS, ORDER)
    line = business.made(LINES, LINE)
    assert (line["ProductName"], line["CurrencyCode"]) == ("Name of M0001", "USD")
    assert line["SalesOrderOriginType"] == "WorkOrderIntegration"


def test_a_line_of_stocked_goods_raises_what_is_on_order_there_and_a_change_moves_the_difference(business: Any) -> None:
    business.made(HEADERS, ORDER)
    business.made(LINES, LINE)
    assert business.stock("M0001", "11") == (20, 6)
    assert business.patch(LINES, LINE_KEY, {"OrderedSalesQuantity": 2.5}).status == 204
    assert business.stock("M0001", "11") == (20, Decimal("3.5"))
    assert business.patch(LINES, LINE_KEY, {"ShippingWarehouseId": "12"}).status == 204
    assert (business.stock("M0001", "11"), business.stock("M0001", "12")) == ((20, 1), (0, Decimal("2.5")))


@pytest.mark.parametrize(
    "changes", [{"ProductNumber": "M0009"}, {"ShippingWarehouseId": ""}], ids=["service", "nowhere"]
)
def test_services_and_lines_without_a_warehouse_move_nothing(business: Any, changes: dict[str, str]) -> None:
    business.made(HEADERS, ORDER)
    business.made(LINES, {**LINE, **changes})
    assert business.stock("M0001", "11") == (20, 1)
    assert len(business.rows("WarehousesOnHandV2")) == 1


def test_service_lines_have_negative_numbers(business: Any) -> None:
    business.made(HEADERS, ORDER)
    line = business.made(LINES, {**LINE, "LineCreationSequenceNumber": -1, "ProductNumber": "M0009"})
    assert line["LineCreationSequenceNumber"] == -1


def test_the_product_of_a_line_never_changes(business: Any) -> None:
    business.made(HEADERS, ORDER)
    business.made(LINES, LINE)
    assert "product of a sales order line cannot be changed" in (
        business.patch(LINES, LINE_KEY, {"ProductNumber": "M0002:RED"}).reason
    )


def test_a_change_set_with_a_wrong_line_leaves_no_order_and_no_stock_behind(business: Any) -> None:
    wrong = {**LINE, "LineCreationSequenceNumber": 2, "ProductNumber": "M0404"}
    answer = business.change_set(("POST", HEADERS, ORDER), ("POST", LINES, LINE), ("POST", LINES, wrong))
    assert answer.status == 200
    assert b"HTTP/1.1 400" in answer.response.body
    assert b"M0404" in answer.response.body
    assert (business.rows(HEADERS), business.rows(LINES)) == ([], [])
    assert business.stock("M0001", "11") == (20, 1)


def test_a_change_set_may_bring_an_order_with_its_lines(business: Any) -> None:
    answer = business.change_set(("POST", HEADERS, ORDER), ("POST", LINES, LINE))
    assert answer.response.body.count(b"HTTP/1.1 201") == 2
    assert business.stock("M0001", "11") == (20, 6)
