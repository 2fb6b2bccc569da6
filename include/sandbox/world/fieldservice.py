"""What the Field Service organisation already has before the integration runs for the first time.

Units, currencies, price lists and accounts that the integration looks up; warehouses and products of Field Service's
own, with their stock; and a little that came from Supply Chain Management earlier and is out of date by now.
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from sandbox.world.peculiarities import TAKEOVER_WAREHOUSE

Row = dict[str, Any]
Tables = dict[str, list[Row]]

_NAMESPACE = uuid.UUID("8f0e2c34-6d0b-4f60-9a37-51a1e7a1f5d2")
INVENTORY, SERVICE = 690970000, 690970002
DEFAULT_UNIT_GROUP = "Default Unit"

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
_VANS = ("Van 07 North", "Van 12 South", "Tool crib Seattle", TAKEOVER_WAREHOUSE)
_ACCOUNTS = (
    ("US-001", "Contoso Retail Seattle", "USD", "Seattle"),
    ("US-002", "Fabrikam Facilities", "USD", "Tacoma"),
    ("DE-001", "Litware Klimatechnik", "EUR", "Hamburg"),
    ("FR-001", "Northwind Chauffage", "EUR", "Lyon"),
)


def row_id(entity_set: str, *names: str) -> str:
    """Give the id of a row; the same in every world."""
    return str(uuid.uuid5(_NAMESPACE, "/".join((entity_set, *names))))


def tables(warehouses: list[Row], products: list[Row]) -> Tables:
    """Build the tables of the organisation.

    :param warehouses: standard warehouses of one company in F&O; the first two came over earlier.
    :param products: its sellable products; the first two came over earlier.
    """
    synchronised = [_synchronised_product(row) for row in products[:2]]
    own_warehouses = [_warehouse(name, "Run by Field Service", maintained=False) for name in _VANS]
    known_warehouses = [
        _warehouse(warehouses[0]["WarehouseId"], warehouses[0]["WarehouseName"], maintained=True),
        _warehouse(warehouses[1]["WarehouseId"], "Name before the move", maintained=True),
    ]
    return {
        "businessunits": [{"businessunitid": row_id("businessunits", "root"), "name": "Contoso Field Service"}],
        "transactioncurrencies": [_currency(*currency) for currency in _CURRENCIES],
        **_units(),
        "pricelevels": _price_lists(),
        "accounts": [_account(*account) for account in _ACCOUNTS],
        "msdyn_warehouses": own_warehouses + known_warehouses,
        "products": [*_own_products(), *synchronised],
        "msdyn_productinventories": _stock(synchronised[0], known_warehouses[0]),
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


def _account(number: str, name: str, currency: str, city: str) -> Row:
    return {
        "accountid": row_id("accounts", number),
        "accountnumber": number,
        "name": name,
        "address1_city": city,
        "customertypecode": 3,
        "transactioncurrencyid": row_id("transactioncurrencies", currency),
    }


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


def _synchronised_product(source: Row) -> Row:
    """Give a product as an earlier run left it, with an outdated price."""
    product = _product(
        source["ProductNumber"],
        source["ProductName"],
        INVENTORY,
        source["SalesUnitSymbol"],
        source["CurrencyCode"],
        Decimal("1.00"),
    )
    return {
        **product,
        "msdynce_ismaintainedexternally": True,
        "msdynce_inventoryunit": row_id("uoms", DEFAULT_UNIT_GROUP, source["InventoryUnitSymbol"]),
    }


def _stock(product: Row, warehouse: Row) -> list[Row]:
    """Give stock of a van, which the integration never touches, and an old level of a synchronised warehouse."""
    kit = row_id("products", "FS-KIT")
    places = (
        (kit, row_id("msdyn_warehouses", _VANS[0]), 3.0),
        (product["productid"], warehouse["msdyn_warehouseid"], 7.0),
    )
    return [
        {
            "msdyn_productinventoryid": row_id("msdyn_productinventories", product_id, warehouse_id),
            "msdyn_product": product_id,
            "msdyn_warehouse": warehouse_id,
            "msdyn_unit": row_id("uoms", DEFAULT_UNIT_GROUP, "ea"),
            "msdyn_qtyonhand": quantity,
            "msdyn_qtyavailable": quantity,
        }
        for product_id, warehouse_id, quantity in places
    ]
