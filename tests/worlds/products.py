"""Worlds and reference of products (docs/areas/products.md)."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from tests.worlds.model import QUARANTINED, WRITTEN, Company, Row, Target, Verdict, World, trimmed
from tests.worlds.pieces import CURRENCIES, companies, fixed_id, new_id, organization, some_case, some_text

NUMBERS = ("M0001", "M0001-RED", "D/1", "ÜB-1", "a b", "P&Q", "S100", "S200", "T'1", "N" * 70, "K1", "K2", "K3")
UNITS = ("ea", "EA", "box", "hr", " ea", "pal", "")
FIELD_SERVICE_TYPES = {"Inventory": 690970000, "NonInventory": 690970001, "Service": 690970002, "NotAvailable": None}
PRICES = ("0", "12.5", "0.12345", "0.00005", "0.00015", "-3.33335", "99999999.999949")
TOO_MUCH = Decimal(10) ** 16
MOST = Decimal("922337203685477")


def build(random: Random) -> World:
    world = World(companies(random, prefixes=True))
    world.finops["SellableReleasedProducts"] = [
        _product(random, company, number)
        for company in world.companies
        for number in random.sample(NUMBERS, random.randrange(1, 8))
    ]
    world.dataverse = organization(world)
    world.dataverse["transactioncurrencies"].append(
        {"transactioncurrencyid": fixed_id("currency", "GBP"), "isocurrencycode": "GBP", "currencyname": "no list"}
    )
    world.dataverse["products"] = _present(random, world)
    return world


def _product(random: Random, company: Company, number: str) -> Row:
    return {
        "dataAreaId": company.name, "ProductNumber": number,
        "ProductName": random.choice((some_text(random, empty=0.1), "x" * 100, "y" * 250)),
        "ProductDescription": some_text(random, empty=0.3), "ProductType": random.choice(("Item", "Item", "Service")),
        "IsStockedProduct": random.choice(("Yes", "No")),
        "FieldServiceProductType": random.choice(tuple(FIELD_SERVICE_TYPES)),
        "SalesUnitSymbol": random.choice(UNITS[:5] if random.random() < 0.8 else UNITS),
        "InventoryUnitSymbol": random.choice(UNITS[:5] if random.random() < 0.8 else UNITS),
        "SalesUnitDecimalPrecision": random.choice((0, 2, 5, 6, 99, -1)),
        "SalesPrice": Decimal(random.choice(PRICES)) if random.random() < 0.95 else TOO_MUCH,
        "UnitCost": Decimal(random.choice(PRICES)),
        "CurrencyCode": random.choice(("USD", "EUR", "usd", "EUR", "USD", "GBP", "JPY", "")),
    }  # fmt: skip


def _present(random: Random, world: World) -> list[Row]:
    rows: list[Row] = []
    for company in world.companies:
        for source in world.finops["SellableReleasedProducts"]:
            if source["dataAreaId"] == company.name and random.random() < 0.3:
                number = some_case(random, company.prefix + source["ProductNumber"])
                rows += [_own(random, number) for _ in range(random.choice((1, 1, 1, 2)))]
    return [*rows, _own(random, "FS-KIT")]


def _own(random: Random, number: str) -> Row:
    return {
        "productid": new_id(random), "productnumber": number, "name": "Old name", "quantitydecimal": 1,
        "defaultuomscheduleid": fixed_id("group"), "defaultuomid": fixed_id("unit", "box"), "productstructure": 1,
        "description": "Old description", "price": Decimal("1"), "transactioncurrencyid": fixed_id("currency", "USD"),
        "msdynce_ismaintainedexternally": random.choice((True, True, False, None)),
    }  # fmt: skip


def judge(world: World) -> list[Verdict]:
    target = Target("dataverse", "products", ("productnumber",))
    verdict = Verdict("products", [target])
    prefix = {one.name: one.prefix for one in world.companies}
    present: dict[str, list[Row]] = {}
    for row in world.dataverse["products"]:
        present.setdefault(row["productnumber"].lower(), []).append(row)
    rows = world.finops["SellableReleasedProducts"]
    shaped = [(row, prefix[row["dataAreaId"]] + row["ProductNumber"]) for row in rows]
    sound = [(row, number) for row, number in shaped if _is_sound(row) and _may_write(present.get(number.lower(), []))]
    uses = Counter(number.lower() for _, number in sound)
    for row, number in shaped:
        good = (row, number) in sound and uses[number.lower()] == 1 and _is_taken(row)
        verdict.settle(row["dataAreaId"], row["ProductNumber"], WRITTEN if good else QUARANTINED)
        if good:
            target.put(_written(row, number))
    return [verdict]


def _may_write(own: list[Row]) -> bool:
    """Tell whether Field Service has no product of the number, or one that is maintained externally."""
    return not own or (len(own) == 1 and own[0]["msdynce_ismaintainedexternally"] is True)


def _is_sound(row: Row) -> bool:
    known = {"usd", "eur", "gbp"}
    return (
        trimmed(row["ProductName"]) is not None
        and _unit(row["SalesUnitSymbol"]) is not None
        and _unit(row["InventoryUnitSymbol"]) is not None
        and row["CurrencyCode"].lower() in known
        and row["SalesPrice"] <= MOST
    )


def _is_taken(row: Row) -> bool:
    """Tell whether Field Service takes the product: it wants an active price list in its currency."""
    return row["CurrencyCode"].upper() in CURRENCIES


def _unit(symbol: str) -> str | None:
    name = symbol.strip().lower()
    return fixed_id("unit", name) if name in ("ea", "box", "hr") else None


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)


def _written(row: Row, number: str) -> Row:
    return {
        "productnumber": number, "name": row["ProductName"].strip()[:100].strip(),
        "description": trimmed(row["ProductDescription"]),
        "producttypecode": {"Item": 1, "Service": 3}[row["ProductType"]],
        "defaultuomscheduleid": fixed_id("group"), "defaultuomid": _unit(row["SalesUnitSymbol"]),
        "price": _money(row["SalesPrice"]), "currentcost": _money(row["UnitCost"]),
        "transactioncurrencyid": fixed_id("currency", row["CurrencyCode"].upper()),
        "isstockitem": row["IsStockedProduct"] == "Yes",
        "quantitydecimal": min(5, max(0, row["SalesUnitDecimalPrecision"])), "msdynce_ismaintainedexternally": True,
        "msdyn_fieldserviceproducttype": FIELD_SERVICE_TYPES[row["FieldServiceProductType"]],
        "msdynce_inventoryunit": _unit(row["InventoryUnitSymbol"]), "productstructure": 1,
    }  # fmt: skip
