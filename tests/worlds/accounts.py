"""Worlds and reference of accounts (docs/areas/accounts.md)."""

from __future__ import annotations

from random import Random

from tests.worlds.model import QUARANTINED, WRITTEN, Company, Row, Target, Verdict, World, repeated, trimmed
from tests.worlds.pieces import ROOT_UNIT, companies, fixed_id, new_id, organization, some_case, some_text, unit_id

COUNTRIES = {
    "US": "US", "USA": "US", "United States": "US", "GB": "GB", "United Kingdom": "GB", "DE": "DE", "Germany": "DE",
    "Deutschland": "DE", "FR": "FR", "France": "FR",
}  # fmt: skip
NUMBERS = ("A-001", "A-002", "a-002", "A-003", "Ä'4", "B/5", "1234567890123456789X", "C 6", "C7", "C8", " A-003")
PLAIN = {
    "telephone1": "PrimaryContactPhone", "emailaddress1": "PrimaryContactEmail", "fax": "PrimaryContactFax",
    "websiteurl": "PrimaryContactURL", "description": "SalesMemo", "address1_line1": "AddressStreet",
    "address1_city": "AddressCity", "address1_stateorprovince": "AddressState", "address1_postalcode": "AddressZipCode",
}  # fmt: skip
SHORT = {"address1_city": 60, "address1_stateorprovince": 10, "address1_postalcode": 10}  # what F&O takes


def build(random: Random) -> World:
    world = World(companies(random, prefixes=False, customer_group="10"))
    world.dataverse = organization(world)
    world.dataverse["transactioncurrencies"] += [
        {"transactioncurrencyid": fixed_id("currency", code), "isocurrencycode": code, "currencyname": code}
        for code in ("JPY", "EURO")
    ]
    world.finops["OperationalSites"], world.finops["Warehouses"] = [], []
    for company in world.companies:
        _shop(random, company, world)
    world.dataverse["accounts"] = [
        _account(random, number, unit)
        for unit in [*(unit_id(one.name) for one in world.companies), ROOT_UNIT]
        for number in random.choices((*NUMBERS, ""), k=random.randrange(1, 8))
    ]
    world.finops["CustomersV2"] = [row for company in world.companies for row in _present(random, company)]
    return world


def _shop(random: Random, company: Company, world: World) -> None:
    world.finops["OperationalSites"].append({"dataAreaId": company.name, "SiteId": "1"})
    world.finops["Warehouses"].append({"dataAreaId": company.name, "WarehouseId": "13", "OperationalSiteId": "1"})
    if random.random() < 0.5:
        company.settings |= {"customer_site": "1", "customer_warehouse": "13", "customer_language": "de"}


def _account(random: Random, number: str, unit: str) -> Row:
    country = random.choice((*COUNTRIES, "usa", " Germany ", "FRANCE", "", "Atlantis"))
    return {
        "accountid": new_id(random), "accountnumber": number, "owningbusinessunit": unit,
        "name": random.choice((some_text(random, empty=0.1), some_text(random, empty=0.1), "n" * 100, "n" * 101)),
        "statecode": 1 if random.random() < 0.15 else 0,
        "transactioncurrencyid": _currency(random),
        "telephone1": some_text(random), "emailaddress1": some_text(random), "fax": some_text(random),
        "websiteurl": some_text(random), "description": some_text(random), "address1_line1": some_text(random),
        "address1_city": random.choice((some_text(random), "c" * 60, "c" * 61)),
        "address1_stateorprovince": random.choice(("WA", "", "s" * 10, "s" * 10, "s" * 11)),
        "address1_postalcode": random.choice(("98052", "12345-6789", "")), "address1_country": country,
    }  # fmt: skip


def _currency(random: Random) -> str | None:
    code = random.choice(("USD", "USD", "USD", "EUR", "EUR", "EUR", "JPY", "EURO", None))
    return fixed_id("currency", code) if code else None


def _present(random: Random, company: Company) -> list[Row]:
    """Return customers that are there: some of a number that an account has too, in a group of their own."""
    numbers = {some_case(random, number) for number in random.sample(("A-001", "C7", "ZZ-1", "C 6"), 2)}
    return [
        {
            "dataAreaId": company.name, "CustomerAccount": number, "PartyType": "Organization",
            "OrganizationName": "Old name", "CustomerGroupId": "30", "LanguageId": "en-gb", "SalesMemo": "Old memo",
        }
        for number in sorted(numbers)
    ]  # fmt: skip


def judge(world: World) -> list[Verdict]:
    target = Target("finops", "CustomersV2", ("dataAreaId", "CustomerAccount"))
    verdict = Verdict("customers", [target])
    codes = {row["transactioncurrencyid"]: row["isocurrencycode"] for row in world.dataverse["transactioncurrencies"]}
    for company in world.companies:
        own = [
            row
            for row in world.dataverse["accounts"]
            if row["owningbusinessunit"] == unit_id(company.name) and row["statecode"] == 0
        ]
        twice = repeated(row["accountnumber"] for row in own)
        for row in own:
            number, code = trimmed(row["accountnumber"]), codes.get(row["transactioncurrencyid"])
            good = number is not None and number.lower() not in twice and code in ("USD", "EUR") and _is_sound(row)
            verdict.settle(company.name, row["accountid"], WRITTEN if good else QUARANTINED)
            if good:
                target.put(_written(world, company, row, str(code)))
    return [verdict]


def _is_sound(row: Row) -> bool:
    name, country = trimmed(row["name"]), trimmed(row["address1_country"])
    return (
        name is not None
        and len(name) <= 100
        and (country is None or country.lower() in {one.lower() for one in COUNTRIES})
        and all(len(row[column].strip()) <= most for column, most in SHORT.items())
    )


def _written(world: World, company: Company, row: Row, code: str) -> Row:
    number = row["accountnumber"].strip()
    iso = {one.lower(): two for one, two in COUNTRIES.items()}
    written = {
        "dataAreaId": company.name, "CustomerAccount": number, "OrganizationName": trimmed(row["name"]),
        "IsExternallyMaintained": "Yes", "SalesCurrencyCode": code,
        "AddressCountryRegionISOCode": iso.get(row["address1_country"].strip().lower()),
        **{to: trimmed(row[column]) for column, to in PLAIN.items()},
    }  # fmt: skip
    there = {(one["dataAreaId"], one["CustomerAccount"].lower()) for one in world.finops["CustomersV2"]}
    if (company.name, number.lower()) in there:
        return written
    settings = company.settings
    return written | {
        "PartyType": "Organization", "CustomerGroupId": settings["customer_group"],
        "SiteId": settings.get("customer_site"), "WarehouseId": settings.get("customer_warehouse"),
        "LanguageId": settings.get("customer_language", "en-us"),
    }  # fmt: skip
