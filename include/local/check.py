"""Compare stock on both ends, row by row, straight from the sandbox's tables.

Written without a line of the package, so that the demo and the tests have a second opinion on what the package did.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from local.services import Sandbox

DIMENSIONS = (
    "ItemNumber",
    "ProductColorId",
    "ProductConfigurationId",
    "ProductSizeId",
    "ProductStyleId",
    "ProductVersionId",
)
INVENTORY = 690970000
QUANTITIES = {
    "OnHandQuantity": "msdyn_qtyonhand",
    "OnOrderQuantity": "msdyn_qtyallocated",
    "OrderedQuantity": "msdyn_qtyonorder",
}
LIMIT = Decimal("1000000000")

Pair = tuple[str, str]


@dataclass(frozen=True)
class StockCheck:
    """:param pairs: pairs of product and warehouse to agree; :param differences: those that do not, as sentences."""

    pairs: int
    differences: list[str]


def compare_stock(sandbox: Sandbox) -> StockCheck:
    """Compare F&O's on-hand, rounded half to even to two decimals, with Field Service's product inventory.

    Compared is every externally maintained warehouse with every inventory product that Field Service knows.
    """
    expected, actual = expected_stock(sandbox), actual_stock(sandbox)
    differences = []
    for pair in sorted(expected.keys() | actual.keys()):
        wanted, found = expected.get(pair, {}), actual.get(pair, {})
        for column in QUANTITIES.values():
            if wanted.get(column, Decimal(0)) != found.get(column, Decimal(0)):
                differences.append(f"{pair}: {column} should be {wanted.get(column, 0)}, is {found.get(column, 0)}")
    return StockCheck(pairs=len(expected.keys() | actual.keys()), differences=differences)


def expected_stock(sandbox: Sandbox) -> dict[Pair, dict[str, Decimal]]:
    """Return what Field Service should show: column -> quantity per (product number, warehouse)."""
    numbers = {
        (row["dataAreaId"], *(row[name] for name in DIMENSIONS)): row["ProductNumber"]
        for row in rows(sandbox, "finops", "CDSReleasedDistinctProducts")
    }
    products = {row["productnumber"] for row in rows(sandbox, "dataverse", "products")
                if row.get("msdyn_fieldserviceproducttype") == INVENTORY}  # fmt: skip
    warehouses = external_warehouses(sandbox)
    sums: dict[Pair, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(QUANTITIES.values(), Decimal(0)))
    for row in rows(sandbox, "finops", "WarehousesOnHandV2"):
        number = numbers.get((row["dataAreaId"], *(row[name] for name in DIMENSIONS)))
        if number is not None and number in products and row["InventoryWarehouseId"] in warehouses:
            for source, column in QUANTITIES.items():
                sums[number, row["InventoryWarehouseId"]][column] += Decimal(str(row[source]))
    return {pair: _as_field_service(quantities) for pair, quantities in sums.items()
            if all(abs(value) <= LIMIT for value in quantities.values())}  # fmt: skip


def _as_field_service(quantities: dict[str, Decimal]) -> dict[str, Decimal]:
    """Two decimals, half to even; allocated and on order are never below zero in Field Service."""
    rounded = {column: value.quantize(Decimal("0.01"), ROUND_HALF_EVEN) for column, value in quantities.items()}
    return {
        column: value if column == "msdyn_qtyonhand" else max(value, Decimal(0)) for column, value in rounded.items()
    }


def actual_stock(sandbox: Sandbox) -> dict[Pair, dict[str, Decimal]]:
    """Return what Field Service shows for externally maintained warehouses."""
    products = {row["productid"]: row["productnumber"] for row in rows(sandbox, "dataverse", "products")}
    warehouses = {row["msdyn_warehouseid"]: row["msdyn_name"] for row in rows(sandbox, "dataverse", "msdyn_warehouses")}
    external = external_warehouses(sandbox)
    return {
        (products[row["msdyn_product"]], warehouses[row["msdyn_warehouse"]]): {
            column: Decimal(str(row.get(column) or 0)).quantize(Decimal("0.01")) for column in QUANTITIES.values()
        }
        for row in rows(sandbox, "dataverse", "msdyn_productinventories")
        if warehouses[row["msdyn_warehouse"]] in external
    }


def external_warehouses(sandbox: Sandbox) -> set[str]:
    return {
        row["msdyn_name"]
        for row in rows(sandbox, "dataverse", "msdyn_warehouses")
        if row.get("msdynce_ismaintainedexternally")
    }


def rows(sandbox: Sandbox, system: str, entity_set: str) -> list[dict[str, Any]]:
    return list(sandbox.control("GET", f"/state/{system}/{entity_set}"))
