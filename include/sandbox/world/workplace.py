"""What the technicians of one company have at hand: shelves with stock, services, accounts, projects, open orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from sandbox.world.companies import Company
from sandbox.world.organization import business_unit_id
from sandbox.world.work_orders import CANCELED, ORDERS, POSTED, SOUND_NUMBERS

Row = Mapping[str, Any]

INVENTORY, SERVICE = 690970000, 690970002
# Numbers from here on are given by the activity; below are those of the generated world.
FIRST_NUMBER = 101


class Desk(Protocol):
    """One save of a person in the organisation."""

    @property
    def moment(self) -> str:
        """UTC text of the moment of the save."""

    def rows(self, entity_set: str) -> Iterable[Row]:
        """Give the rows of a table."""

    def row(self, entity_set: str, row_id: str) -> Row:
        """Give one row that exists."""

    def children(self, entity_set: str, lookup: str, row_id: str) -> list[Any]:
        """Give the rows whose lookup points at a row."""

    def create(self, entity_set: str, values: Mapping[str, Any]) -> str:
        """Create a row and give its id."""

    def update(self, entity_set: str, row_id: str, values: Mapping[str, Any]) -> None:
        """Update a row."""


@dataclass(frozen=True)
class Shelf:
    """Stock of one product in one warehouse."""

    stock: str
    product: str
    warehouse: str
    unit: str
    price: Decimal


@dataclass(frozen=True)
class Service:
    """A service product."""

    product: str
    unit: str
    price: Decimal


@dataclass
class Workplace:
    """One company as its technicians see it; orders and numbers follow what they do.

    :param shelves: stock that Supply Chain Management maintains; :param warehouses: ids of its warehouses.
    :param accounts: sound accounts with a number; :param projects: external projects in process, with their accounts.
    :param orders: ids of work orders that are still to be worked on.
    :param last_numbers: number given last, by entity set.
    """

    company: Company
    shelves: list[Shelf] = field(default_factory=list)
    warehouses: list[str] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    projects: list[tuple[str, str]] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    last_numbers: dict[str, int] = field(default_factory=dict)
    price_list: str = ""
    currency: str = ""

    @property
    def letter(self) -> str:
        """First letter of the company in the numbers of its documents."""
        return self.company.data_area_id[0].upper()

    def prefix(self, entity_set: str) -> str:
        """Give what comes before the number of a document of a kind."""
        return f"WO-{self.letter}" if entity_set == ORDERS else f"{self.letter}{KINDS[entity_set]}"

    def take_number(self, entity_set: str) -> str:
        """Give the next document of a kind its number."""
        self.last_numbers[entity_set] += 1
        digits = 4 if entity_set == ORDERS else 6
        return f"{self.prefix(entity_set)}{self.last_numbers[entity_set]:0{digits}}"


KINDS = {"msdyn_inventoryadjustments": "A", "msdyn_inventorytransfers": "T"}


def look_around(desk: Desk, company: Company) -> Workplace:
    """See what a company has, in an order that does not depend on ids."""
    place = Workplace(company)
    warehouses = {row["msdyn_warehouseid"]: row["msdyn_name"] for row in _warehouses(desk, company)}
    products = {row["productid"]: row for row in desk.rows("products") if _is_usable(row, company)}
    place.warehouses = sorted(warehouses, key=lambda row_id: str(warehouses[row_id]))
    stock = [
        row
        for row in desk.rows("msdyn_productinventories")
        if row.get("msdyn_warehouse") in warehouses and row.get("msdyn_product") in products
    ]
    stock.sort(key=lambda row: (products[row["msdyn_product"]]["productnumber"], warehouses[row["msdyn_warehouse"]]))
    for row in stock:
        product = products[row["msdyn_product"]]
        if product["msdyn_fieldserviceproducttype"] == INVENTORY:
            place.shelves.append(_shelf(row, product))
    place.services = [_service(row) for row in _by_number(products.values()) if _is_service(row)]
    _see_office(desk, place)
    return place


def _see_office(desk: Desk, place: Workplace) -> None:
    """See accounts, projects, price list, open orders and the numbers given so far."""
    currencies = {row["isocurrencycode"]: row["transactioncurrencyid"] for row in desk.rows("transactioncurrencies")}
    place.currency = currencies.get(place.company.currency, "")
    lists = [row for row in desk.rows("pricelevels") if row.get("transactioncurrencyid") == place.currency]
    place.price_list = min(lists, key=lambda row: str(row["name"]))["pricelevelid"] if lists else ""
    unit = business_unit_id(place.company)
    numbers = {row["accountid"]: row["accountnumber"] for row in desk.rows("accounts") if _is_sound_account(row, unit)}
    place.accounts = sorted(numbers, key=lambda row_id: str(numbers[row_id]))
    projects = [row for row in desk.rows("msdynce_externalprojects") if row.get("msdynce_account") in numbers]
    place.projects = [
        (row["msdynce_externalprojectid"], row["msdynce_account"])
        for row in sorted(projects, key=lambda row: str(row["msdynce_projectnumber"]))
        if row["msdynce_projectstage"] == 1
    ]
    orders = [row for row in desk.rows(ORDERS) if row.get("owningbusinessunit") == unit]
    place.orders = [row["msdyn_workorderid"] for row in sorted(orders, key=_name) if _is_open(row, place)]
    place.last_numbers = {
        entity_set: _last_number(desk, entity_set, place.prefix(entity_set)) for entity_set in (ORDERS, *KINDS)
    }


def _warehouses(desk: Desk, company: Company) -> Iterator[Row]:
    """Give the warehouses of a company that came from Supply Chain Management, known by their names."""
    pattern = re.compile(rf"{company.warehouse_prefix}\d+")
    for row in desk.rows("msdyn_warehouses"):
        if row.get("msdynce_ismaintainedexternally") and pattern.fullmatch(row["msdyn_name"]):
            yield row


def _is_usable(row: Row, company: Company) -> bool:
    """Tell whether a product is a maintained one of the company with an inventory unit."""
    is_own = re.match(rf"{company.product_prefix}\d", row["productnumber"]) is not None
    return is_own and bool(row.get("msdynce_ismaintainedexternally")) and "msdynce_inventoryunit" in row


def _is_service(row: Row) -> bool:
    return bool(row["msdyn_fieldserviceproducttype"] == SERVICE)


def _is_sound_account(row: Row, unit: str) -> bool:
    number = str(row.get("accountnumber", ""))
    complete = {"name", "transactioncurrencyid"} <= row.keys() and row["statecode"] == 0
    return row.get("owningbusinessunit") == unit and complete and re.fullmatch(r"[A-Z]{2}-0\d\d", number) is not None


def _is_open(row: Row, place: Workplace) -> bool:
    """Tell whether technicians may work on an order: not one of the unusual ones, and not finished."""
    number = str(row.get("msdyn_name", "")).removeprefix(f"WO-{place.letter}")
    is_sound = number in SOUND_NUMBERS or (number.isdigit() and int(number) >= FIRST_NUMBER)
    return is_sound and row["msdyn_systemstatus"] not in (POSTED, CANCELED)


def _last_number(desk: Desk, entity_set: str, prefix: str) -> int:
    pattern = re.compile(rf"{prefix}(\d{{4,6}})")
    found = (pattern.fullmatch(str(row.get("msdyn_name", ""))) for row in desk.rows(entity_set))
    return max([FIRST_NUMBER - 1, *(int(match[1]) for match in found if match)])


def _shelf(row: Row, product: Row) -> Shelf:
    return Shelf(
        row["msdyn_productinventoryid"],
        row["msdyn_product"],
        row["msdyn_warehouse"],
        product["msdynce_inventoryunit"],
        product.get("price", Decimal(1)),
    )


def _service(row: Row) -> Service:
    return Service(row["productid"], row["msdynce_inventoryunit"], row.get("price", Decimal(1)))


def _by_number(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row["productnumber"]))


def _name(row: Row) -> str:
    return str(row.get("msdyn_name", ""))
