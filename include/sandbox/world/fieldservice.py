"""What the Field Service organisation already has before the integration runs for the first time.

Units, currencies, price lists and accounts that the integration looks up; warehouses and products of Field Service's
own, with their stock; and a little that came from Supply Chain Management earlier and is out of date by now.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.world import accounts, external_projects, invoices, organization, stock_documents, work_orders
from sandbox.world.companies import COMPANIES
from sandbox.world.holdings import Holdings, holdings
from sandbox.world.identity import DEFAULT_UNIT_GROUP, row_id, unit_id
from sandbox.world.peculiarities import TAKEOVER_WAREHOUSE

Row = dict[str, Any]
Tables = dict[str, list[Row]]

INVENTORY, SERVICE = 690970000, 690970002

_CURRENCIES = (("USD", "US Dollar", "$", "1"), ("EUR", "Euro", "€", "0.92"), ("GBP", "Pound Sterling", "£", "0.79"))
# unit, base unit inside its group, how many of them
_UNITS = (
    ("ea", None, "1"),
    ("box", "ea", "12"),
    ("pair", "ea", "2"),
    ("m", None, "1"),
    ("kg", None, "1"),
    ("hr", None, "1"),
)
# Warehouses that Field Service runs itself: company and name.
_VANS = (
    (COMPANIES[0], "Van 07 North"),
    (COMPANIES[0], "Van 12 South"),
    (COMPANIES[0], stock_documents.UNMAPPED_VAN),
    (COMPANIES[0], TAKEOVER_WAREHOUSE),
    (COMPANIES[1], "Van 21 Hamburg"),
    (COMPANIES[2], "Van 31 Lyon"),
)
# Every unusual row of Field Service that has an outcome of its own.
UNUSUAL = (*accounts.UNUSUAL, *stock_documents.UNUSUAL, *work_orders.UNUSUAL, *invoices.UNUSUAL)


def tables(warehouses: list[Row], products: list[Row]) -> Tables:
    """Build the tables of the organisation.

    :param warehouses: standard warehouses of F&O; two of each company came over earlier.
    :param products: its sellable products; two parts and a service of each company came over earlier.
    """
    held = holdings(warehouses, products)
    return {
        **organization.tables(),
        "transactioncurrencies": [_currency(*currency) for currency in _CURRENCIES],
        **_units(),
        "pricelevels": _price_lists(),
        "accounts": accounts.rows(),
        "msdyn_warehouses": [*_own_warehouses(), *(row for of in held for row in _synchronised_warehouses(of))],
        "products": [*_own_products(), *(row for of in held for row in _synchronised_products(of))],
        "msdyn_productinventories": _stock(held),
        external_projects.EXTERNAL_PROJECTS: external_projects.rows(),
        **stock_documents.tables(held),
        **work_orders.tables(held),
        **invoices.tables(held),
    }


def _currency(code: str, name: str, symbol: str, rate: str) -> Row:
    return {
        "transactioncurrencyid": row_id("transactioncurrencies", code),
        "isocurrencycode": code,
        "currencyname": name,
        "currencysymbol": symbol,
        "currencyprecision": 2,
        "exchangerate": Decimal(rate),
    }


def _units() -> Tables:
    """Give two unit groups; `ea` exists in both, since a unit name is unique only inside its group."""
    default = row_id("uomschedules", DEFAULT_UNIT_GROUP)
    other = row_id("uomschedules", "Packaging")
    units = [_unit(DEFAULT_UNIT_GROUP, default, *unit) for unit in _UNITS]
    return {
        "uomschedules": [
            {"uomscheduleid": default, "name": DEFAULT_UNIT_GROUP, "baseuomname": "ea"},
            {"uomscheduleid": other, "name": "Packaging", "baseuomname": "ea"},
        ],
        "uoms": [*units, _unit("Packaging", other, "ea", None, "1"), _unit("Packaging", other, "crate", "ea", "24")],
    }


def _unit(group: str, group_id: str, name: str, base: str | None, quantity: str) -> Row:
    row = {
        "uomid": row_id("uoms", group, name),
        "name": name,
        "uomscheduleid": group_id,
        "quantity": Decimal(quantity),
        "isschedulebaseuom": name == "ea",
    }
    return row if base is None else {**row, "baseuom": row_id("uoms", group, base)}


def _price_lists() -> list[Row]:
    """Give active lists in USD and EUR; the only one in GBP is inactive."""
    lists = (
        ("Standard", "USD", True),
        ("Wholesale", "USD", True),
        ("Standard Europe", "EUR", True),
        ("UK 2019", "GBP", False),
    )
    return [
        {
            "pricelevelid": row_id("pricelevels", name),
            "name": name,
            "transactioncurrencyid": row_id("transactioncurrencies", currency),
            "statecode": 0 if active else 1,
            "statuscode": 1 if active else 2,
        }
        for name, currency, active in lists
    ]


def _own_warehouses() -> list[Row]:
    return [
        {**_warehouse(name, "Run by Field Service", maintained=False), "ownerid": organization.technician_id(company)}
        for company, name in _VANS
    ]


def _synchronised_warehouses(of: Holdings) -> list[Row]:
    """Give two warehouses as an earlier run left them; the second was renamed since."""
    first, second = of.warehouses
    return [
        _warehouse(first["WarehouseId"], first["WarehouseName"], maintained=True),
        _warehouse(second["WarehouseId"], "Name before the move", maintained=True),
    ]


def _warehouse(name: str, description: str, *, maintained: bool) -> Row:
    return {
        "msdyn_warehouseid": row_id("msdyn_warehouses", name),
        "msdyn_name": name,
        "msdyn_description": description,
        "msdynce_ismaintainedexternally": maintained,
    }


def _product(number: str, name: str, kind: int, unit: str, currency: str, price: Decimal) -> Row:
    return {
        "productid": row_id("products", number),
        "productnumber": number,
        "name": name,
        "defaultuomscheduleid": row_id("uomschedules", DEFAULT_UNIT_GROUP),
        "defaultuomid": row_id("uoms", DEFAULT_UNIT_GROUP, unit),
        "quantitydecimal": 0,
        "price": price,
        "transactioncurrencyid": row_id("transactioncurrencies", currency),
        "msdyn_fieldserviceproducttype": kind,
    }


def _own_products() -> list[Row]:
    """Give products that only Field Service knows."""
    return [
        _product("FS-TRAVEL", "Travel hour", SERVICE, "hr", "USD", Decimal("85")),
        _product("FS-KIT", "Technician starter kit", INVENTORY, "ea", "USD", Decimal("240")),
    ]


def _synchronised_products(of: Holdings) -> list[Row]:
    """Give products as an earlier run left them, with an outdated price."""
    parts = [_synchronised_product(row, INVENTORY) for row in of.parts]
    return [*parts, _synchronised_product(of.service, SERVICE)]


def _synchronised_product(source: Row, kind: int) -> Row:
    number, unit = source["ProductNumber"], source["SalesUnitSymbol"]
    product = _product(number, source["ProductName"], kind, unit, source["CurrencyCode"], Decimal("1.00"))
    inventory_unit = unit_id(source["InventoryUnitSymbol"])
    return {**product, "msdynce_ismaintainedexternally": True, "msdynce_inventoryunit": inventory_unit}


def _stock(held: list[Holdings]) -> list[Row]:
    """Give stock of a van, which the integration never touches, and an old level of a warehouse of each company."""
    van = _level(row_id("products", "FS-KIT"), row_id("msdyn_warehouses", _VANS[0][1]), 3.0)
    return [van, *(_level(of.part_id(0), of.warehouse_id(0), 7.0) for of in held)]


def _level(product_id: str, warehouse_id: str, quantity: float) -> Row:
    return {
        "msdyn_productinventoryid": row_id("msdyn_productinventories", product_id, warehouse_id),
        "msdyn_product": product_id,
        "msdyn_warehouse": warehouse_id,
        "msdyn_unit": unit_id("ea"),
        "msdyn_qtyonhand": quantity,
        "msdyn_qtyavailable": quantity,
    }
