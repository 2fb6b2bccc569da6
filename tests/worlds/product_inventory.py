"""Worlds and reference of stock on hand (docs/areas/product-inventory.md)."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from tests.worlds.model import BLOCKED, QUARANTINED, SKIPPED, WRITTEN, Company, Row, Target, Verdict, World
from tests.worlds.pieces import companies, fixed_id, new_id, organization

DIMENSIONS = ("ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId")
# product number -> item, colour, type
CATALOGUE = {
    "M0001": ("M0001", "", "Inventory"),
    "M0002:RED": ("M0002", "Red", "Inventory"),
    "M0002-BLU": ("M0002", "Blue", "Inventory"),
    "ÄM-3": ("ÄM-3", "", "Inventory"),
    "S0001": ("S0001", "", "Service"),
    "N0001": ("N0001", "", "NonInventory"),
}
WAREHOUSES = {"11": "Standard", "12": "Standard", "Ost": "Standard", "T1": "Transit"}
QUANTITIES = ("0", "1", "7.125", "7.135", "-2.005", "0.001", "1234.567891", "-0.004", "3")
EXTREMES = ("1000000000", "1000000000.01", "-1000000000", "5000000000", "1000000000.004", "-2000000000")
KEY = ("ItemNumber", *DIMENSIONS, "InventorySiteId", "InventoryWarehouseId")
LEVELS = {
    "OnHandQuantity": "msdynce_onhandquantity",
    "OnOrderQuantity": "msdynce_onorderquantity",
    "OrderedQuantity": "msdynce_orderedquantity",
}
MOST = Decimal(1_000_000_000)


def build(random: Random) -> World:
    hold = random.choice(("yes", "no"))
    world = World(companies(random, prefixes=True, hold_back_open_orders=hold))
    names = ("Warehouses", "CDSReleasedDistinctProducts", "WarehousesOnHandV2", "CDSSalesOrderLines")
    world.finops = {name: [] for name in names}
    world.dataverse = organization(world) | {"products": [], "msdyn_warehouses": []}
    for company in world.companies:
        _source(random, company, world)
        _parents(random, company, world)
    return world


def _source(random: Random, company: Company, world: World) -> None:
    area = {"dataAreaId": company.name}
    for number, (item, colour, kind) in CATALOGUE.items():
        if random.random() < 0.9:
            product = {"ProductNumber": number, "ItemNumber": item, "ProductColorId": colour}
            world.finops["CDSReleasedDistinctProducts"].append({**area, **product, "FieldServiceProductType": kind})
        if random.random() < 0.2:
            world.finops["CDSSalesOrderLines"].append(
                {
                    **area, "SalesOrderNumber": f"SO-{number}", "LineCreationSequenceNumber": 1,
                    "ProductNumber": number,
                    "ShippingWarehouseId": random.choice(("11", "12")),
                    "SalesOrderOriginType": random.choice(("WorkOrderIntegration", "NotSpecified")),
                    "SalesOrderLineStatus": random.choice(("Backorder", "Backorder", "Invoiced")),
                }
            )  # fmt: skip
    for warehouse, kind in WAREHOUSES.items():
        if random.random() < 0.9:
            world.finops["Warehouses"].append({**area, "WarehouseId": warehouse, "WarehouseType": kind})
    pairs = [(number, warehouse) for number in CATALOGUE for warehouse in WAREHOUSES]
    for number, warehouse in random.sample(pairs, random.randrange(2, 12)):
        for site in random.sample(("1", "2", "3"), random.choice((1, 1, 1, 2))):
            world.finops["WarehousesOnHandV2"].append({**area, **_level(random, number, warehouse, site)})


def _level(random: Random, number: str, warehouse: str, site: str) -> Row:
    item, colour, _ = CATALOGUE[number]
    extreme = random.random() < 0.1
    amounts = [Decimal(random.choice(QUANTITIES)) for _ in LEVELS]
    if extreme:
        amounts = [Decimal(random.choice(EXTREMES)), Decimal(0), Decimal(0)]
    return {
        "ItemNumber": item, "ProductColorId": colour, "InventorySiteId": site, "InventoryWarehouseId": warehouse,
        **dict(zip(LEVELS, amounts, strict=True)),
    }  # fmt: skip


def _parents(random: Random, company: Company, world: World) -> None:
    """Put products and warehouses into Field Service, not all of them; companies without prefix share theirs."""
    have = {row["productnumber"] for row in world.dataverse["products"]}
    for number, (_, _, kind) in CATALOGUE.items():
        if company.prefix + number not in have and random.random() < 0.85:
            world.dataverse["products"].append(
                {
                    "productid": new_id(random), "productnumber": company.prefix + number, "name": number,
                    "defaultuomscheduleid": fixed_id("group"), "defaultuomid": fixed_id("unit", "ea"),
                    "quantitydecimal": 0,
                    "msdyn_fieldserviceproducttype": 690970000 if kind == "Inventory" else 690970002,
                }
            )  # fmt: skip
    have = {row["msdyn_name"] for row in world.dataverse["msdyn_warehouses"]}
    for warehouse in WAREHOUSES:
        if company.prefix + warehouse not in have and random.random() < 0.85:
            world.dataverse["msdyn_warehouses"].append(
                {
                    "msdyn_warehouseid": new_id(random), "msdyn_name": company.prefix + warehouse,
                    "msdynce_ismaintainedexternally": random.random() < 0.85,
                }
            )  # fmt: skip


def judge(world: World) -> list[Verdict]:
    target = Target("dataverse", "msdynce_externalproductinventories", ("msdynce_productnumber", "msdynce_warehouseid"))
    verdict = Verdict("product_inventory", [target])
    pairs: dict[tuple[str, str, str], list[Row]] = {}
    for row in world.finops["WarehousesOnHandV2"]:
        number, outcome = _first_look(world, row)
        key = (row["dataAreaId"], "|".join(str(row.get(name, "")) for name in KEY))
        verdict.groups[key] = f"{number} in {row['InventoryWarehouseId']}" if number else key[1]
        if outcome:
            verdict.settle(*key, outcome)
        else:
            pairs.setdefault((row["dataAreaId"], number, row["InventoryWarehouseId"]), []).append({**row, "key": key})
    prefix = {one.name: one.prefix for one in world.companies}
    decided = {pair: _decide(world, pair, prefix[pair[0]], rows) for pair, rows in pairs.items()}
    ready = [pair for pair, (outcome, _) in decided.items() if outcome == WRITTEN]
    uses = Counter((prefix[company] + number, prefix[company] + warehouse) for company, number, warehouse in ready)
    for pair, (outcome, row) in decided.items():
        company, number, warehouse = pair
        if outcome == WRITTEN and uses[prefix[company] + number, prefix[company] + warehouse] > 1:
            outcome = QUARANTINED
        for part in pairs[pair]:
            verdict.settle(*part["key"], outcome)
        if outcome == WRITTEN:
            target.put(row)
    return [verdict]


def _first_look(world: World, row: Row) -> tuple[str, str]:
    """Return the product number of a row, and its outcome where that shows before rows are added up."""
    own = {"dataAreaId": row["dataAreaId"], "ItemNumber": row["ItemNumber"], "ProductColorId": row["ProductColorId"]}
    found = [one for one in world.finops["CDSReleasedDistinctProducts"] if own.items() <= one.items()]
    kinds = {one["WarehouseId"]: one["WarehouseType"] for one in _own(world.finops["Warehouses"], row)}
    kind = kinds.get(row["InventoryWarehouseId"])
    if not found or not kind:
        return found[0]["ProductNumber"] if found else "", QUARANTINED
    travels = found[0]["FieldServiceProductType"] == "Inventory" and kind == "Standard"
    return found[0]["ProductNumber"], "" if travels else SKIPPED


def _own(rows: list[Row], row: Row) -> list[Row]:
    return [one for one in rows if one["dataAreaId"] == row["dataAreaId"]]


def _decide(world: World, pair: tuple[str, str, str], prefix: str, rows: list[Row]) -> tuple[str, Row]:
    """Return the outcome of a product in a warehouse, and the row to write."""
    _, number, warehouse = pair
    product = _id(world.dataverse["products"], "productid", productnumber=prefix + number,
                  msdyn_fieldserviceproducttype=690970000)  # fmt: skip
    place = _id(world.dataverse["msdyn_warehouses"], "msdyn_warehouseid", msdyn_name=prefix + warehouse,
                msdynce_ismaintainedexternally=True)  # fmt: skip
    sums = {name: sum((row[name] for row in rows), Decimal(0)) for name in LEVELS}
    levels = {name: value.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN) for name, value in sums.items()}
    written = {
        "msdynce_productnumber": prefix + number, "msdynce_warehouseid": prefix + warehouse, "msdynce_product": product,
        "msdynce_warehouse": place, "msdynce_onhandquantity": levels["OnHandQuantity"],
        "msdynce_onorderquantity": max(levels["OnOrderQuantity"], Decimal(0)),
        "msdynce_orderedquantity": max(levels["OrderedQuantity"], Decimal(0)),
    }  # fmt: skip
    if product is None or place is None or _is_awaited(world, pair):
        return BLOCKED, written
    return QUARANTINED if abs(levels["OnHandQuantity"]) > MOST or ":" in number else WRITTEN, written


def _id(rows: list[Row], name: str, **wanted: object) -> str | None:
    return next((str(row[name]) for row in rows if wanted.items() <= row.items()), None)


def _is_awaited(world: World, pair: tuple[str, str, str]) -> bool:
    """Tell whether an order of a work order is still to be delivered from there, where the company waits for it."""
    company, number, warehouse = pair
    waiting = any(one.settings["hold_back_open_orders"] == "yes" for one in world.companies if one.name == company)
    open_order = {
        "dataAreaId": company, "ProductNumber": number, "ShippingWarehouseId": warehouse,
        "SalesOrderOriginType": "WorkOrderIntegration", "SalesOrderLineStatus": "Backorder",
    }  # fmt: skip
    return waiting and any(open_order.items() <= line.items() for line in world.finops["CDSSalesOrderLines"])
