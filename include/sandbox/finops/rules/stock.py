"""On-hand stock: one row per item, dimensions, site and warehouse, made when something moves for the first time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.finops.schema import COMPANY
from sandbox.finops.store import Database, Row, Transaction, fold
from sandbox.finops.tables.inventory import ON_HAND, WAREHOUSES

ITEM = (
    "ItemNumber", "ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId",
)  # fmt: skip


def move(
    database: Database, transaction: Transaction, *, company: str, product: Row, warehouse: str, on_hand: Any = 0,
    on_order: Any = 0,
) -> None:  # fmt: skip
    """Add to the stock of a product in a warehouse.

    :param product: row that holds item number and dimensions; :param on_hand: physical pieces; :param on_order: pieces
        that sales orders wait for.
    """
    store = database.stores[ON_HAND.collection]
    place = database.stores[WAREHOUSES.collection].rows[fold(company), fold(warehouse)]
    item = {name: product[name] for name in ITEM}
    where = {
        COMPANY: company, **item, "InventorySiteId": place["OperationalSiteId"],
        "InventoryWarehouseId": place["WarehouseId"],
    }  # fmt: skip
    found = store.rows.get(store.key_of(where))
    row = found or database.new_row(store, {**where, "ProductName": product.get("ProductName", "")})
    physical, ordered = _sum(row["OnHandQuantity"], on_hand), _sum(row["OnOrderQuantity"], on_order)
    changes = {
        "OnHandQuantity": physical, "OnOrderQuantity": ordered, "AvailableOnHandQuantity": physical,
        "TotalAvailableQuantity": physical - ordered,
    }  # fmt: skip
    transaction.put(store, store.key_of(row), database.next_version(store, row, changes))


def _sum(value: Any, more: Any) -> Decimal:
    return Decimal(str(value)) + Decimal(str(more))
