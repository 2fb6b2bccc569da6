"""Technicians at work: they correct and move stock, and create work orders, use parts and hours and move orders on.

Everything goes through the organisation's service layer, so that plug-ins number lines, lock documents and write
inventory journals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Protocol, TypeVar

from sandbox.world.companies import COMPANIES
from sandbox.world.identity import row_id
from sandbox.world.order_work import begin_order, move_order_on
from sandbox.world.organization import technician_id
from sandbox.world.stock_documents import ADJUSTMENTS, LINES, POSTED, TRANSFERS
from sandbox.world.workplace import Desk, Shelf, Workplace, look_around

Saved = TypeVar("Saved")

# How often each kind of work comes up, in a hundred.
SHARES = {"adjustment": 25, "transfer": 15, "new_order": 25, "order_step": 35}
# So many documents in a hundred are posted at once; the others stay Created.
POSTED_SHARE = 85


class Organization(Protocol):
    """The organisation in which people work."""

    def act(self, user_id: str, save: Callable[[Any], Saved]) -> Saved | None:
        """Let a person save something, and give what that returns; None when it is refused."""


def work(organization: Organization, count: int, seed: int) -> dict[str, int]:
    """Let technicians of all companies do so many things; the same seed does the same in the same state.

    :return: number of documents by what happened to them, refused ones included.
    """
    random = Random(f"{seed}/technicians")
    user = technician_id(COMPANIES[0])
    places = organization.act(user, lambda desk: [look_around(desk, company) for company in COMPANIES]) or []
    done: Counter[str] = Counter()
    for _ in range(count):
        (place,) = random.choices(places, [place.company.share for place in places])
        (kind,) = random.choices(list(SHARES), list(SHARES.values()))
        said = organization.act(technician_id(place.company), partial(_WORK[kind], place=place, random=random))
        done[said or "refused"] += 1
    return dict(sorted(done.items()))


def _adjust(desk: Desk, place: Workplace, random: Random) -> str:
    """Correct the stock of one warehouse, by one to three lines."""
    shelf = random.choice(place.shelves) if place.shelves else None
    if shelf is None:
        return "nothing_to_do"
    number = place.take_number(ADJUSTMENTS)
    header = desk.create(
        ADJUSTMENTS,
        {
            "msdyn_inventoryadjustmentid": row_id(ADJUSTMENTS, number),
            "msdyn_name": number,
            "msdyn_warehouse": shelf.warehouse,
            "msdyn_adjustmenttime": desk.moment,
        },
    )
    same_place = [other for other in place.shelves if other.warehouse == shelf.warehouse]
    for index, one in enumerate(random.sample(same_place, min(len(same_place), random.randrange(1, 4)))):
        quantity = float(random.randrange(1, 6))
        if random.random() < 0.5 and on_hand(desk, one) >= quantity:
            quantity = -quantity
        _add_line(desk, number, index, one, quantity, {"msdyn_inventoryadjustment": header})
    return _post(desk, random, ADJUSTMENTS, header, "adjustments")


def _transfer(desk: Desk, place: Workplace, random: Random) -> str:
    """Move stock of one product from one warehouse to another."""
    stocked = [shelf for shelf in place.shelves if on_hand(desk, shelf) >= 1]
    if not stocked:
        return "nothing_to_do"
    shelf = random.choice(stocked)
    destinations = [warehouse for warehouse in place.warehouses if warehouse != shelf.warehouse]
    number = place.take_number(TRANSFERS)
    header = desk.create(
        TRANSFERS,
        {
            "msdyn_inventorytransferid": row_id(TRANSFERS, number),
            "msdyn_name": number,
            "msdyn_sourcewarehouse": shelf.warehouse,
            "msdyn_destinationwarehouse": random.choice(destinations),
            "msdyn_transfertime": desk.moment,
        },
    )
    quantity = float(random.randrange(1, int(min(on_hand(desk, shelf), 5)) + 1))
    _add_line(desk, number, 0, shelf, quantity, {"msdyn_inventorytransfer": header})
    return _post(desk, random, TRANSFERS, header, "transfers")


def on_hand(desk: Desk, shelf: Shelf) -> float:
    """Give the quantity on a shelf."""
    return float(desk.row("msdyn_productinventories", shelf.stock).get("msdyn_qtyonhand", 0.0))


def _add_line(desk: Desk, number: str, index: int, shelf: Shelf, quantity: float, header: dict[str, str]) -> None:
    line = {
        "msdyn_inventoryadjustmentproductid": row_id(LINES, number, str(index)),
        "msdyn_product": shelf.product,
        "msdyn_unit": shelf.unit,
        "msdyn_quantity": quantity,
    }
    desk.create(LINES, {**line, **header})


def _post(desk: Desk, random: Random, entity_set: str, header: str, name: str) -> str:
    if random.randrange(100) >= POSTED_SHARE:
        return f"{name}_created"
    desk.update(entity_set, header, {"msdynce_poststatus": POSTED})
    return f"{name}_posted"


_WORK: dict[str, Callable[..., str]] = {
    "adjustment": _adjust,
    "transfer": _transfer,
    "new_order": begin_order,
    "order_step": move_order_on,
}
