"""The bad and unusual rows of every world, each with the outcome that the integration must give it.

All are in company `usmf`; `demf` and `frrt` are clean. Outcomes are the words of docs/concepts.md ("Every row accounted
for"), plus `loaded` (created, updated or unchanged) and `not_read` (the standard filter leaves the row in the source).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.world.catalogue import Product
from sandbox.world.companies import COMPANIES
from sandbox.world.finance import project
from sandbox.world.places import site_id, warehouse
from sandbox.world.stock import on_hand

Row = dict[str, Any]
Quantities = tuple[float, float, float]

COMPANY = COMPANIES[0]
WAREHOUSES, PRODUCTS, DISTINCT, STOCK = (
    "Warehouses",
    "SellableReleasedProducts",
    "CDSReleasedDistinctProducts",
    "WarehousesOnHandV2",
)
PROJECTS = "Projects"
ENTITY_SETS = (WAREHOUSES, PRODUCTS, DISTINCT, STOCK, PROJECTS)
LOADED, QUARANTINED, SKIPPED, BLOCKED, NOT_READ = "loaded", "quarantined", "skipped", "blocked", "not_read"
TAKEOVER_WAREHOUSE = "61"


@dataclass(frozen=True)
class Peculiarity:
    """One kind of unusual row.

    :param what: the fact, for people; :param entity_set: F&O entity set of the row; :param key: columns that find it.
    :param outcome: where the integration must put it; :param row: the row itself.
    :param distinct: the product's row of `CDSReleasedDistinctProducts`, for products that have one.
    """

    id: str
    what: str
    entity_set: str
    key: dict[str, str]
    outcome: str
    row: Row = field(repr=False)
    distinct: Row | None = field(default=None, repr=False)


def _warehouse(id_: str, what: str, outcome: str, warehouse_id: str, text: str, kind: str = "Standard") -> Peculiarity:
    key = {"dataAreaId": COMPANY.data_area_id, "WarehouseId": warehouse_id}
    return Peculiarity(id_, what, WAREHOUSES, key, outcome, warehouse(COMPANY, warehouse_id, text, kind=kind))


def _product(id_: str, what: str, outcome: str, product: Product, *, distinct: bool = True) -> Peculiarity:
    key = {"dataAreaId": COMPANY.data_area_id, "ProductNumber": product.number}
    distinct_row = product.distinct() if distinct else None
    return Peculiarity(id_, what, PRODUCTS, key, outcome, product.sellable(), distinct_row)


def _stock(id_: str, what: str, outcome: str, product: Product, place: Row, quantities: Quantities) -> Peculiarity:
    row = on_hand(product, place, quantities)
    names = ("dataAreaId", "ItemNumber", "InventorySiteId", "InventoryWarehouseId")
    return Peculiarity(id_, what, STOCK, {name: row[name] for name in names}, outcome, row)


def _project(id_: str, what: str, outcome: str, number: str, **changes: str) -> Peculiarity:
    row = {**project(COMPANY, "0091", "Refit of the pump house", "TimeMaterial", "InProcess", 1), **changes}
    row["ProjectID"] = number
    return Peculiarity(id_, what, PROJECTS, {"dataAreaId": COMPANY.data_area_id, "ProjectID": number}, outcome, row)


def _part(number: str, name: str) -> Product:
    return Product(
        COMPANY, number, number, name, f"{name} for tests of data quality", "Inventory", "ea", "ea", 25.0, 18.5
    )


_PLACE = warehouse(COMPANY, COMPANY.warehouse_id(0), "")
_SECOND_PLACE = warehouse(COMPANY, COMPANY.warehouse_id(1), "", site=1)
_LONG_NAME = (
    "Replacement kit for condensing boilers with stainless steel exchanger, premixing burner and digital control unit"
)
_LONG_PLACE = (
    "Overflow storage behind the regional service hub, second floor, shelves 100 to 180, key with the site manager"
)

_PALLET = replace(_part("Q0001", "Boiler pallet"), sales_unit="pal")
_POUNDS = replace(_part("Q0002", "Imported burner"), currency="GBP")
_UNRELEASED = _part("Q0003", "Flue gas analyser")
_UNSELLABLE = _part("Q0004", "Obsolete igniter")
_VISIT = replace(_part("Q0005", "Prepaid service visit"), kind="Service", sales_unit="hr", inventory_unit="hr")
_LONG = _part("Q0006", _LONG_NAME)
_NAMELESS = _part("Q0007", "")
_UNKNOWN = _part("Q0099", "Item without distinct product")
# Sound products whose stock is unusual.
_OVERSOLD, _HUGE, _TIE, _ODD_TIE, _SPREAD = (
    _part(number, name)
    for number, name in (
        ("Q0011", "Oversold gasket"),
        ("Q0012", "Washer, loose"),
        ("Q0013", "Sealing cord"),
        ("Q0014", "Heat paste"),
        ("Q0015", "Hose clamp"),
    )
)
SOUND_PRODUCTS = (_OVERSOLD, _HUGE, _TIE, _ODD_TIE, _SPREAD)

_IN_WAREHOUSES = (
    _warehouse(
        "warehouse-forbidden-character", "Id with '/', which breaks the alternate key", QUARANTINED, "A/1", "Annex 1"
    ),
    _warehouse("warehouse-transit", "Transit warehouse, not a standard one", NOT_READ, "81", "In transit", "Transit"),
    _warehouse("warehouse-quarantine", "Quarantine warehouse", NOT_READ, "82", "Inspection", "Quarantine"),
    _warehouse(
        "warehouse-long-name",
        "Name of more than 100 characters; the description takes 2,000",
        LOADED,
        "91",
        _LONG_PLACE,
    ),
    _warehouse("warehouse-empty-name", "Without a name; the description stays empty", LOADED, "92", ""),
    _warehouse(
        "warehouse-takeover",
        "Field Service has its own warehouse of this name, which must not be taken over silently",
        QUARANTINED,
        TAKEOVER_WAREHOUSE,
        "Tacoma overflow",
    ),
)
_FORBIDDEN, _TRANSIT, _, _, _, _TAKEOVER = (peculiarity.row for peculiarity in _IN_WAREHOUSES)
_IN_PRODUCTS = (
    _product("product-unknown-unit", "Sales unit 'pal' does not exist in Field Service", QUARANTINED, _PALLET),
    _product(
        "product-without-price-list",
        "No active price list in its currency: the plug-in refuses it",
        QUARANTINED,
        _POUNDS,
    ),
    _product(
        "product-not-distinct", "Sellable, but missing among the distinct products", LOADED, _UNRELEASED, distinct=False
    ),
    _product("product-long-name", "Name of more than 100 characters: cut, with a warning", LOADED, _LONG),
    _product("product-empty-name", "Without a name, which Field Service needs", QUARANTINED, _NAMELESS),
    _product("product-service-with-stock", "Service product, sound in itself", LOADED, _VISIT),
)
_IN_STOCK = (
    _stock("stock-unknown-item", "Item without any distinct product", QUARANTINED, _UNKNOWN, _PLACE, (4.0, 0.0, 0.0)),
    _stock(
        "stock-not-distinct",
        "Item of a product that is not distinct",
        QUARANTINED,
        _UNRELEASED,
        _PLACE,
        (3.0, 0.0, 0.0),
    ),
    _stock(
        "stock-not-sellable", "Stock of a product that is not sellable", BLOCKED, _UNSELLABLE, _PLACE, (9.0, 1.0, 0.0)
    ),
    _stock("stock-of-bad-product", "Stock of a product held back", BLOCKED, _PALLET, _PLACE, (2.0, 0.0, 1.0)),
    _stock("stock-of-service", "Stock of a service product", SKIPPED, _VISIT, _PLACE, (1.0, 0.0, 0.0)),
    _stock("stock-in-bad-warehouse", "Stock in a warehouse held back", BLOCKED, _TIE, _FORBIDDEN, (6.0, 0.0, 0.0)),
    _stock("stock-in-transit", "Stock in a warehouse that does not travel", SKIPPED, _TIE, _TRANSIT, (7.0, 0.0, 0.0)),
    _stock(
        "stock-in-native-warehouse",
        "Stock in a warehouse that Field Service runs itself",
        BLOCKED,
        _TIE,
        _TAKEOVER,
        (8.0, 0.0, 0.0),
    ),
    _stock(
        "stock-negative-on-order", "On order below zero: clamped to zero", LOADED, _OVERSOLD, _PLACE, (5.0, -2.0, -0.5)
    ),
    _stock("stock-too-large", "Quantity above 1,000,000,000", QUARANTINED, _HUGE, _PLACE, (2_000_000_000.0, 0.0, 0.0)),
    _stock("stock-tie-to-even-down", "10.005 becomes 10.00", LOADED, _TIE, _PLACE, (10.005, 0.0, 1.005)),
    _stock("stock-tie-to-even-up", "10.015 becomes 10.02", LOADED, _ODD_TIE, _PLACE, (10.015, 2.025, 0.0)),
    _stock(
        "stock-two-sites",
        "Same product and warehouse on two sites: added up",
        LOADED,
        _SPREAD,
        _SECOND_PLACE,
        (12.5, 1.0, 2.0),
    ),
)

_IN_PROJECTS = (
    _project(
        "project-unknown-customer", "Customer unknown in Field Service", BLOCKED, "P-U0091", CustomerAccount="S-77"
    ),
    _project("project-long-name", "Name of more than 100 characters", QUARANTINED, "P-U0092", ProjectName=_LONG_PLACE),
    _project("project-forbidden-character", "Number with '/', which breaks the key", QUARANTINED, "P/U0093"),
    _project("project-without-name", "No name, which Field Service needs", QUARANTINED, "P-U0094", ProjectName=""),
    _project(
        "project-completed-before", "Completed before it travelled", SKIPPED, "P-U0095", ProjectStage="Completed"
    ),
)  # fmt: skip

# Every unusual row that has an outcome of its own.
PECULIARITIES: tuple[Peculiarity, ...] = (*_IN_WAREHOUSES, *_IN_PRODUCTS, *_IN_STOCK, *_IN_PROJECTS)


def rows(entity_set: str) -> list[Row]:
    """Give the rows that belong to the peculiarities in one F&O entity set, helpers included."""
    own = [dict(peculiarity.row) for peculiarity in PECULIARITIES if peculiarity.entity_set == entity_set]
    if entity_set == PRODUCTS:
        return own + [product.sellable() for product in SOUND_PRODUCTS]
    if entity_set == DISTINCT:
        distinct = [dict(peculiarity.distinct) for peculiarity in PECULIARITIES if peculiarity.distinct]
        return distinct + [product.distinct() for product in (_UNSELLABLE, *SOUND_PRODUCTS)]
    if entity_set == STOCK:
        other_site = on_hand(_SPREAD, _SECOND_PLACE, (7.5, 0.0, 1.0), site=site_id(0))
        return [*own, other_site]
    return own
