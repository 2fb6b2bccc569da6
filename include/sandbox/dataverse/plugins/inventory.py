"""On-hand stock: external levels become inventory journals, and journals move the product inventory.

Two plug-ins as on the real system. The integration solution compares the level that arrives from Supply Chain
Management with the Field Service stock and writes one manual journal per difference; Field Service then applies every
new journal to `msdyn_productinventory`.
"""

from __future__ import annotations

from typing import Any

from sandbox.dataverse.errors import plugin_refusal
from sandbox.dataverse.service import Call, Change, OrganizationService
from sandbox.dataverse.store import Row

ON_HAND, ON_ORDER, ALLOCATED = 690970000, 690970001, 690970002
MANUAL = 690970006

# external level, stock column it is compared with, type of the journal that levels the difference
LEVELS = (
    ("msdynce_onhandquantity", "msdyn_qtyonhand", ON_HAND),
    ("msdynce_onorderquantity", "msdyn_qtyallocated", ALLOCATED),
    ("msdynce_orderedquantity", "msdyn_qtyonorder", ON_ORDER),
)
# what a journal adds to each stock column, per unit of its quantity
MOVEMENTS = {
    ON_HAND: (("msdyn_qtyonhand", 1), ("msdyn_qtyavailable", 1)),
    ON_ORDER: (("msdyn_qtyonorder", 1),),
    ALLOCATED: (("msdyn_qtyallocated", 1), ("msdyn_qtyavailable", -1)),
}
TRIGGERS = frozenset({"msdynce_product", "msdynce_warehouse", *(level for level, _, _ in LEVELS)})

_STOCK_KEY = ("msdyn_product", "msdyn_warehouse")


def level_stock(service: OrganizationService, call: Call, change: Change) -> None:
    """Write a manual journal for every difference between external level and stock.

    Runs on every create, and on an update that names a trigger column, even with an equal value. A level missing from
    an update counts with its stored value, a level never given counts as zero.

    :raises DataverseError: product or warehouse missing; several stock rows for the pair.
    """
    if change.before is not None and TRIGGERS.isdisjoint(change.target):
        return
    external = change.after
    product_id, warehouse_id = external.get("msdynce_product"), external.get("msdynce_warehouse")
    if product_id is None or warehouse_id is None:
        raise plugin_refusal("External product inventory needs both msdynce_product and msdynce_warehouse.")
    stock = stock_row(service, product_id, warehouse_id) or {}
    product = service.database.row("product", product_id) or {}
    journals = service.database.schema.tables["msdyn_inventoryjournal"]
    for level, stock_column, journal_type in LEVELS:
        difference = round(external.get(level, 0.0) - stock.get(stock_column, 0.0), 2)
        if difference == 0:
            continue
        journal = {
            "msdyn_journaltype": journal_type,
            "msdyn_transactiontype": MANUAL,
            "msdyn_product": product_id,
            "msdyn_warehouse": warehouse_id,
            "msdyn_unit": product.get("msdynce_inventoryunit") or product.get("defaultuomid"),
            "msdyn_quantity": difference,
        }
        service.create(call, journals, journal)


def keep_ledger(service: OrganizationService, call: Call, change: Change) -> None:
    """Apply a new journal to the product inventory of its product and warehouse; create that row when absent.

    :raises DataverseError: a stock column would leave its range (allocated and on order never go below zero).
    """
    journal = change.after
    product_id, warehouse_id = journal.get("msdyn_product"), journal.get("msdyn_warehouse")
    journal_type = journal.get("msdyn_journaltype")
    if product_id is None or warehouse_id is None or journal_type is None:
        raise plugin_refusal("An inventory journal needs a product, a warehouse and a journal type.")
    stock = stock_row(service, product_id, warehouse_id)
    table = service.database.schema.tables["msdyn_productinventory"]
    levels: Row = stock or {}
    quantity = journal.get("msdyn_quantity", 0.0)
    moved: dict[str, Any] = {
        column: round(levels.get(column, 0.0) + sign * quantity, 2) for column, sign in MOVEMENTS[journal_type]
    }
    if stock is not None:
        service.update(call.as_system, table, stock[table.primary_id], moved)
        return
    zeros = {
        column: 0.0 for column in ("msdyn_qtyonhand", "msdyn_qtyallocated", "msdyn_qtyonorder", "msdyn_qtyavailable")
    }
    keys = {"msdyn_product": product_id, "msdyn_warehouse": warehouse_id, "msdyn_unit": journal.get("msdyn_unit")}
    service.create(call.as_system, table, {**keys, **zeros, **moved})


def stock_row(service: OrganizationService, product_id: str, warehouse_id: str) -> Row | None:
    """Find the one stock row of a product in a warehouse."""
    store = service.database.stores["msdyn_productinventory"]
    ids = store.find(_STOCK_KEY, (product_id, warehouse_id))
    if len(ids) > 1:
        raise plugin_refusal("There should be only one product inventory record per product/warehouse.")
    return store.rows[ids[0]] if ids else None
