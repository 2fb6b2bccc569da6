"""Inventory journals: one number space per company, journal names by type, and no change after posting."""

from __future__ import annotations

from sandbox.finops.rules.stock import ITEM
from sandbox.finops.rules.writes import Write
from sandbox.finops.schema import COMPANY
from sandbox.finops.store import Row, fold
from sandbox.finops.tables.journals import (
    ADJUSTMENT_HEADERS,
    ADJUSTMENT_LINES,
    DIMENSIONS,
    TRANSFER_HEADERS,
    TRANSFER_LINES,
)
from sandbox.finops.tables.products import DISTINCT

HEADERS_OF = {
    ADJUSTMENT_LINES.collection: ADJUSTMENT_HEADERS.collection,
    TRANSFER_LINES.collection: TRANSFER_HEADERS.collection,
}
# Journal names of the demo companies by the type of journal; the first one is the default.
NAMES = {ADJUSTMENT_HEADERS.collection: ("IAdj", "IAdjFS"), TRANSFER_HEADERS.collection: ("ITrf", "ITrfFS")}
OTHER = {
    ADJUSTMENT_HEADERS.collection: TRANSFER_HEADERS.collection,
    TRANSFER_HEADERS.collection: ADJUSTMENT_HEADERS.collection,
}


def check_header(write: Write) -> None:
    """Check a journal: adjustments and transfers share one number space."""
    journal, collection = write.after, write.entity.collection
    number = journal["JournalNumber"]
    if write.before is not None and write.before["IsPosted"] == "Yes":
        write.refuse(f"Journal {number} is posted; it cannot be changed.")
    if write.before is None and write.find(OTHER[collection], number):
        write.refuse(f"Journal {number} already exists as a journal of another type.")
    journal["JournalNameId"] = journal["JournalNameId"] or NAMES[collection][0]
    write.demand(journal["JournalNameId"] in NAMES[collection], "JournalNameId", "the journal names of this type")


def check_adjustment_line(write: Write) -> None:
    """Check a line of an adjustment."""
    _check_line(write)
    _demand_item(write, "")
    write.demand_place("InventorySiteId", "InventoryWarehouseId")
    write.demand(write.after["InventoryWarehouseId"], "InventoryWarehouseId", "table 'Warehouses'")


def check_transfer_line(write: Write) -> None:
    """Check a line of a transfer: product and place on both sides."""
    _check_line(write)
    for side in ("Source", "Destination"):
        _demand_item(write, side)
        write.demand_place(f"{side}InventorySiteId", f"{side}WarehouseId")
        write.demand(write.after[f"{side}WarehouseId"], f"{side}WarehouseId", "table 'Warehouses'")


def _check_line(write: Write) -> None:
    line = write.after
    journal = write.find(HEADERS_OF[write.entity.collection], line["JournalNumber"])
    write.demand(journal, "JournalNumber", "table 'Inventory journals'")
    if journal and journal["IsPosted"] == "Yes":
        write.refuse(f"Journal {line['JournalNumber']} is posted; it cannot be changed.")
    if line["LineNumber"] <= 0:
        write.refuse("The line number must be greater than 0.")
    if line["InventoryQuantity"] == 0:
        write.refuse("The quantity of an inventory journal line must not be 0.")
    line["JournalNameId"] = line["JournalNameId"] or (journal or {}).get("JournalNameId", "")


def _demand_item(write: Write, side: str) -> None:
    """Refuse a combination of item and dimensions that is no released product."""
    line = write.after
    wanted = (line["ItemNumber"], *(line[f"{side}{name}"] for name in DIMENSIONS))
    write.demand(product_of(write, wanted), "ItemNumber", "table 'Released products'")


def product_of(write: Write, item: tuple[str, ...]) -> Row | None:
    """Find the released product of an item number and its dimensions."""
    store = write.database.stores[DISTINCT.collection]
    start, stop = store.span((fold(write.after[COMPANY]),))
    wanted = tuple(fold(part) for part in item)
    rows = (store.rows[key] for key in store.order[start:stop])
    return next((row for row in rows if tuple(fold(row[name]) for name in ITEM) == wanted), None)


RULES = {
    ADJUSTMENT_HEADERS.collection: (check_header,),
    TRANSFER_HEADERS.collection: (check_header,),
    ADJUSTMENT_LINES.collection: (check_adjustment_line,),
    TRANSFER_LINES.collection: (check_transfer_line,),
}
