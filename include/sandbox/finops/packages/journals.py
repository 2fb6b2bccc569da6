"""The two journal entities that only packages know: headers and lines in one, with product numbers.

Their rows are the lines of the public journal entities. Their key is journal number and line number [inferred].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.finops.schema import COMPANY, Entity
from sandbox.finops.store import Database, Row, fold
from sandbox.finops.tables.journals import (
    ADJUSTMENT_HEADERS,
    ADJUSTMENT_LINES,
    DIMENSIONS,
    TRANSFER_HEADERS,
    TRANSFER_LINES,
)
from sandbox.finops.tables.products import DISTINCT

PRODUCT = "ProductNumber"
KEY = ("JournalNumber", "LineNumber")
_SIDES = ("Source", "Destination")


@dataclass(frozen=True)
class JournalEntity:
    """One of the two.

    :param columns: column in packages, in mixed case -> property of the line; the product number is none of them.
    :param sides: prefixes of the dimensions in a line.
    """

    label: str
    target: str
    headers: Entity
    lines: Entity
    columns: dict[str, str]
    sides: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Columns in packages, in mixed case."""
        return ("JournalNumber", "LineNumber", "JournalNameId", PRODUCT, *list(self.columns)[3:])

    def dimensions(self, product: Row) -> Row:
        """Give item number and dimensions of a product as a line holds them, on each of its sides."""
        found = {f"{side}{name}": product[name] for side in self.sides for name in DIMENSIONS}
        return {"ItemNumber": product["ItemNumber"], **found}

    def shown(self, database: Database, company: str) -> Callable[[Row], Row]:
        """Make the function that gives a line as packages show it, with the product number."""
        numbers = product_numbers(database, company)
        first = ("ItemNumber", *(f"{self.sides[0]}{name}" for name in DIMENSIONS))

        def show(line: Row) -> Row:
            number = numbers.get(tuple(fold(line[name]) for name in first), "")
            return {COMPANY: company, PRODUCT: number, **{name: line[item] for name, item in self.columns.items()}}

        return show


def product_numbers(database: Database, company: str) -> dict[tuple[str, ...], str]:
    """Give the product number of each item number with its dimensions, in the form they are compared in."""
    store = database.stores[DISTINCT.collection]
    start, stop = store.span((fold(company),))
    products = (store.rows[store.order[index]] for index in range(start, stop))
    item = ("ItemNumber", *DIMENSIONS)
    return {tuple([fold(row[name]) for name in item]): row[PRODUCT] for row in products}


def _columns(*names: str, **renamed: str) -> dict[str, str]:
    fixed = ("JournalNumber", "LineNumber", "JournalNameId", "ItemNumber", "InventoryQuantity")
    return {**{name: name for name in (*fixed, *names)}, **renamed}


ADJUSTMENTS = JournalEntity(
    "CDS Inventory adjustment journal headers and lines",
    "InventInventoryAdjustmentJournalEntryCDSEntity",
    ADJUSTMENT_HEADERS,
    ADJUSTMENT_LINES,
    _columns("InventorySiteId", *DIMENSIONS, WarehouseId="InventoryWarehouseId"),
    ("",),
)
TRANSFERS = JournalEntity(
    "CDS inventory transfer journal headers and lines",
    "InventInventoryTransferJournalEntryCDSEntity",
    TRANSFER_HEADERS,
    TRANSFER_LINES,
    _columns(
        *(f"{side}{name}" for side in _SIDES for name in ("InventorySiteId", "WarehouseId", *DIMENSIONS)),
        "DefaultLedgerDimensionDisplayValue",
    ),
    _SIDES,
)
JOURNALS = (ADJUSTMENTS, TRANSFERS)
