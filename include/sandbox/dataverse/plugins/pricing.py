"""Price list items of products: the prospect-to-cash plug-in and the Field Service one for the inventory unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.dataverse.errors import plugin_refusal
from sandbox.dataverse.service import Call, Change, OrganizationService
from sandbox.dataverse.store import Database, Row

TRIGGERS = frozenset({"transactioncurrencyid", "pricelevelid", "defaultuomid", "price", "msdynce_inventoryunit"})
_ITEM_KEY = ("productid", "pricelevelid", "uomid")


def check_units(service: OrganizationService, call: Call, change: Change) -> None:
    """Refuse a product whose default unit is not a unit of its unit group."""
    del call
    product = change.after
    unit = service.database.row("uom", product.get("defaultuomid"))
    if unit is not None and unit.get("uomscheduleid") != product.get("defaultuomscheduleid"):
        raise plugin_refusal("The default unit must belong to the unit group of the product.")


def maintain_price_list(service: OrganizationService, call: Call, change: Change) -> None:
    """Give the product a price list item for its default unit, and one for a different inventory unit.

    The list is the product's own, else the first active one by name in the product's currency. On update it runs when
    the request names one of `TRIGGERS`.

    :raises DataverseError: no active price list in the currency, hence the write is refused.
    """
    if change.before is not None and TRIGGERS.isdisjoint(change.target):
        return
    product = change.after
    price_list = product.get("pricelevelid") or _first_active_list(service, product)
    price = product.get("price", Decimal("0.0000"))
    sales_unit, inventory_unit = product.get("defaultuomid"), product.get("msdynce_inventoryunit")
    _write_item(service, call, product, price_list, sales_unit, price)
    if inventory_unit is not None and inventory_unit != sales_unit:
        factor = _conversion(service.database, inventory_unit, sales_unit)
        _write_item(service, call, product, price_list, inventory_unit, price * factor)


def _first_active_list(service: OrganizationService, product: Row) -> str:
    currency_id = product.get("transactioncurrencyid")
    lists = [
        row
        for row in service.database.stores["pricelevel"].rows.values()
        if row["statecode"] == 0 and row.get("transactioncurrencyid") == currency_id
    ]
    if not lists:
        currency = service.database.row("transactioncurrency", currency_id) or {}
        raise plugin_refusal(
            f"There is no active price list in the currency '{currency.get('isocurrencycode', 'not set')}' of product "
            f"'{product.get('productnumber', '')}'. Create or activate one, then repeat the request."
        )
    first: str = min(lists, key=lambda row: str(row.get("name", "")).lower())["pricelevelid"]
    return first


def _write_item(
    service: OrganizationService, call: Call, product: Row, price_list: str, unit: str | None, amount: Decimal
) -> None:
    """Create or update the item found by product, price list and unit."""
    if unit is None:
        return
    database = service.database
    table = database.schema.tables["productpricelevel"]
    values: dict[str, Any] = {
        "productid": product["productid"],
        "pricelevelid": price_list,
        "uomid": unit,
        "transactioncurrencyid": (database.row("pricelevel", price_list) or {}).get("transactioncurrencyid"),
        "amount": amount,
    }
    found = database.stores[table.name].find(_ITEM_KEY, (values["productid"], price_list, unit))
    if found:
        service.update(call, table, found[0], values)
    else:
        service.create(call, table, values)


def _conversion(database: Database, inventory_unit: str, sales_unit: str | None) -> Decimal:
    """Tell how many sales units one inventory unit is; 1 when they do not convert into each other."""
    inventory_base, inventory_quantity = _in_base_units(database, inventory_unit)
    sales_base, sales_quantity = _in_base_units(database, sales_unit)
    if inventory_base != sales_base or not inventory_quantity or not sales_quantity:
        return Decimal(1)
    return inventory_quantity / sales_quantity


def _in_base_units(database: Database, unit_id: str | None) -> tuple[str | None, Decimal]:
    """Follow the base units of a unit to the last one and multiply the quantities on the way."""
    quantity, seen = Decimal(1), set[str]()
    while unit_id is not None and unit_id not in seen:
        seen.add(unit_id)
        unit = database.row("uom", unit_id) or {}
        base = unit.get("baseuom")
        if base is None:
            break
        quantity *= unit.get("quantity", Decimal(0))
        unit_id = base
    return unit_id, quantity
