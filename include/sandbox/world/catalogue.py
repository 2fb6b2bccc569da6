"""Products of a company: spare parts, some of them in variants, consumables and services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.world.companies import Company

Row = dict[str, Any]

PARTS = (
    "Circulation pump", "Plate heat exchanger", "Room thermostat", "Expansion vessel", "Pressure switch", "Fan motor",
    "Gas valve", "Ignition electrode", "Control board", "Flow sensor", "Air filter", "Drain hose", "Drive belt",
    "Door seal", "Bearing set", "Relay module", "Contactor", "Power supply", "Safety valve", "Mixing valve",
)  # fmt: skip
SERIES = ("A20", "B35", "C40", "D12", "E50", "F08", "G15", "H22", "K60", "N75", "R90", "X10")
CONSUMABLES = ("Sealing compound", "Pipe insulation", "Copper pipe", "Refrigerant R32", "Cable duct", "Lubricant")
SERVICES = ("Commissioning", "Annual maintenance", "Fault diagnosis", "Leak test", "Calibration", "Call-out")
COLOURS = ("Black", "White", "Grey")
CONSUMABLE_UNITS = {"Pipe insulation": "m", "Copper pipe": "m", "Refrigerant R32": "kg", "Cable duct": "m"}


@dataclass(frozen=True)
class Product:
    """One product number; a variant shares its item number with its siblings."""

    company: Company
    number: str
    item: str
    name: str
    description: str
    kind: str
    sales_unit: str
    inventory_unit: str
    price: float
    cost: float
    colour: str = ""
    currency: str = ""

    @property
    def is_stocked(self) -> bool:
        """Tell whether Supply Chain Management keeps stock of it."""
        return self.kind == "Inventory"

    def sellable(self) -> Row:
        """Give its row of `SellableReleasedProducts`."""
        return {
            "dataAreaId": self.company.data_area_id,
            "ProductNumber": self.number,
            "ProductName": self.name,
            "ProductDescription": self.description,
            "ProductType": "Service" if self.kind == "Service" else "Item",
            "IsStockedProduct": "Yes" if self.is_stocked else "No",
            "FieldServiceProductType": self.kind,
            "SalesUnitSymbol": self.sales_unit,
            "InventoryUnitSymbol": self.inventory_unit,
            "SalesUnitDecimalPrecision": precision(self.sales_unit),
            "InventoryUnitDecimalPrecision": precision(self.inventory_unit),
            "SalesPrice": self.price,
            "UnitCost": self.cost,
            "CurrencyCode": self.currency or self.company.currency,
            "IsSalesStopped": "No",
        }

    def distinct(self) -> Row:
        """Give its row of `CDSReleasedDistinctProducts`: product number to item number and dimensions."""
        shared = self.sellable()
        del shared["IsSalesStopped"]
        return {
            **shared,
            "ItemNumber": self.item,
            "ProductColorId": self.colour,
            "ProductConfigurationId": "",
            "ProductSizeId": "",
            "ProductStyleId": "",
            "ProductVersionId": "",
            "IsCatchWeightProduct": "No",
        }


def precision(unit: str) -> int:
    """Give the decimals of a quantity in this unit."""
    return 0 if unit in ("ea", "box", "pal") else 2


def products(company: Company, stocked: int, random: Random) -> list[Product]:
    """Make so many stocked products, and a tenth as many services and non-stocked consumables (at least two).

    The first product is never a variant, so that a known number exists in every world.
    """
    made: list[Product] = []
    item = 0
    while len(made) < stocked:
        item += 1
        is_variant = item > 1 and random.random() < 0.12
        made.extend(_part(company, item, random, COLOURS if is_variant else ("",)))
    del made[stocked:]
    made.extend(_other(company, item + 1 + index, index, random) for index in range(max(2, stocked // 10)))
    return made


def _part(company: Company, item: int, random: Random, colours: tuple[str, ...]) -> Iterator[Product]:
    name = f"{PARTS[item % len(PARTS)]} {SERIES[item // len(PARTS) % len(SERIES)]}"
    number = _number(company, item)
    cost = random.randrange(200, 90_000) / 100
    # One part in eight is sold by the box and kept by the piece.
    sales_unit = "box" if item % 8 == 5 else "ea"
    for colour in colours:
        yield Product(
            company,
            f"{number}-{colour[:3].upper()}" if colour else number,
            number,
            f"{name} {colour.lower()}" if colour else name,
            f"{name}, spare part {item}",
            "Inventory",
            sales_unit,
            "ea",
            round(cost * 1.4, 2),
            cost,
            colour,
        )


def _other(company: Company, item: int, index: int, random: Random) -> Product:
    number, cost = _number(company, item), random.randrange(500, 20_000) / 100
    if index % 2:
        name = CONSUMABLES[index // 2 % len(CONSUMABLES)]
        kind, unit = "NonInventory", CONSUMABLE_UNITS.get(name, "ea")
    else:
        name, kind, unit = SERVICES[index // 2 % len(SERVICES)], "Service", "hr"
    return Product(company, number, number, name, f"{name}, {unit}", kind, unit, unit, round(cost * 1.3, 2), cost)


def _number(company: Company, item: int) -> str:
    return f"{company.product_prefix}{item:04}"
