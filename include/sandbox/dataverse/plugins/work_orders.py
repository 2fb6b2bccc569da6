"""Work orders: columns that the integration solution keeps on the header and on all of its lines.

An order counts as externally maintained only when all products and services on it are; the header's status is copied
to every line, which moves the line's `modifiedon`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.dataverse.errors import plugin_refusal
from sandbox.dataverse.plugins.journals import ESTIMATED, USED
from sandbox.dataverse.service import Call, Change, OrganizationService
from sandbox.dataverse.store import Row

UNSCHEDULED = 690970000
WRONG_UNIT = (
    "Only the inventory unit is supported for work order products using the Field Service Integration. "
    "Please change to use the inventory unit."
)
# line table: column with the product or service
LINES = {"msdyn_workorderproduct": "msdyn_product", "msdyn_workorderservice": "msdyn_service"}
HEADER_FLAG, LINE_FLAG = "msdynce_hasexternallymaintainedproductsonly", "msdynce_orderhasexternalmaintainedproductsonly"

_ZERO = Decimal("0.0000")
_AMOUNTS = dict.fromkeys(("msdyn_unitamount", "msdyn_discountamount", "msdyn_subtotal", "msdyn_totalamount"), _ZERO)
# What a line loses when it goes back from Used to Estimated.
USED_VALUES: dict[str, dict[str, Any]] = {
    "msdyn_workorderproduct": {
        **_AMOUNTS,
        "msdyn_quantity": 0.0,
        "msdyn_qtytobill": 0.0,
        "msdynce_decimalquantity": Decimal("0.00000"),
        "msdyn_discountpercent": 0.0,
    },
    "msdyn_workorderservice": {
        **_AMOUNTS,
        "msdyn_duration": 0,
        "msdyn_durationtobill": 0,
        "msdyn_discountpercent": 0.0,
    },
}


def check_inventory_unit(service: OrganizationService, call: Call, change: Change) -> None:
    """Refuse a product line in another unit than the inventory unit of its product, where that has one."""
    del call
    if change.before is not None and {"msdyn_product", "msdyn_unit"}.isdisjoint(change.target):
        return
    product = service.database.row("product", change.after.get("msdyn_product")) or {}
    unit = product.get("msdynce_inventoryunit")
    if unit is not None and change.after.get("msdyn_unit") != unit:
        raise plugin_refusal(WRONG_UNIT)


def keep_decimal_quantity(service: OrganizationService, call: Call, change: Change) -> None:
    """Copy the used quantity into its exact twin."""
    del service, call
    if "msdyn_quantity" in change.target:
        quantity = change.after.get("msdyn_quantity", 0.0)
        change.after["msdynce_decimalquantity"] = Decimal(str(quantity)).quantize(Decimal("0.00001"))


def reset_used_values(service: OrganizationService, call: Call, change: Change) -> None:
    """Set the used values of a line to zero when it goes back from Used to Estimated."""
    del service, call
    before = change.before or {}
    if before.get("msdyn_linestatus") == USED and change.after.get("msdyn_linestatus") == ESTIMATED:
        change.after.update(USED_VALUES[_table_of(change.after)])


def copy_header(service: OrganizationService, call: Call, change: Change) -> None:
    """Give a new line the status of its work order."""
    del call
    header = service.database.row("msdyn_workorder", change.after.get("msdyn_workorder"))
    if header is not None:
        change.after["msdynce_headersystemstatus"] = header["msdyn_systemstatus"]


def copy_status(service: OrganizationService, call: Call, change: Change) -> None:
    """Copy a new status of a work order to all of its lines."""
    if change.before is None or "msdyn_systemstatus" not in change.target:
        return
    for table, line in _lines(service, change.after["msdyn_workorderid"]):
        values = {"msdynce_headersystemstatus": change.after["msdyn_systemstatus"]}
        service.update(call.as_system, service.database.schema.tables[table], line[f"{table}id"], values)


def remember_scheduling(service: OrganizationService, call: Call, change: Change) -> None:
    """Note on a work order that its status has left Unscheduled once."""
    del service, call
    if change.before is not None and change.after.get("msdyn_systemstatus") != UNSCHEDULED:
        change.after["msdynce_workorderstatushaschanged"] = True


def clear_billing_account(service: OrganizationService, call: Call, change: Change) -> None:
    """Empty the billing account of a work order with a project; its invoice goes to the project's customer."""
    del service, call
    triggered = change.before is None or "msdyn_billingaccount" in change.target
    if triggered and change.after.get("msdynce_externalproject") is not None:
        change.after.pop("msdyn_billingaccount", None)


def mark_maintained(service: OrganizationService, call: Call, change: Change) -> None:
    """Work out anew whether an order has externally maintained products only, and tell header and lines."""
    line = change.after or change.before or {}
    table = _table_of(line)
    if change.before is not None and change.after and LINES[table] not in change.target:
        return
    order_id = line.get("msdyn_workorder")
    header = service.database.row("msdyn_workorder", order_id)
    if header is None or order_id is None:
        return
    lines = _lines(service, order_id)
    maintained = all(_is_maintained(service, one.get(LINES[kind])) for kind, one in lines)
    tables = service.database.schema.tables
    if header.get(HEADER_FLAG) != maintained:
        service.update(call.as_system, tables["msdyn_workorder"], order_id, {HEADER_FLAG: maintained})
    for kind, one in lines:
        if one.get(LINE_FLAG) != maintained:
            service.update(call.as_system, tables[kind], one[f"{kind}id"], {LINE_FLAG: maintained})


def _is_maintained(service: OrganizationService, product_id: str | None) -> bool:
    return bool((service.database.row("product", product_id) or {}).get("msdynce_ismaintainedexternally"))


def _lines(service: OrganizationService, order_id: str) -> list[tuple[str, Row]]:
    """List the lines of a work order with their tables."""
    stores = service.database.stores
    return [
        (table, stores[table].rows[line_id])
        for table in LINES
        for line_id in stores[table].find(("msdyn_workorder",), (order_id,))
    ]


def _table_of(line: Row) -> str:
    return "msdyn_workorderproduct" if "msdyn_workorderproductid" in line else "msdyn_workorderservice"
