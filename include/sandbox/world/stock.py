"""On-hand stock of a company by product and warehouse, as `WarehousesOnHandV2` shows it.

A million rows are plain dictionaries that share their texts and most of their numbers, so that a large world stays
within bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from sandbox.world.catalogue import Product

Row = dict[str, Any]

# Part of the product and warehouse pairs that have stock.
DENSITY = 0.7
_POOL = 2_048


def on_hand(product: Product, warehouse: Row, quantities: tuple[float, float, float], *, site: str = "") -> Row:
    """Give one on-hand row.

    :param quantities: physical on hand, on order from sales, ordered from purchasing, in the inventory unit.
    :param site: when not the warehouse's own.
    """
    physical, on_order, ordered = quantities
    return {
        "dataAreaId": warehouse["dataAreaId"],
        "ItemNumber": product.item,
        "ProductColorId": product.colour,
        "ProductConfigurationId": "",
        "ProductSizeId": "",
        "ProductStyleId": "",
        "ProductVersionId": "",
        "InventorySiteId": site or warehouse["OperationalSiteId"],
        "InventoryWarehouseId": warehouse["WarehouseId"],
        "ProductName": product.name,
        "OnHandQuantity": physical,
        "OnOrderQuantity": on_order,
        "OrderedQuantity": ordered,
    }


class Quantities:
    """Draw quantities from prepared numbers: mostly whole pieces, some with two decimals, few with up to six."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._physical = [_amount(random, 500) for _ in range(_POOL)]
        self._planned = [0.0 if random.random() < 0.6 else float(random.randrange(1, 40)) for _ in range(_POOL)]

    def draw(self) -> tuple[float, float, float]:
        """Give on hand, on order and ordered of one pair."""
        number = self._random.getrandbits(33)
        planned = self._planned
        return self._physical[number % _POOL], planned[(number >> 11) % _POOL], planned[(number >> 22) % _POOL]


def _amount(random: Random, limit: int) -> float:
    kind = random.random()
    if kind < 0.85:
        return float(random.randrange(limit))
    return round(random.uniform(0, limit), 2 if kind < 0.97 else 6)


def company_stock(products: list[Product], warehouses: list[Row], rows: int, random: Random) -> Iterator[Row]:
    """Give exactly so many rows for distinct pairs of a stocked product and a warehouse.

    The first product has stock in the first warehouse in every world. `products` times `warehouses` pairs must suffice.
    """
    quantities = Quantities(random)
    stocked = [product for product in products if product.is_stocked]
    pairs_left = len(stocked) * len(warehouses)
    wanted = rows
    for product in stocked:
        for warehouse in warehouses:
            if wanted == 0:
                return
            if wanted in (rows, pairs_left) or random.random() < DENSITY:
                yield on_hand(product, warehouse, quantities.draw())
                wanted -= 1
            pairs_left -= 1
