"""The world behind the sandbox: one seed and one scale give the same rows of both systems every time.

F&O has three companies with sites, warehouses, products and on-hand stock; Field Service has what it owns itself.
Every world holds the unusual rows of `peculiarities`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any

from sandbox.world import catalogue, fieldservice, finance, peculiarities, places, stock
from sandbox.world.companies import COMPANIES, Company

Row = dict[str, Any]
Tables = dict[str, list[Row]]

# On-hand rows of the named scales, over all companies.
SCALES = {"tiny": 60, "small": 400, "medium": 10_000, "large": 100_000}
MOST_WAREHOUSES = 40

UNITS = (
    ("ea", "Each", "Quantity"),
    ("box", "Box", "Quantity"),
    ("pair", "Pair", "Quantity"),
    ("pal", "Pallet", "Quantity"),
    ("m", "Metre", "Length"),
    ("kg", "Kilogram", "Mass"),
    ("hr", "Hour", "Time"),
)


@dataclass(frozen=True)
class World:
    """Rows of both systems by entity set; sets that are not named are empty."""

    finops: Tables = field(default_factory=dict)
    dataverse: Tables = field(default_factory=dict)


def build(seed: int, scale: str | int, *, empty: bool = False) -> World:
    """Build a world.

    :param scale: tiny, small, medium, large, or the number of on-hand rows (as a number or its text); never fewer rows
        than the unusual ones.
    :param empty: no rows at all.
    :raises ValueError: unknown scale.
    """
    rows = on_hand_rows(scale)
    if empty:
        return World()
    finops: Tables = {"UnitsOfMeasure": [_unit(*unit) for unit in UNITS]}
    unusual = len(peculiarities.rows(peculiarities.STOCK))
    shares = _shares(max(rows - unusual, len(COMPANIES)))
    for company, share in zip(COMPANIES, shares, strict=True):
        made_of = {**_company(company, share, seed), **finance.tables(company)}
        for entity_set, made in made_of.items():
            finops.setdefault(entity_set, []).extend(made)
    for entity_set in peculiarities.ENTITY_SETS:
        finops[entity_set].extend(peculiarities.rows(entity_set))
    return World(finops, fieldservice.tables(finops["Warehouses"], finops["SellableReleasedProducts"]))


def on_hand_rows(scale: str | int) -> int:
    """Give the number of on-hand rows of a scale.

    :raises ValueError: neither a named scale nor a positive number.
    """
    if scale in SCALES:
        return SCALES[str(scale)]
    if str(scale).isdigit() and int(scale) > 0:
        return int(scale)
    raise ValueError(f"Unknown scale '{scale}'. Use {', '.join(SCALES)}, or a number of on-hand rows from 1.")


def _shares(rows: int) -> list[int]:
    """Divide rows among the companies; the first takes what rounding leaves."""
    others = [max(1, int(rows * company.share)) for company in COMPANIES[1:]]
    return [rows - sum(others), *others]


def _company(company: Company, rows: int, seed: int) -> Tables:
    """Build the F&O tables of one company with so many on-hand rows."""
    random = Random(f"{seed}/{company.data_area_id}")
    warehouses = places.warehouses(company, min(MOST_WAREHOUSES, max(4, round(rows**0.35))))
    made = catalogue.products(company, max(4, ceil(rows / (len(warehouses) * stock.DENSITY))), random)
    return {
        "OperationalSites": places.sites(company),
        "Warehouses": warehouses,
        "SellableReleasedProducts": [product.sellable() for product in made],
        "CDSReleasedDistinctProducts": [product.distinct() for product in made],
        "WarehousesOnHandV2": list(stock.company_stock(made, warehouses, rows, random)),
    }


def _unit(symbol: str, description: str, kind: str) -> Row:
    return {
        "UnitSymbol": symbol,
        "UnitDescription": description,
        "UnitClass": kind,
        "DecimalPrecision": catalogue.precision(symbol),
        "IsBaseUnit": "Yes" if symbol in ("ea", "m", "kg", "hr") else "No",
        "IsSystemUnit": "No",
        "IsFixedUnitSymbolAssigned": "No",
    }
