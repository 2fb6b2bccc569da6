"""Field Service's own stock movements: adjustments, transfers and work order products become inventory journals.

An adjustment or transfer moves stock when it becomes Posted, a work order product when it is allocated or used; only
products of the type Inventory have stock. Journals are written with the system's privileges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sandbox.dataverse.plugins.inventory import ALLOCATED, ON_HAND, stock_row
from sandbox.dataverse.service import Call, Change, OrganizationService
from sandbox.dataverse.store import Row

POSTED = 2
ESTIMATED, USED = 690970000, 690970001
CANCELED = 690970005
INVENTORY = 690970000
OF_WORK_ORDER, OF_ADJUSTMENT, OF_TRANSFER = 690970002, 690970003, 690970004

# journal type, product, warehouse, unit
Place = tuple[int, str, str, str | None]


def post_adjustment(service: OrganizationService, call: Call, change: Change) -> None:
    """Move the stock of an adjustment that has just been posted."""
    if not _has_become_posted(change):
        return
    warehouse = change.after.get("msdyn_warehouse")
    for line in _lines(service, "msdyn_inventoryadjustment", change):
        _move(service, call, line, warehouse, line.get("msdyn_quantity", 0.0), OF_ADJUSTMENT)


def post_transfer(service: OrganizationService, call: Call, change: Change) -> None:
    """Move the stock of a transfer that has just been posted: out of the source, into the destination."""
    if not _has_become_posted(change):
        return
    source, destination = change.after.get("msdyn_sourcewarehouse"), change.after.get("msdyn_destinationwarehouse")
    for line in _lines(service, "msdyn_inventorytransfer", change):
        quantity = line.get("msdyn_quantity", 0.0)
        _move(service, call, line, source, -quantity, OF_TRANSFER)
        _move(service, call, line, destination, quantity, OF_TRANSFER)


def move_work_order_stock(service: OrganizationService, call: Call, change: Change) -> None:
    """Write journals for the difference between what a work order product held before and what it holds now."""
    line = change.after or change.before or {}
    held = Counter(_held(service, change.after))
    held.subtract(Counter(_held(service, change.before or {})))
    for (kind, product, warehouse, unit), quantity in held.items():
        origin = {"msdyn_workorderproduct": change.after.get("msdyn_workorderproductid")}
        if kind == ALLOCATED:
            origin["msdyn_allocatedtoworkorder"] = line.get("msdyn_workorder")
            stock = stock_row(service, product, warehouse) or {}
            # A level from outside may have replaced the allocation meanwhile; no more is released than is there.
            quantity = max(quantity, -stock.get("msdyn_qtyallocated", 0.0))
        values = {**_place(product, warehouse, unit), **origin, "msdyn_transactiontype": OF_WORK_ORDER}
        _journal(service, call, {**values, "msdyn_journaltype": kind, "msdyn_quantity": quantity})


def _held(service: OrganizationService, line: Row) -> dict[Place, float]:
    """Tell what a line takes from the stock: an allocation while it is estimated, the used quantity afterwards."""
    product, warehouse = line.get("msdyn_product"), line.get("msdyn_warehouse")
    if product is None or warehouse is None or not _has_stock(service, product):
        return {}
    place = (product, warehouse, line.get("msdyn_unit"))
    if line.get("msdyn_linestatus") == USED:
        return {(ON_HAND, *place): -line.get("msdyn_quantity", 0.0)}
    if line.get("msdyn_allocated") and line.get("msdynce_headersystemstatus") != CANCELED:
        return {(ALLOCATED, *place): line.get("msdyn_estimatequantity", 0.0)}
    return {}


def _has_become_posted(change: Change) -> bool:
    before = change.before or {}
    return change.after.get("msdynce_poststatus") == POSTED and before.get("msdynce_poststatus") != POSTED


def _lines(service: OrganizationService, header: str, change: Change) -> Iterator[Row]:
    store = service.database.stores["msdyn_inventoryadjustmentproduct"]
    for line_id in list(store.find((header,), (change.after[f"{header}id"],))):
        yield store.rows[line_id]


def _move(
    service: OrganizationService, call: Call, line: Row, warehouse: str | None, quantity: float, transaction: int
) -> None:
    product = line.get("msdyn_product")
    if product is None or warehouse is None or not _has_stock(service, product):
        return
    values = {
        **_place(product, warehouse, line.get("msdyn_unit")),
        "msdyn_journaltype": ON_HAND,
        "msdyn_transactiontype": transaction,
        "msdyn_quantity": quantity,
        "msdyn_inventoryadjustmentproduct": line["msdyn_inventoryadjustmentproductid"],
    }
    _journal(service, call, values)


def _place(product: str, warehouse: str, unit: str | None) -> dict[str, Any]:
    return {"msdyn_product": product, "msdyn_warehouse": warehouse, "msdyn_unit": unit}


def _journal(service: OrganizationService, call: Call, values: dict[str, Any]) -> None:
    if round(values["msdyn_quantity"], 2) != 0:
        service.create(call.as_system, service.database.schema.tables["msdyn_inventoryjournal"], values)


def _has_stock(service: OrganizationService, product_id: str) -> bool:
    product = service.database.row("product", product_id) or {}
    return product.get("msdyn_fieldserviceproducttype") == INVENTORY
