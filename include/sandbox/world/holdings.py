"""What a company has in Field Service before the first run, and what its documents name.

Two warehouses, two parts and a service, which came from Supply Chain Management earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.world.companies import COMPANIES, Company
from sandbox.world.identity import row_id
from sandbox.world.organization import technician_id

Row = dict[str, Any]


@dataclass(frozen=True)
class Holdings:
    """Warehouses and products of one company, as rows of F&O.

    :param warehouses: two; :param parts: two products with stock; :param service: a service product.
    """

    company: Company
    warehouses: tuple[Row, Row]
    parts: tuple[Row, Row]
    service: Row

    @property
    def letter(self) -> str:
        """First letter of the company in the numbers of its documents."""
        return self.company.data_area_id[0].upper()

    @property
    def owner(self) -> str:
        """Id of the user who owns its documents."""
        return technician_id(self.company)

    def warehouse_id(self, index: int) -> str:
        """Give the id of one of its warehouses in Field Service."""
        return row_id("msdyn_warehouses", self.warehouses[index]["WarehouseId"])

    def part_id(self, index: int) -> str:
        """Give the id of one of its parts in Field Service."""
        return row_id("products", self.parts[index]["ProductNumber"])

    @property
    def service_id(self) -> str:
        """Id of its service in Field Service."""
        return row_id("products", self.service["ProductNumber"])

    @property
    def price_list(self) -> str:
        """Id of the price list of its currency."""
        return row_id("pricelevels", "Standard" if self.company.currency == "USD" else "Standard Europe")

    @property
    def currency(self) -> str:
        """Id of its currency in Field Service."""
        return row_id("transactioncurrencies", self.company.currency)


def holdings(warehouses: list[Row], products: list[Row]) -> list[Holdings]:
    """Choose the first two warehouses, the first two parts and the first service of every company.

    :param warehouses: rows of `Warehouses`; :param products: rows of `SellableReleasedProducts`.
    """
    return [_of(company, warehouses, products) for company in COMPANIES]


def _of(company: Company, warehouses: list[Row], products: list[Row]) -> Holdings:
    places = [row for row in warehouses if row["dataAreaId"] == company.data_area_id]
    mine = [row for row in products if row["dataAreaId"] == company.data_area_id]
    parts = [row for row in mine if row["FieldServiceProductType"] == "Inventory"]
    service = next(row for row in mine if row["FieldServiceProductType"] == "Service")
    return Holdings(company, (places[0], places[1]), (parts[0], parts[1]), service)
