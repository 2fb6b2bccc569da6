"""Products and warehouses that documents of Field Service point at: known to both systems, to one, or to neither."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.worlds.model import Company, Row, World
from tests.worlds.pieces import fixed_id

SITES = {"11": "1", "12": "2"}
# product number -> item, colour, type
RELEASED = {
    "M1": ("M1", "", "Inventory"),
    "M2-RED": ("M2", "Red", "Inventory"),
    "Ü'3": ("Ü'3", "", "Inventory"),
    "S1": ("S1", "", "Service"),
}
UNRELEASED = "M404"  # maintained externally, but the company has not released it
OWN = "FS-KIT"  # Field Service's own
VANS = {"Van 07": "11", "van 08": "12", "Van 09": "404"}  # by the companies' warehouse map; the last leads nowhere
UNMAPPED = "Van 99"
ABSENT = "13"  # maintained externally, but not a warehouse of the company


def furnish(world: World) -> None:
    """Put sites, warehouses and products into both systems."""
    for name in ("OperationalSites", "Warehouses", "CDSReleasedDistinctProducts"):
        world.finops[name] = []
    warehouses: dict[str, Row] = {}
    products: dict[str, Row] = {}
    for company in world.companies:
        area = {"dataAreaId": company.name}
        world.finops["OperationalSites"] += [{**area, "SiteId": site} for site in SITES.values()]
        world.finops["Warehouses"] += [
            {**area, "WarehouseId": one, "OperationalSiteId": site, "WarehouseType": "Standard"}
            for one, site in SITES.items()
        ]
        world.finops["CDSReleasedDistinctProducts"] += [
            {
                **area, "ProductNumber": number, "ItemNumber": item, "ProductColorId": colour,
                "FieldServiceProductType": kind,
            }
            for number, (item, colour, kind) in RELEASED.items()
        ]  # fmt: skip
        warehouses |= {name: _warehouse(name, True) for name in _names(company, (*SITES, ABSENT))}
        products |= {name: _product(name, True) for name in _names(company, (*RELEASED, UNRELEASED))}
    warehouses |= {name: _warehouse(name, False) for name in (*VANS, UNMAPPED)}
    world.dataverse["msdyn_warehouses"] = list(warehouses.values())
    world.dataverse["products"] = [*products.values(), _product(OWN, False)]


def _names(company: Company, names: tuple[str, ...]) -> list[str]:
    return [company.prefix + name for name in names]


def _warehouse(name: str, maintained: bool) -> Row:
    return {
        "msdyn_warehouseid": fixed_id("warehouse", name), "msdyn_name": name,
        "msdynce_ismaintainedexternally": maintained,
    }  # fmt: skip


def _product(name: str, maintained: bool) -> Row:
    return {
        "productid": fixed_id("product", name), "productnumber": name, "name": name, "quantitydecimal": 2,
        "defaultuomscheduleid": fixed_id("group"), "defaultuomid": fixed_id("unit", "ea"),
        "msdynce_inventoryunit": fixed_id("unit", "ea"), "msdynce_ismaintainedexternally": maintained,
    }  # fmt: skip


def some_product(random: Random, company: Company, *, good: float = 0.85) -> str | None:
    """Return the id of a product, of one that cannot travel now and then, or none."""
    if random.random() < good:
        return fixed_id("product", company.prefix + random.choice(tuple(RELEASED)))
    return random.choice((fixed_id("product", company.prefix + UNRELEASED), fixed_id("product", OWN), None))


def some_warehouse(random: Random, company: Company, *, good: float = 0.85) -> str | None:
    """Return the id of a warehouse, of one that cannot travel now and then, or none."""
    if random.random() < good:
        names = (company.prefix + "11", company.prefix + "12", "Van 07", "van 08")
        return fixed_id("warehouse", random.choice(names))
    names = (company.prefix + ABSENT, "Van 09", UNMAPPED)
    return random.choice((*(fixed_id("warehouse", name) for name in names), None))


def released(world: World, company: Company, product: str | None) -> tuple[str, Row] | None:
    """Return number and released product of the company behind a product of Field Service."""
    row = _by_id(world.dataverse["products"], "productid", product)
    if row is None:
        return None
    number = str(row["productnumber"]).removeprefix(company.prefix)
    wanted = {"dataAreaId": company.name, "ProductNumber": number}
    found = [one for one in world.finops["CDSReleasedDistinctProducts"] if wanted.items() <= one.items()]
    return (number, found[0]) if found else None


def is_maintained(world: World, product: str | None) -> bool:
    row = _by_id(world.dataverse["products"], "productid", product)
    return row is not None and row["msdynce_ismaintainedexternally"] is True


def place(world: World, company: Company, warehouse: str | None) -> tuple[str, bool] | None:
    """Return a warehouse of Field Service as F&O calls it, and whether it may take part; None when there is none."""
    row = _by_id(world.dataverse["msdyn_warehouses"], "msdyn_warehouseid", warehouse)
    if row is None:
        return None
    vans = {van.lower(): where for van, where in company.maps.get("warehouse_map", {}).items()}
    mapped = vans.get(row["msdyn_name"].lower())
    known = mapped is not None or row["msdynce_ismaintainedexternally"] is True
    return mapped or str(row["msdyn_name"]).removeprefix(company.prefix), known


def _by_id(rows: list[Row], name: str, wanted: Any) -> Row | None:
    return next((row for row in rows if row[name] == wanted), None) if wanted else None
