"""Rows that others depend on: taken away, and put back, in the running systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.reliability.rows import KINDS, PARTS, arriving, crew
from tests.reliability.site import Site
from tests.worlds.model import Row, World
from tests.worlds.pieces import fixed_id, unit_id


@dataclass(frozen=True)
class Parent:
    """What one row of an area depends on.

    :param entity_set: table of the parent; :param is_it: tells the parent from the other rows of the table.
    :param named: how the reason for holding the row back names it.
    :param blanked: column that the parent lacks; None: the whole parent is not there.
    """

    system: str
    entity_set: str
    is_it: Callable[[Row], bool]
    named: str
    blanked: str | None = None

    def take_away(self, site: Site, world: World) -> None:
        """Let the parent be missing."""
        kept = []
        for row in world.tables(self.system)[self.entity_set]:
            if not self.is_it(row):
                kept.append(row)
            elif self.blanked is not None:
                kept.append({**row, self.blanked: None})
        site.landscape.replace(self.system, self.entity_set, kept)

    def put_back(self, site: Site, world: World) -> None:
        """Let the parent arrive."""
        site.landscape.replace(self.system, self.entity_set, world.tables(self.system)[self.entity_set])


def family(area: str) -> tuple[World, Parent]:
    """Return a world of an area, and the parent of some of the rows that arrive in it."""
    world = crew(area)
    return world, PARENTS[area](world, arriving(world, area)[0])


def _warehouse(world: World, row: Row) -> Parent:
    """Let new customers have a warehouse; of the accounts that arrive, only the first is a new customer."""
    for company in world.companies:
        company.settings |= {"customer_site": "1", "customer_warehouse": "13"}
    customers = world.finops["CustomersV2"] = [
        one for one in world.finops["CustomersV2"] if not _is(one["CustomerAccount"], row["accountnumber"])
    ]
    for other in arriving(world, "accounts"):
        company = next(one for one in world.companies if unit_id(one.name) == other["owningbusinessunit"])
        if other is not row:
            customers.append(
                {
                    "dataAreaId": company.name, "CustomerAccount": other["accountnumber"].strip(),
                    "PartyType": "Organization", "OrganizationName": "Old name", "CustomerGroupId": "30",
                }
            )  # fmt: skip
    return Parent("finops", "Warehouses", lambda one: one["WarehouseId"] == "13", "Warehouse")


def _unit(world: World, row: Row) -> Parent:
    """Let only the first of the products that arrive be sold by the box."""
    for other in arriving(world, "products"):
        other["SalesUnitSymbol"] = "box" if other is row else "ea"
    return Parent("dataverse", "uoms", lambda one: one["name"] == "box", "unit")


def _customer(world: World, row: Row) -> Parent:
    customers = (one["CustomerAccount"].strip() for one in arriving(world, "projects"))
    number = next(one for one in customers if one)
    return Parent("dataverse", "accounts", lambda one: one["accountnumber"].lower() == number.lower(), "account")


def _released_product(area: str) -> Callable[[World, Row], Parent]:
    def of(world: World, row: Row) -> Parent:
        """Let only the first of the journals that arrive be about this product."""
        document = PARTS[KINDS[area].heads][0][1]
        known = next(one for one in world.dataverse["products"] if one["productid"] == row["msdyn_product"])
        for other in arriving(world, area):
            company = next(one for one in world.companies if unit_id(one.name) == other["owningbusinessunit"])
            own = other[document] == row[document]
            if not own and other["msdyn_product"] == row["msdyn_product"]:
                names = (company.prefix + name for name in ("M1", "M2-RED"))
                other["msdyn_product"] = fixed_id(
                    "product", next(one for one in names if one != known["productnumber"])
                )
        number = known["productnumber"]
        prefixes = tuple(company.prefix for company in world.companies)
        return Parent(
            "finops", "CDSReleasedDistinctProducts",
            lambda one: number in [prefix + one["ProductNumber"] for prefix in prefixes], "product",
        )  # fmt: skip

    return of


def _account_number(column: str) -> Callable[[World, Row], Parent]:
    def of(world: World, row: Row) -> Parent:
        """Give the document an account of its own, which has no number yet."""
        accounts, own = world.dataverse["accounts"], fixed_id("account", "own")
        shared = next(one for one in accounts if one["accountid"] == row[column])
        accounts.append({**shared, "accountid": own})
        row[column] = own
        return Parent(
            "dataverse", "accounts", lambda one: one["accountid"] == own, "without number|has no number",
            "accountnumber",
        )  # fmt: skip

    return of


def _product(world: World, row: Row) -> Parent:
    released = next(
        one
        for one in world.finops["CDSReleasedDistinctProducts"]
        if all(one[name] == row[name] for name in ("dataAreaId", "ItemNumber", "ProductColorId"))
    )
    prefix = next(one.prefix for one in world.companies if one.name == row["dataAreaId"])
    number = prefix + released["ProductNumber"]
    return Parent("dataverse", "products", lambda one: one["productnumber"] == number, "product")


def _is(text: str, other: str) -> bool:
    return text.strip().lower() == other.strip().lower()


PARENTS: dict[str, Callable[[World, Row], Parent]] = {
    "accounts": _warehouse,
    "products": _unit,
    "projects": _customer,
    "inventory_adjustments": _released_product("inventory_adjustments"),
    "inventory_transfers": _released_product("inventory_transfers"),
    "work_orders": _account_number("msdyn_serviceaccount"),
    "product_inventory": _product,
    "agreement_invoices": _account_number("customerid"),
}
