"""Work orders that exist before the first run, as their lines would look after the plug-ins, and the unusual ones.

The first four of every company follow Microsoft's documented example ("Synchronize work orders in Field Service to
sales orders in Supply Chain Management"): estimated, allocated, used, completed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.world.accounts import account_id, account_number
from sandbox.world.companies import COMPANIES
from sandbox.world.external_projects import PROJECT_ACCOUNT, RUNNING, project_id
from sandbox.world.holdings import Holdings
from sandbox.world.identity import row_id, unit_id
from sandbox.world.unusual import LOADED, QUARANTINED, SKIPPED, UnusualDocument

Row = dict[str, Any]

ORDERS, PRODUCTS, SERVICES = "msdyn_workorders", "msdyn_workorderproducts", "msdyn_workorderservices"
UNSCHEDULED, SCHEDULED, IN_PROGRESS, COMPLETED, POSTED, CANCELED = range(690970000, 690970006)
ESTIMATED, USED = 690970000, 690970001
TYPE = row_id("msdyn_workordertypes", "Repair")
_PRICE, _RATE = Decimal("40.0000"), Decimal("85.0000")


@dataclass(frozen=True)
class Order:
    """A work order with one product line and one service line; Microsoft's example gives the usual quantities.

    :param product: estimated quantity, used quantity, line status, allocated; :param service: estimated minutes, used
        minutes, line status; :param discount: discount percentage of both.
    :param order: line order of product and service; None leaves it empty. :param extra_product: line order of a second
        product line. :param own: the product is Field Service's own.
    :param changes: columns of the header to set differently; None empties one.
    :param id: when it is unusual, its name, with the entity set of the row that is held back, the fact, the outcome.
    """

    number: str
    status: int
    product: tuple[float, float, int, bool] = (5.0, 0.0, ESTIMATED, True)
    service: tuple[int, int, int] = (120, 0, ESTIMATED)
    project: bool = False
    discount: int = 0
    order: tuple[int | None, int | None] = (1, 1)
    extra_product: int | None = None
    own: bool = False
    changes: tuple[tuple[str, Any], ...] = ()
    id: str = ""
    where: str = ORDERS
    what: str = ""
    outcome: str = QUARANTINED


_OF_EVERY_COMPANY = (
    Order("0001", SCHEDULED, (5.0, 0.0, ESTIMATED, False)),
    Order("0002", SCHEDULED),
    Order("0003", IN_PROGRESS, (5.0, 6.0, USED, True)),
    Order("0004", COMPLETED, (5.0, 6.0, USED, True), (120, 90, USED)),
    Order("0005", POSTED, (2.0, 2.0, USED, True), (60, 45, USED), discount=10),
    Order("0006", SCHEDULED, project=True),
    Order("0007", COMPLETED, (3.0, 2.5, USED, True), (60, 60, USED), project=True),
)
_HELD_BACK = (
    Order("0008", UNSCHEDULED, id="order-unscheduled", what="Not scheduled yet", outcome=SKIPPED),
    Order("0009", CANCELED, id="order-cancelled", what="Cancelled", outcome=SKIPPED),
    Order("0010", SCHEDULED, own=True, id="order-own-product", what="With a product of its own", outcome=SKIPPED),
)
_UNUSUAL = (
    Order(
        "0021", SCHEDULED, order=(None, 1), id="order-line-unnumbered", where=PRODUCTS,
        what="Product line without line order",
    ),
    Order("0022", SCHEDULED, order=(0, 1), id="order-line-zero", where=PRODUCTS, what="Product line with line order 0"),
    Order(
        "0023", SCHEDULED, extra_product=1, id="order-line-twice", where=PRODUCTS,
        what="Two product lines with the same line order",
    ),
    Order("0024", SCHEDULED, order=(1, None), id="order-service-unnumbered", where=SERVICES, what="Unnumbered service"),
    Order("0025-SERVICE-CONTRACT", SCHEDULED, id="order-long-number", what="Number of more than 20 characters"),
    Order(
        "0026", SCHEDULED, changes=(("transactioncurrencyid", None),), id="order-without-currency",
        what="Without a currency",
    ),
    Order(
        "0027", SCHEDULED, changes=(("msdyn_country", "Atlantis"),), id="order-unknown-country",
        what="In a country that no value map knows",
    ),
    Order(
        "0028", SCHEDULED, changes=(("msdyn_serviceaccount", account_id(COMPANIES[0], 904)),
        ("msdyn_billingaccount", account_id(COMPANIES[0], 904))), id="order-account-without-number",
        what="Its account has no number",
    ),
    Order(
        "0029", SCHEDULED, changes=(("msdyn_country", None),), id="order-without-country",
        what="Without a country: the company's own is taken", outcome=LOADED,
    ),
)  # fmt: skip

# Numbers of the orders of every company that travel.
SOUND_NUMBERS = tuple(order.number for order in _OF_EVERY_COMPANY)


def tables(holdings: list[Holdings]) -> dict[str, list[Row]]:
    """Build headers and lines."""
    made: dict[str, list[Row]] = {
        "msdyn_workordertypes": [{"msdyn_workordertypeid": TYPE, "msdyn_name": "Repair"}],
        ORDERS: [],
        PRODUCTS: [],
        SERVICES: [],
    }
    for of in holdings:
        for order in _orders(of):
            made[ORDERS].append(_header(of, order))
            made[PRODUCTS].extend(_products(of, order))
            made[SERVICES].append(_service(of, order))
    return made


def order_number(of: Holdings, number: str) -> str:
    """Give the number of a work order of a company."""
    return f"WO-{of.letter}{number}"


def _orders(of: Holdings) -> Iterator[Order]:
    yield from _OF_EVERY_COMPANY
    yield from _HELD_BACK
    if of.company is COMPANIES[0]:
        yield from _UNUSUAL


def _header(of: Holdings, order: Order) -> Row:
    number = order_number(of, order.number)
    index = PROJECT_ACCOUNT if order.project else int(order.number[:4]) % 9 + 1
    account = account_id(of.company, index)
    row = {
        "msdyn_workorderid": row_id(ORDERS, number),
        "msdyn_name": number,
        "msdyn_systemstatus": order.status,
        "msdyn_serviceaccount": account,
        "msdyn_billingaccount": None if order.project else account,
        "msdyn_workordertype": TYPE,
        "msdyn_pricelist": of.price_list,
        "transactioncurrencyid": of.currency,
        "msdyn_workordersummary": f"Repair at {account_number(of.company, index)}",
        "msdyn_address1": f"{index * 10} Main Street",
        "msdyn_city": of.company.places[index % len(of.company.places)],
        "msdyn_postalcode": f"{10000 + index * 111}",
        "msdyn_country": account_number(of.company, index)[:2],
        "msdyn_timefrompromised": "2026-11-26T08:00:00Z",
        "msdyn_timetopromised": "2026-11-26T12:00:00Z",
        "msdynce_externalproject": project_id(of.company, RUNNING) if order.project else None,
        "msdynce_hasexternallymaintainedproductsonly": not order.own,
        "msdynce_workorderstatushaschanged": order.status != UNSCHEDULED,
        "ownerid": of.owner,
        **dict(order.changes),
    }
    return {column: value for column, value in row.items() if value is not None}


def _products(of: Holdings, order: Order) -> Iterator[Row]:
    lines = [order.order[0]] if order.extra_product is None else [order.order[0], order.extra_product]
    for index, line_order in enumerate(lines):
        yield _product(of, order, index, line_order)


def _product(of: Holdings, order: Order, index: int, line_order: int | None) -> Row:
    estimated, used, status, allocated = order.product
    common = _line_columns(of, order, PRODUCTS, index, line_order, status)
    return {
        **common,
        "msdyn_product": row_id("products", "FS-KIT") if order.own else of.part_id(0),
        "msdyn_unit": unit_id("ea"),
        "msdyn_warehouse": of.warehouse_id(0),
        "msdyn_allocated": allocated,
        "msdyn_estimatequantity": estimated,
        "msdyn_quantity": used,
        "msdyn_qtytobill": used,
        "msdynce_decimalquantity": Decimal(str(used)),
        **_amounts(order, _PRICE, Decimal(str(estimated)), Decimal(str(used))),
    }


def _service(of: Holdings, order: Order) -> Row:
    estimated, used, status = order.service
    return {
        **_line_columns(of, order, SERVICES, 0, order.order[1], status),
        "msdyn_service": of.service_id,
        "msdyn_unit": unit_id("hr"),
        "msdyn_estimateduration": estimated,
        "msdyn_duration": used,
        "msdyn_durationtobill": used,
        **_amounts(order, _RATE, Decimal(estimated) / 60, Decimal(used) / 60),
    }


def _line_columns(of: Holdings, order: Order, entity_set: str, index: int, line_order: int | None, status: int) -> Row:
    number = order_number(of, order.number)
    row = {
        f"{entity_set.removesuffix('s')}id": row_id(entity_set, number, str(index)),
        "msdyn_name": f"{number} line {index + 1}",
        "msdyn_workorder": row_id(ORDERS, number),
        "msdyn_pricelist": of.price_list,
        "transactioncurrencyid": of.currency,
        "msdyn_lineorder": line_order,
        "msdyn_linestatus": status,
        "msdynce_headersystemstatus": order.status,
        "msdynce_orderhasexternalmaintainedproductsonly": not order.own,
        "ownerid": of.owner,
    }
    return {column: value for column, value in row.items() if value is not None}


def _amounts(order: Order, price: Decimal, estimated: Decimal, used: Decimal) -> Row:
    """Price a line: subtotal, less the discount, for the estimate and for what was used."""
    share = Decimal(order.discount) / 100
    return {
        "msdyn_estimateunitamount": price,
        "msdyn_estimatesubtotal": price * estimated,
        "msdyn_estimatediscountamount": price * estimated * share,
        "msdyn_estimatetotalamount": price * estimated * (1 - share),
        "msdyn_unitamount": price if used else Decimal(0),
        "msdyn_subtotal": price * used,
        "msdyn_discountamount": price * used * share,
        "msdyn_totalamount": price * used * (1 - share),
        "msdyn_discountpercent": float(order.discount) if used else 0.0,
    }


UNUSUAL = tuple(
    UnusualDocument(
        order.id,
        order.what,
        "work_orders",
        order.where,
        row_id(order.where, f"WO-U{order.number}", *(() if order.where == ORDERS else ("0",))),
        order.outcome,
    )
    for order in (*_HELD_BACK, *_UNUSUAL)
)
