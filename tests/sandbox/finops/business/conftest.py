"""A small company in business: places, products, customers, projects, origins, a little stock."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

Row = dict[str, Any]


def product(company: str, number: str, item: str, kind: str, **more: Any) -> Row:
    return {
        "dataAreaId": company, "ProductNumber": number, "ItemNumber": item, "FieldServiceProductType": kind,
        "ProductName": f"Name of {number}", **more,
    }  # fmt: skip


WORLD: dict[str, list[Row]] = {
    "OperationalSites": [
        {"dataAreaId": company, "SiteId": site} for company, site in (("usmf", "1"), ("usmf", "2"), ("demf", "1"))
    ],
    "Warehouses": [
        {"dataAreaId": "usmf", "WarehouseId": "11", "OperationalSiteId": "1"},
        {"dataAreaId": "usmf", "WarehouseId": "12", "OperationalSiteId": "2"},
        {"dataAreaId": "demf", "WarehouseId": "D11", "OperationalSiteId": "1"},
    ],
    "UnitsOfMeasure": [{"UnitSymbol": "ea"}, {"UnitSymbol": "hr"}],
    "CDSReleasedDistinctProducts": [
        product("usmf", "M0001", "M0001", "Inventory"),
        product("usmf", "M0002:RED", "M0002", "Inventory", ProductColorId="RED"),
        product("usmf", "M0009", "M0009", "Service"),
        product("demf", "DE0001", "DE0001", "Inventory"),
    ],
    "CustomersV2": [
        {
            "dataAreaId": company, "CustomerAccount": number, "PartyType": "Organization", "OrganizationName": number,
            "CustomerGroupId": "10",
        }
        for company, number in (("usmf", "US-001"), ("usmf", "US-002"), ("demf", "DE-001"))
    ],
    "Projects": [
        {"dataAreaId": "usmf", "ProjectID": number, "CustomerAccount": customer, "ProjectGroup": "TM"}
        for number, customer in (("P-U0001", "US-001"), ("P-U0002", "US-002"))
    ],
    "SalesOrderOriginCodes": [
        {
            "dataAreaId": "usmf", "OriginCode": "FS-WO", "IsOriginTypeAssigned": "Yes",
            "OriginType": "WorkOrderIntegration",
        },
        {"dataAreaId": "usmf", "OriginCode": "WEB"},
    ],
    "WarehousesOnHandV2": [
        {
            "dataAreaId": "usmf", "ItemNumber": "M0001", "InventorySiteId": "1", "InventoryWarehouseId": "11",
            "OnHandQuantity": 20, "OnOrderQuantity": 1,
        },
    ],
}  # fmt: skip


class Business:
    """The environment with this world, and the questions the tests ask most.

    :param service: the environment under test, as the fixture of the package above gives it.
    """

    def __init__(self, service: Any) -> None:
        self.service = service
        service.system.load(WORLD)

    def post(self, entity_set: str, row: Row) -> Any:
        """Create a row in usmf, unless the row says otherwise."""
        return self.service.call("POST", f"/data/{entity_set}", {"dataAreaId": "usmf", **row})

    def made(self, entity_set: str, row: Row) -> Row:
        """Create a row that is surely accepted, and give it back as the system stored it."""
        answer = self.post(entity_set, row)
        assert answer.status == 201, answer.json
        stored: Row = answer.json
        return stored

    def patch(self, entity_set: str, key: str, changes: Row) -> Any:
        """Change a row of usmf. :param key: key predicate without the company."""
        return self.service.call("PATCH", f"/data/{entity_set}(dataAreaId='usmf',{key})", changes)

    def rows(self, entity_set: str) -> list[Row]:
        """Give all rows of an entity set."""
        return list(self.service.system.dump(entity_set))

    def stock(self, item: str, warehouse: str) -> tuple[Decimal, Decimal]:
        """Give on hand and on order of an item in a warehouse, zero where there is no row."""
        for row in self.rows("WarehousesOnHandV2"):
            if (row["ItemNumber"], row["InventoryWarehouseId"]) == (item, warehouse):
                return Decimal(row["OnHandQuantity"]), Decimal(row["OnOrderQuantity"])
        return Decimal(0), Decimal(0)

    def change_set(self, *operations: tuple[str, str, Row]) -> Any:
        """Send one change set of (method, address below /data/, body)."""
        parts = "".join(
            "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: {number}\r\n\r\n{method} {url} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
            f"{_json(body)}\r\n"
            for number, (method, url, body) in enumerate(operations, start=1)
        )
        body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
        headers = {"content_type": "multipart/mixed; boundary=b"}
        return self.service.call("POST", "/data/$batch", body.encode(), **headers)


def _json(row: Row) -> str:
    return json.dumps({"dataAreaId": "usmf", **row})


@pytest.fixture
def business(service: Any) -> Business:
    return Business(service)
