"""Supply Chain Management at work: stock moves between two runs of the integration."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any, Protocol

from sandbox.world import peculiarities

Row = dict[str, Any]
ON_HAND = "WarehousesOnHandV2"
QUANTITIES = ("OnHandQuantity", "OnOrderQuantity", "OrderedQuantity")
# One row in so many is sold out; F&O then does not list it any longer.
SOLD_OUT_EVERY = 8


class Stock(Protocol):
    """The system that holds the on-hand rows."""

    def dump(self, entity_set: str) -> Iterable[Row]:
        """Give every row."""

    def replace(self, entity_set: str, rows: list[Row]) -> None:
        """Replace every row."""


def move_stock(finops: Stock, count: int, seed: int) -> dict[str, int]:
    """Move the stock of so many on-hand rows, or of all when there are fewer; the unusual rows stay as they are.

    :return: number of rows with new quantities (`changed`) and of rows sold out and gone (`vanished`).
    """
    random = Random(f"{seed}/activity")
    rows = list(finops.dump(ON_HAND))
    unusual = {_key(row) for row in peculiarities.rows(ON_HAND)}
    ordinary = [index for index, row in enumerate(rows) if _key(row) not in unusual]
    chosen = random.sample(ordinary, min(count, len(ordinary)))
    vanished = set(chosen[SOLD_OUT_EVERY - 1 :: SOLD_OUT_EVERY])
    for index in chosen:
        if index not in vanished:
            rows[index] = _moved(rows[index], random)
    finops.replace(ON_HAND, [row for index, row in enumerate(rows) if index not in vanished])
    return {"changed": len(chosen) - len(vanished), "vanished": len(vanished)}


def _key(row: Row) -> tuple[str, ...]:
    return row["dataAreaId"], row["ItemNumber"], row["InventorySiteId"], row["InventoryWarehouseId"]


def _moved(row: Row, random: Random) -> Row:
    """Receive or issue whole pieces, so that every moved row differs from before after rounding."""
    quantity = float(row["OnHandQuantity"])
    step = random.randrange(1, 25)
    physical = quantity - step if random.random() < 0.5 and quantity >= step else quantity + step
    ordered = float(random.randrange(0, 30))
    return {**row, "OnHandQuantity": round(physical, 6), "OrderedQuantity": ordered}
