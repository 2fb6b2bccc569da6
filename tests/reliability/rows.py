"""Rows of a world that a test makes bad, clones or doubles, and what the plain reference then says of the world.

The reference is the one of `tests/worlds`; it reads rows one by one and knows nothing of the pipeline.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.reliability.site import Result, Site, books_balance, world_of
from tests.worlds.model import WRITTEN, Company, Row, Target, Verdict, World
from tests.worlds.pieces import ROOT_UNIT, unit_id
from tests.worlds.product_inventory import KEY
from tests.worlds.runner import differences, expected_fates, grouped
from tests.worlds.test_worlds import AREAS, module_targets

WORK_ORDERS, INVOICES = "msdyn_workorders", "invoices"
LINES = "msdyn_inventoryadjustmentproducts"
# What belongs to a document and points at it.
PARTS = {
    WORK_ORDERS: (("msdyn_workorderproducts", "msdyn_workorder"), ("msdyn_workorderservices", "msdyn_workorder")),
    INVOICES: (("invoicedetails", "invoiceid"),),
    "msdyn_inventoryadjustments": ((LINES, "msdyn_inventoryadjustment"),),
    "msdyn_inventorytransfers": ((LINES, "msdyn_inventorytransfer"),),
}


@dataclass(frozen=True)
class Kind:
    """The source rows of an area that tests change.

    :param seed: of a small world with several rows that arrive; :param rows: entity set; :param key: its key column.
    :param bad: column and value of a row that no target row can be made of.
    :param heads: entity set that holds the number, where that is another; :param number: column that becomes the key.
    """

    seed: int
    rows: str
    key: str
    bad: tuple[str, Any]
    heads: str
    number: str

    @property
    def system(self) -> str:
        return "dataverse" if self.rows[0].islower() else "finops"


KINDS = {
    "accounts": Kind(91, "accounts", "accountid", ("address1_country", "Atlantis"), "accounts", "accountnumber"),
    "warehouses": Kind(31, "Warehouses", "WarehouseId", ("WarehouseId", "b<1"), "Warehouses", "WarehouseId"),
    "products": Kind(35, "SellableReleasedProducts", "ProductNumber", ("ProductName", ""), "SellableReleasedProducts",
                     "ProductNumber"),
    "projects": Kind(182, "Projects", "ProjectID", ("ProjectName", " "), "Projects", "ProjectID"),
    "inventory_adjustments": Kind(34, LINES, f"{LINES[:-1]}id", ("msdynce_numbersequence", "x1"),
                                  "msdyn_inventoryadjustments", "msdyn_name"),
    "inventory_transfers": Kind(15, LINES, f"{LINES[:-1]}id", ("msdynce_numbersequence", "x1"),
                                "msdyn_inventorytransfers", "msdyn_name"),
    "work_orders": Kind(11, WORK_ORDERS, "msdyn_workorderid", ("transactioncurrencyid", None), WORK_ORDERS,
                        "msdyn_name"),
    "product_inventory": Kind(176, "WarehousesOnHandV2", "", ("OnHandQuantity", 5_000_000_000), "WarehousesOnHandV2",
                              "ItemNumber"),
    "agreement_invoices": Kind(209, INVOICES, "invoiceid", ("msdyn_invoicedate", None), INVOICES, "invoicenumber"),
}  # fmt: skip


def crew(area: str) -> World:
    """Return a world in which several rows of an area arrive."""
    world = world_of(area, KINDS[area].seed)
    if area == "work_orders":  # the random ones are nearly all bad
        for number in ("WO-CLONE-2", "WO-CLONE-3"):
            clone(world, area, arriving(world, area)[0], number)
    if KINDS[area].rows == LINES:  # so that one journal is held back and another arrives
        clone(world, area, arriving(world, area)[0], "XX-2")
    return world


def rows_of(world: World, area: str) -> list[Row]:
    """Return the source rows of an area, to be changed in place."""
    kind = KINDS[area]
    return world.tables(kind.system)[kind.rows]


def name_of(row: Row, area: str) -> str:
    """Return the key of a source row as the books name it."""
    return str(row[KINDS[area].key]) if KINDS[area].key else "|".join(str(row.get(name, "")) for name in KEY)


def arriving(world: World, area: str) -> list[Row]:
    """Return the source rows of an area that arrive, as the reference says."""
    fates = {key: outcome for verdict in judge(area, world) for key, outcome in verdict.fates.items()}
    by_company = KINDS[area].system == "finops"
    found = []
    for row in rows_of(world, area):
        companies = [row["dataAreaId"]] if by_company else [company.name for company in world.companies]
        if any(fates.get((company, name_of(row, area))) == WRITTEN for company in companies):
            found.append(row)
    return found


def head_of(world: World, area: str, row: Row) -> Row:
    """Return the row that holds the number: the row itself, or its document."""
    kind = KINDS[area]
    if kind.heads == kind.rows:
        return row
    key = kind.heads[:-1]
    return next(head for head in world.dataverse[kind.heads] if head[f"{key}id"] == row[key])


def clone(world: World, area: str, row: Row, number: str) -> Row:
    """Add a copy of a row under another number, its whole document with new ids where it has one.

    :returns: the new row that holds the number.
    """
    kind = KINDS[area]
    head = head_of(world, area, row)
    made = {**head, kind.number: number}
    if area == "product_inventory":
        _clone_product(world, row, number)
    table = world.tables(kind.system)[kind.heads]
    table.append(made)
    if kind.system == "dataverse":
        identity = _id_column(kind.heads)
        made[identity] = _another(head[identity], number)
        for parts, pointer in PARTS.get(kind.heads, ()):
            for part in _pointing(world, parts, pointer, head[identity]):
                new = _another(part[_id_column(parts)], number)
                world.dataverse[parts].append({**part, pointer: made[identity], _id_column(parts): new})
    return made


def parts_of(world: World, area: str, head: Row) -> list[Row]:
    """Return the lines of a document; none of a row that stands alone."""
    heads = KINDS[area].heads
    places = PARTS.get(heads, ())
    return [part for parts, pointer in places for part in _pointing(world, parts, pointer, head[_id_column(heads)])]


def _pointing(world: World, parts: str, pointer: str, identity: str) -> list[Row]:
    return [part for part in world.dataverse[parts] if part.get(pointer) == identity]


def _clone_product(world: World, row: Row, number: str) -> None:
    """Give stock of a new item its released product in Supply Chain Management and its product in Field Service."""
    released = next(
        one
        for one in world.finops["CDSReleasedDistinctProducts"]
        if all(one[name] == row[name] for name in ("dataAreaId", "ItemNumber", "ProductColorId"))
    )
    prefix = next(one.prefix for one in world.companies if one.name == row["dataAreaId"])
    known = next(
        one for one in world.dataverse["products"] if one["productnumber"] == prefix + released["ProductNumber"]
    )
    world.finops["CDSReleasedDistinctProducts"].append({**released, "ProductNumber": number, "ItemNumber": number})
    new = {"productid": _another(known["productid"], number), "productnumber": prefix + number}
    world.dataverse["products"].append({**known, **new})


def _id_column(entity_set: str) -> str:
    return f"{entity_set[:-1]}id"


def _another(known: str, number: str) -> str:
    """Return an id that follows from another one and a text."""
    digits = f"{int(known.replace('-', '')[:12], 16) ^ hash_of(number):012x}"
    return f"{digits[:8]}-{digits[8:12]}{known[13:]}"


def hash_of(text: str) -> int:
    """Return a number of 48 bits that is the same in every process."""
    return sum(ord(letter) * 257**place for place, letter in enumerate(text)) % (1 << 48) or 1


def judge(area: str, world: World) -> list[Verdict]:
    """Return what the reference says of a world."""
    return list(AREAS[area].judge(world))


def spoil(world: World, area: str, row: Row) -> None:
    """Make a row one that must not arrive."""
    name, value = KINDS[area].bad
    row[name] = value


def double(world: World, area: str) -> None:
    """Give a row that arrives a second one of the same key."""
    row = arriving(world, area)[0]
    kind = KINDS[area]
    if area == "product_inventory":
        rows_of(world, area).append({**row, "InventorySiteId": "9"})
    elif kind.system == "finops":
        no_customer = {"CustomerAccount": ""} if area == "projects" else {}
        rows_of(world, area).append({**row, "dataAreaId": _second_company(world).name, **no_customer})
    elif kind.heads != kind.rows:
        rows_of(world, area).append({**row, kind.key: _another(row[kind.key], "again")})
    else:
        clone(world, area, row, row[kind.number])


def _second_company(world: World) -> Company:
    """Let two companies share the tables of Field Service, without prefixes."""
    name = next(one for one in ("usmf", "demf", "frrt") if one not in [company.name for company in world.companies])
    first = world.companies[0]
    first.prefix = ""
    other = Company(name, "", dict(first.settings), copy.deepcopy(first.maps))
    world.companies.append(other)
    world.dataverse["businessunits"].append(
        {"businessunitid": unit_id(name), "name": other.unit, "parentbusinessunitid": ROOT_UNIT}
    )
    return other


def without(world: World, area: str, row: Row) -> World:
    """Return a copy of a world in which a row must not arrive, its key as it was."""
    place = next(number for number, one in enumerate(rows_of(world, area)) if one is row)
    other = copy.deepcopy(world)
    if area != "warehouses":
        spoil(other, area, rows_of(other, area)[place])
        return other
    prefix = next(one.prefix for one in world.companies if one.name == row["dataAreaId"])
    name = prefix + row["WarehouseId"]  # there is no bad value: let Field Service have its own of that name
    others = [one for one in other.dataverse["msdyn_warehouses"] if one["msdyn_name"].lower() != name.lower()]
    other.dataverse["msdyn_warehouses"] = [*others, {"msdyn_name": name, "msdynce_ismaintainedexternally": False}]
    return other


def lost(area: str, whole: World, less: World) -> tuple[Target, tuple[str, ...]]:
    """Return target and key of a row that arrives in one world and not in the other."""
    missing = list(_lost(judge(area, whole), judge(area, less)))
    return missing[0] if area in ("work_orders", "agreement_invoices") else missing[-1]


def _lost(whole: list[Verdict], less: list[Verdict]) -> Iterator[tuple[Target, tuple[str, ...]]]:
    kept = {target.entity_set: target.rows for target in module_targets(less)}
    for target in module_targets(whole):
        yield from ((target, key) for key in target.rows if key not in kept[target.entity_set])


def assert_judged(site: Site, result: Result, verdicts: list[Verdict]) -> None:
    """Make sure that each row ended as the reference says, and both systems hold what it says and nothing else."""
    for verdict in verdicts:
        _, fates = result[verdict.task]
        assert grouped(fates.items(), verdict.groups) == expected_fates(verdict), verdict.task
    assert books_balance(result)
    assert_holds(site, verdicts)


def assert_holds(site: Site, verdicts: list[Verdict]) -> None:
    """Make sure that both systems hold what the reference says, and nothing else."""
    after = site.dump()
    for target in module_targets(verdicts):
        found = differences(target, site.start[target.entity_set], after[target.entity_set])
        assert found == [], found[:5]
    assert site.open_leases() == []
    assert site.unfinished_files() == []


def put_into(site: Site, world: World, area: str) -> None:
    """Put the changed source rows of an area into the running systems."""
    kind = KINDS[area]
    site.landscape.replace(kind.system, kind.rows, rows_of(world, area))
