"""The three companies of the world: currency, sites, and how each names its warehouses and products.

Warehouse ids and product numbers differ per company, because Field Service knows both only once per organisation
(docs/areas/warehouses.md).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Company:
    """One legal entity.

    :param share: its part of all on-hand rows; :param first_warehouse: number of its first warehouse.
    :param warehouse_prefix: before the number of a warehouse id; :param product_prefix: likewise for product numbers.
    :param places: towns of its sites and warehouses.
    """

    data_area_id: str
    currency: str
    country: str
    share: float
    first_warehouse: int
    warehouse_prefix: str
    product_prefix: str
    places: tuple[str, ...]

    def warehouse_id(self, index: int) -> str:
        """Give the id of the warehouse with this index, from 0."""
        return f"{self.warehouse_prefix}{self.first_warehouse + index}"


COMPANIES = (
    Company("usmf", "USD", "USA", 0.5, 11, "", "M", ("Seattle", "Redmond", "Tacoma", "Spokane", "Portland", "Boise")),
    Company("demf", "EUR", "DEU", 0.3, 101, "D", "DE", ("Berlin", "Hamburg", "Leipzig", "Kassel", "Ulm", "Bremen")),
    Company("frrt", "EUR", "FRA", 0.2, 201, "F", "FR", ("Paris", "Lyon", "Nantes", "Lille", "Reims", "Dijon")),
)
