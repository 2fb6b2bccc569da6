"""Worlds and reference of warehouses (docs/areas/warehouses.md)."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.worlds.model import QUARANTINED, WRITTEN, Row, Target, Verdict, World, trimmed
from tests.worlds.pieces import companies, new_id, organization, some_case, some_text

IDS = ("11", "12", "Van-1", "W 3", "a/b", "q?x", "Ärmel", "x'y", "100%", "LAGER", "1234567890", "z", "Q1", "Z9")
UNADDRESSABLE = set("/<>*%&:\\?+")


def build(random: Random) -> World:
    world = World(companies(random, prefixes=True))
    for company in world.companies:
        for number in random.sample(IDS, random.randrange(1, 9)):
            world.finops.setdefault("Warehouses", []).append(
                {
                    "dataAreaId": company.name, "WarehouseId": number, "WarehouseName": _name(random),
                    "WarehouseType": random.choice(("Standard", "Standard", "Standard", "Transit", "Quarantine")),
                }
            )  # fmt: skip
    world.dataverse = organization(world) | {"msdyn_warehouses": _present(random, world)}
    return world


def _name(random: Random) -> str:
    return random.choice((some_text(random), some_text(random), "n" * 200))


def _present(random: Random, world: World) -> list[Row]:
    """Return warehouses of Field Service: some of the same name, maintained here or there."""
    names: dict[str, str] = {}
    for row in world.finops.get("Warehouses", []):
        if random.random() < 0.4:
            prefix = next(one.prefix for one in world.companies if one.name == row["dataAreaId"])
            name = some_case(random, f"{prefix}{row['WarehouseId']}")
            names.setdefault(name.lower(), name)
    return [
        {
            "msdyn_warehouseid": new_id(random), "msdyn_name": name, "msdyn_description": some_text(random),
            "msdynce_ismaintainedexternally": random.choice((True, True, False, None)),
        }
        for name in ["Van 07 North", *names.values()]
    ]  # fmt: skip


def judge(world: World) -> list[Verdict]:
    target = Target("dataverse", "msdyn_warehouses", ("msdyn_name",))
    verdict = Verdict("warehouse", [target])
    prefix = {one.name: one.prefix for one in world.companies}
    present = {row["msdyn_name"].lower(): row for row in world.dataverse["msdyn_warehouses"]}
    travelling = [row for row in world.finops["Warehouses"] if row["WarehouseType"] == "Standard"]
    sound = []
    for row in travelling:
        name = prefix[row["dataAreaId"]] + row["WarehouseId"]
        own = present.get(name.lower())
        if UNADDRESSABLE & set(name) or (own and own["msdynce_ismaintainedexternally"] is not True):
            verdict.settle(row["dataAreaId"], row["WarehouseId"], QUARANTINED)
        else:
            sound.append((name, row))
    uses = Counter(name.lower() for name, _ in sound)
    for name, row in sound:
        once = uses[name.lower()] == 1
        verdict.settle(row["dataAreaId"], row["WarehouseId"], WRITTEN if once else QUARANTINED)
        if once:
            target.put(
                {
                    "msdyn_name": name, "msdyn_description": trimmed(row["WarehouseName"]),
                    "msdynce_ismaintainedexternally": True,
                }
            )  # fmt: skip
    return [verdict]
