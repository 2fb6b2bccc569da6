"""Worlds and reference of projects (docs/areas/projects.md)."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.worlds.model import BLOCKED, QUARANTINED, SKIPPED, WRITTEN, Company, Row, Target, Verdict, World, trimmed
from tests.worlds.pieces import ROOT_UNIT, companies, new_id, organization, some_case, some_text, unit_id

NUMBERS = ("P-001", "P-002", "P-003", "p/4", "Pröj 5", "P'6", "P-77", "P-78", "P" * 20, "q?", "Z1", "Z2")
STAGES = ("InProcess", "InProcess", "InProcess", "Completed", "Created", "Scheduled")
CUSTOMERS = ("C-001", "C-002", "C-003", "c-001", " C-002", "C-404", "")
UNADDRESSABLE = set("/<>*%&:\\?+")


def build(random: Random) -> World:
    world = World(companies(random, prefixes=True))
    # Without prefixes a completed project of one company is met again once another company's of that number is there.
    shared = len(world.companies) > 1 and not world.companies[0].prefix
    stages = [stage for stage in STAGES if stage != "Completed" or not shared]
    world.finops["Projects"] = [
        {
            "dataAreaId": company.name, "ProjectID": number, "ProjectGroup": "TM",
            "ProjectName": random.choice((some_text(random), some_text(random), "n" * 100, "n" * 101)),
            "ProjectType": random.choice(("TimeMaterial", "TimeMaterial", "TimeMaterial", "FixedPrice")),
            "ProjectStage": random.choice(stages), "CustomerAccount": random.choice(CUSTOMERS),
        }
        for company in world.companies
        for number in random.sample(NUMBERS, random.randrange(1, 9))
    ]  # fmt: skip
    world.dataverse = organization(world)
    world.dataverse["accounts"] = [row for company in world.companies for row in _accounts(random, company)]
    world.dataverse["msdynce_externalprojects"] = _present(random, world)
    return world


def _accounts(random: Random, company: Company) -> list[Row]:
    """Return accounts of a company, one number sometimes given twice, and one that belongs to no company."""
    numbers = ["C-001", "C-002", *(["C-003"] * random.choice((0, 1, 2)))]
    units = [*([unit_id(company.name)] * len(numbers)), ROOT_UNIT]
    return [
        {"accountid": new_id(random), "accountnumber": number, "name": number, "owningbusinessunit": unit}
        for number, unit in zip([*numbers, "C-404"], units, strict=True)
    ]


def _present(random: Random, world: World) -> list[Row]:
    prefix = {one.name: one.prefix for one in world.companies}
    names: dict[str, str] = {"own-1": "OWN-1"}
    for row in world.finops["Projects"]:
        if random.random() < 0.35:
            name = some_case(random, prefix[row["dataAreaId"]] + row["ProjectID"])
            names.setdefault(name.lower(), name)
    return [
        {
            "msdynce_externalprojectid": new_id(random), "msdynce_projectnumber": name, "msdynce_name": "Old",
            "msdynce_projectstage": random.choice((1, 2)),
        }
        for name in names.values()
    ]  # fmt: skip


def judge(world: World) -> list[Verdict]:
    target = Target("dataverse", "msdynce_externalprojects", ("msdynce_projectnumber",))
    verdict = Verdict("projects", [target])
    company = {one.name: one for one in world.companies}
    present = {row["msdynce_projectnumber"].lower() for row in world.dataverse["msdynce_externalprojects"]}
    candidates: list[tuple[Row, str, str | None]] = []
    for row in world.finops["Projects"]:
        if row["ProjectType"] != "TimeMaterial" or row["ProjectStage"] not in ("InProcess", "Completed"):
            continue
        number = company[row["dataAreaId"]].prefix + row["ProjectID"]
        found = _found(world, row)
        if not 0 < len(row["ProjectName"].strip()) <= 100 or len(found) > 1:
            verdict.settle(row["dataAreaId"], row["ProjectID"], QUARANTINED)
        elif trimmed(row["CustomerAccount"]) and not found:
            verdict.settle(row["dataAreaId"], row["ProjectID"], BLOCKED)
        elif row["ProjectStage"] == "Completed" and number.lower() not in present:
            verdict.settle(row["dataAreaId"], row["ProjectID"], SKIPPED)
        elif UNADDRESSABLE & set(number):
            verdict.settle(row["dataAreaId"], row["ProjectID"], QUARANTINED)
        else:
            candidates.append((row, number, found[0] if found else None))
    uses = Counter(number.lower() for _, number, _ in candidates)
    for row, number, account in candidates:
        good = uses[number.lower()] == 1
        verdict.settle(row["dataAreaId"], row["ProjectID"], WRITTEN if good else QUARANTINED)
        if good:
            target.put(
                {
                    "msdynce_projectnumber": number, "msdynce_name": trimmed(row["ProjectName"]),
                    "msdynce_projectstage": 1 if row["ProjectStage"] == "InProcess" else 2, "msdynce_account": account,
                }
            )  # fmt: skip
    return [verdict]


def _found(world: World, row: Row) -> list[str]:
    """Return the ids of the company's accounts of the project's customer number."""
    wanted = (trimmed(row["CustomerAccount"]) or "").lower()
    return [
        account["accountid"]
        for account in world.dataverse["accounts"]
        if account["accountnumber"].lower() == wanted and account["owningbusinessunit"] == unit_id(row["dataAreaId"])
    ]
