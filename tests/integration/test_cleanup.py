"""Optional parts of work orders: closing the orders of cancelled ones, and the older template."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.conftest import Site

from fs_integration.spec.loader import load_mapping

Row = dict[str, Any]
ORDERS, HEADERS, LINES = "msdyn_workorders", "CDSSalesOrderHeaders", "CDSSalesOrderLines"
CANCELED = 690970005
STAMPS = ("createdon", "modifiedon", "versionnumber")


def cancel(site: Site, number: str) -> None:
    """Cancel a work order, and let its lines follow as the plug-ins do."""
    rows = site.rows("dataverse", ORDERS)
    for index, row in enumerate(rows):
        if row["msdyn_name"] == number:
            kept = {name: value for name, value in row.items() if name not in STAMPS}
            rows[index] = {**kept, "msdyn_systemstatus": CANCELED}
    site.replace("dataverse", ORDERS, rows)


def orders(site: Site) -> dict[str, str]:
    """Give the status of every sales order that belongs to a work order."""
    return {
        row["SalesOrderNumber"]: row["ExternalWorkOrderStatus"]
        for row in site.rows("finops", HEADERS)
        if row["SalesOrderOriginType"] == "WorkOrderIntegration"
    }


@pytest.fixture
def with_cleanup(monkeypatch):
    """Work orders with the task `work_order_canceled` enabled."""
    area = load_mapping("work_orders")
    tasks = tuple(
        task.model_copy(update={"enabled": True}) if task.name == "work_order_canceled" else task for task in area.tasks
    )
    changed = area.model_copy(update={"tasks": tasks})
    monkeypatch.setattr("tests.integration.conftest.load_mapping", lambda name: changed)


def test_the_order_of_a_cancelled_work_order_stays_as_it_is_by_default(nine):
    before = orders(nine)
    cancel(nine, "WO-U0002")
    nine.run("work_orders")
    assert orders(nine) == before


def test_the_cleanup_closes_orders_of_cancelled_work_orders_and_creates_none(nine, with_cleanup):
    before, lines = orders(nine), nine.rows("finops", LINES)
    assert "WO-U0009" not in before  # cancelled before it ever travelled
    cancel(nine, "WO-U0002")
    nine.run("work_orders")
    assert orders(nine) == {**before, "WO-U0002": "ClosedCanceled"}
    assert nine.rows("finops", LINES) == lines
    nine.sandbox.control("POST", "/stats/reset")
    nine.run("work_orders")
    assert nine.writing_requests() == {}


def test_the_older_template_gives_the_same_lines_for_work_orders_without_project(nine):
    by_newer_template = lines_of_orders_without_project(nine)
    for entity_set in (HEADERS, LINES):
        rows = nine.rows("finops", entity_set)
        nine.replace("finops", entity_set, [row for row in rows if not row["SalesOrderNumber"].startswith("WO-")])
    nine.sandbox.control("POST", "/limits", {"dataverse": {"switches": {"column_security_profile": True}}})
    nine.run("work_orders_phase_one")
    assert len(by_newer_template) > 25
    assert lines_of_orders_without_project(nine) == by_newer_template


def lines_of_orders_without_project(site: Site) -> dict[tuple[str, int], Row]:
    with_project = {row["msdyn_name"] for row in site.rows("dataverse", ORDERS) if row["msdynce_externalproject"]}
    columns = ("dataAreaId", "ProductNumber", "OrderedSalesQuantity", "SalesUnitSymbol", "SalesPrice",
               "TotalDiscountAmount", "ShippingWarehouseId", "ShippingSiteId", "LineDescription")  # fmt: skip
    return {
        (row["SalesOrderNumber"], int(row["LineCreationSequenceNumber"])): {name: row[name] for name in columns}
        for row in site.rows("finops", LINES)
        if row["SalesOrderNumber"] not in with_project and row["SalesOrderNumber"].startswith("WO-")
    }
