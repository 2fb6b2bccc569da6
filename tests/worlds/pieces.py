"""What worlds are made of: companies, ids, texts nobody thought of, and the tables every area needs."""

from __future__ import annotations

import uuid
from random import Random
from typing import Any

from tests.worlds.model import Company, Row, Tables, World

ROOT_UNIT = str(uuid.UUID(int=1))
CURRENCIES = ("USD", "EUR")
TEXTS = (
    "Plain", "  padded  ", "Größe Ünïcode", "日本語の倉庫", "emoji 🚐", "O'Brien & Sons", 'quote "x"', "tab\tinside",
    "<b>bold</b>", "a;b,c|d", "percent %41", "UPPER", "lower", "é" * 40,
)  # fmt: skip


def new_id(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def fixed_id(*parts: str) -> str:
    """Return the id of a row that every world has."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "|".join(parts)))


def unit_id(name: str) -> str:
    return fixed_id("businessunit", name.upper())


def some_text(random: Random, *, empty: float = 0.15) -> str:
    """Return a text, sometimes an empty one."""
    if random.random() < empty:
        return random.choice(("", "   "))
    return f"{random.choice(TEXTS)} {random.randrange(1000)}"


def some_case(random: Random, text: str) -> str:
    """Return a text in another case now and then."""
    return random.choice((text, text, text, text.lower(), text.upper()))


def companies(random: Random, *, prefixes: bool, **settings: Any) -> list[Company]:
    """Return one to three companies; those of a prefixed world all have one."""
    names = random.sample(("usmf", "demf", "frrt"), random.choice((1, 1, 1, 2, 2, 3)))
    with_prefix = prefixes and random.random() < 0.5
    return [Company(name, f"{name[0].upper()}-" if with_prefix else "", dict(settings)) for name in names]


def organization(world: World) -> Tables:
    """Return business units, currencies, price lists and units of Field Service."""
    units = [{"businessunitid": ROOT_UNIT, "name": "Root"}]
    units += [
        {"businessunitid": unit_id(one.name), "name": one.unit, "parentbusinessunitid": ROOT_UNIT}
        for one in world.companies
    ]
    return {
        "businessunits": units,
        "transactioncurrencies": [
            {"transactioncurrencyid": fixed_id("currency", code), "isocurrencycode": code, "currencyname": code}
            for code in CURRENCIES
        ],
        "pricelevels": [
            {
                "pricelevelid": fixed_id("pricelevel", code), "name": f"Standard {code}",
                "transactioncurrencyid": fixed_id("currency", code),
            }
            for code in CURRENCIES
        ],
        "uomschedules": [{"uomscheduleid": fixed_id("group"), "name": "default unit", "baseuomname": "ea"}],
        "uoms": [
            {
                "uomid": fixed_id("unit", name), "name": name, "uomscheduleid": fixed_id("group"), "quantity": 1,
                "isschedulebaseuom": name == "ea",
            }
            for name in ("ea", "box", "hr")
        ],
    }  # fmt: skip


def odd_rows(random: Random, rows: list[Row], **changes: Any) -> None:
    """Change one row of the list in place. :param changes: column -> value."""
    if rows:
        random.choice(rows).update(changes)
