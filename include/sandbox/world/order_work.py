"""Work orders in the hands of technicians: create, schedule, allocate, use, complete, post, now and then cancel.

As the form does, choosing a project takes over its account and leaves the billing account empty.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from sandbox.world.identity import row_id
from sandbox.world.work_orders import (
    CANCELED,
    COMPLETED,
    IN_PROGRESS,
    ORDERS,
    POSTED,
    PRODUCTS,
    SCHEDULED,
    SERVICES,
    TYPE,
    UNSCHEDULED,
    USED,
)
from sandbox.world.workplace import Desk, Row, Shelf, Workplace

_MINUTES = (30, 45, 60, 90, 120, 240)


def begin_order(desk: Desk, place: Workplace, random: Random) -> str:
    """Create a work order with parts and hours; most are scheduled at once."""
    if not (place.shelves and place.services and place.accounts):
        return "nothing_to_do"
    number = place.take_number(ORDERS)
    order = desk.create(ORDERS, {**_who_pays(place, random), **_header(desk, place, number)})
    chosen = random.sample(place.shelves, min(len(place.shelves), random.randrange(1, 4)))
    for index, shelf in enumerate(chosen, start=1):
        desk.create(PRODUCTS, _product(place, order, number, index, shelf, random))
    for index in range(1, random.randrange(2, 4)):
        desk.create(SERVICES, _service(place, order, number, index, random))
    is_scheduled = random.random() >= 0.15
    if is_scheduled:
        desk.update(ORDERS, order, {"msdyn_systemstatus": SCHEDULED})
    place.orders.append(order)
    return "orders_scheduled" if is_scheduled else "orders_created"


def move_order_on(desk: Desk, place: Workplace, random: Random) -> str:
    """Take the next step with an open work order; begin a new one when there is none."""
    if not place.orders:
        return begin_order(desk, place, random)
    order = desk.row(ORDERS, random.choice(place.orders))
    status = order["msdyn_systemstatus"]
    if status == UNSCHEDULED:
        return _set_status(desk, order, SCHEDULED, "orders_scheduled")
    if status == SCHEDULED:
        return _work_scheduled(desk, place, order, random)
    if status == IN_PROGRESS:
        for line in _lines(desk, SERVICES, order):
            desk.update(SERVICES, line["msdyn_workorderserviceid"], _used_hours(line, random))
        return _set_status(desk, order, COMPLETED, "orders_completed")
    place.orders.remove(order["msdyn_workorderid"])
    return _set_status(desk, order, POSTED, "orders_posted")


def _work_scheduled(desk: Desk, place: Workplace, order: Row, random: Random) -> str:
    """Cancel, allocate the parts, or begin the work and use them."""
    lines = _lines(desk, PRODUCTS, order)
    choice = random.random()
    if choice < 0.05:
        place.orders.remove(order["msdyn_workorderid"])
        return _set_status(desk, order, CANCELED, "orders_cancelled")
    waiting = [line for line in lines if not line.get("msdyn_allocated")]
    if waiting and choice < 0.6:
        for line in waiting:
            desk.update(PRODUCTS, line["msdyn_workorderproductid"], {"msdyn_allocated": True})
        return "orders_allocated"
    for line in lines:
        desk.update(PRODUCTS, line["msdyn_workorderproductid"], _used_parts(line, random))
    return _set_status(desk, order, IN_PROGRESS, "orders_started")


def _set_status(desk: Desk, order: Row, status: int, said: str) -> str:
    values: dict[str, Any] = {"msdyn_systemstatus": status}
    if status == COMPLETED:
        values["msdyn_completedon"] = desk.moment
    desk.update(ORDERS, order["msdyn_workorderid"], values)
    return said


def _lines(desk: Desk, entity_set: str, order: Row) -> list[Row]:
    lines = desk.children(entity_set, "msdyn_workorder", order["msdyn_workorderid"])
    return sorted(lines, key=lambda row: int(row.get("msdyn_lineorder", 0)))


def _who_pays(place: Workplace, random: Random) -> dict[str, Any]:
    """Choose a project in a third of the cases, else an account that is served and billed."""
    if place.projects and random.random() < 0.33:
        project, account = random.choice(place.projects)
        return {"msdynce_externalproject": project, "msdyn_serviceaccount": account}
    account = random.choice(place.accounts)
    return {"msdyn_serviceaccount": account, "msdyn_billingaccount": account}


def _header(desk: Desk, place: Workplace, number: str) -> dict[str, Any]:
    return {
        "msdyn_workorderid": row_id(ORDERS, number),
        "msdyn_name": number,
        "msdyn_systemstatus": UNSCHEDULED,
        "msdyn_workordertype": TYPE,
        "msdyn_pricelist": place.price_list,
        "transactioncurrencyid": place.currency,
        "msdyn_workordersummary": f"Call {number}",
        "msdyn_address1": "1 Station Road",
        "msdyn_city": place.company.places[0],
        "msdyn_timefrompromised": desk.moment,
        "msdyn_timetopromised": desk.moment,
    }


def _product(place: Workplace, order: str, number: str, index: int, shelf: Shelf, random: Random) -> dict[str, Any]:
    quantity = random.randrange(1, 6)
    return {
        **_line(place, PRODUCTS, order, number, index),
        "msdyn_product": shelf.product,
        "msdyn_unit": shelf.unit,
        "msdyn_warehouse": shelf.warehouse,
        "msdyn_estimatequantity": float(quantity),
        "msdyn_quantity": 0.0,
        "msdyn_qtytobill": 0.0,
        "msdyn_estimateunitamount": shelf.price,
        "msdyn_estimatesubtotal": shelf.price * quantity,
        "msdyn_estimatetotalamount": shelf.price * quantity,
    }


def _service(place: Workplace, order: str, number: str, index: int, random: Random) -> dict[str, Any]:
    service = random.choice(place.services)
    minutes = random.choice(_MINUTES)
    amount = service.price * minutes / 60
    return {
        **_line(place, SERVICES, order, number, index),
        "msdyn_service": service.product,
        "msdyn_unit": service.unit,
        "msdyn_estimateduration": minutes,
        "msdyn_duration": 0,
        "msdyn_durationtobill": 0,
        "msdyn_estimateunitamount": service.price,
        "msdyn_estimatesubtotal": amount,
        "msdyn_estimatetotalamount": amount,
    }


def _line(place: Workplace, entity_set: str, order: str, number: str, index: int) -> dict[str, Any]:
    return {
        f"{entity_set.removesuffix('s')}id": row_id(entity_set, number, str(index)),
        "msdyn_name": f"{number} line {index}",
        "msdyn_workorder": order,
        "msdyn_lineorder": index,
        "msdyn_pricelist": place.price_list,
        "transactioncurrencyid": place.currency,
    }


def _used_parts(line: Row, random: Random) -> dict[str, Any]:
    """Use about as much as was estimated; one line in eight gets a discount."""
    quantity = max(1.0, float(line.get("msdyn_estimatequantity", 1.0)) + random.choice((-1, 0, 0, 1)))
    amounts = _amounts(line, Decimal(str(quantity)), 10 if random.random() < 0.125 else 0)
    return {"msdyn_linestatus": USED, "msdyn_quantity": quantity, "msdyn_qtytobill": quantity, **amounts}


def _used_hours(line: Row, random: Random) -> dict[str, Any]:
    minutes = random.choice(_MINUTES)
    amounts = _amounts(line, Decimal(minutes) / 60, 0)
    return {"msdyn_linestatus": USED, "msdyn_duration": minutes, "msdyn_durationtobill": minutes, **amounts}


def _amounts(line: Row, quantity: Decimal, discount: int) -> dict[str, Any]:
    price = line.get("msdyn_estimateunitamount", Decimal(0))
    less = price * quantity * discount / 100
    return {
        "msdyn_unitamount": price,
        "msdyn_subtotal": price * quantity,
        "msdyn_discountpercent": float(discount),
        "msdyn_discountamount": less,
        "msdyn_totalamount": price * quantity - less,
    }
