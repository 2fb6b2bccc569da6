"""Inventory adjustments and transfers that exist before the first run, with the unusual ones of `usmf`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.world.companies import COMPANIES
from sandbox.world.holdings import Holdings
from sandbox.world.identity import row_id, unit_id
from sandbox.world.unusual import NOT_READ, QUARANTINED, SKIPPED, UnusualDocument

Row = dict[str, Any]

CREATED, POSTED = 1, 2
ADJUSTMENTS, TRANSFERS, LINES = (
    "msdyn_inventoryadjustments",
    "msdyn_inventorytransfers",
    "msdyn_inventoryadjustmentproducts",
)
UNMAPPED_VAN = "Tool crib Seattle"
_WHEN = "2026-11-20T15:30:00Z"


@dataclass(frozen=True)
class Line:
    """One line: index of the part (None: a product of Field Service's own), quantity, and what makes it unusual.

    :param sequence: number sequence when not the next one.
    """

    part: int | None
    quantity: float
    unit: str = "ea"
    sequence: str = ""


@dataclass(frozen=True)
class Document:
    """An adjustment or a transfer.

    :param number: without the letter of its company; :param places: warehouses by index or name: one for an adjustment,
        source and destination for a transfer.
    :param id: when it is unusual, its name, with the fact and the outcome.
    """

    number: str
    places: tuple[int | str, ...]
    lines: tuple[Line, ...]
    status: int = POSTED
    id: str = ""
    what: str = ""
    outcome: str = QUARANTINED

    @property
    def is_transfer(self) -> bool:
        """Tell whether it has a source and a destination."""
        return len(self.places) == 2


_OF_EVERY_COMPANY = (
    Document("A000001", (0,), (Line(0, 2.0),)),
    Document("A000002", (0,), (Line(0, -1.0), Line(1, 3.5))),
    Document("T000001", (0, 1), (Line(0, 1.0),)),
    Document("T000002", (1, 0), (Line(1, 2.0), Line(0, 1.0))),
)
_STILL_OPEN = (
    Document("A000003", (0,), (Line(0, 4.0),), CREATED, "adjustment-not-posted", "Created, not yet posted", NOT_READ),
    Document("T000003", (0, 1), (Line(0, 4.0),), CREATED, "transfer-not-posted", "Created, not yet posted", NOT_READ),
)
_UNUSUAL = (
    Document(
        "A000011", (0,), (Line(0, 1.0, sequence="IAP-11"),), id="adjustment-wrong-sequence",
        what="Number sequence that is no integer",
    ),
    Document("A000012", (0,), (Line(0, 1.0, "box"),), id="adjustment-wrong-unit", what="Not in the inventory unit"),
    Document("A000013", (0,), (Line(0, 0.0),), id="adjustment-of-nothing", what="Quantity 0"),
    Document("A000014", (UNMAPPED_VAN,), (Line(0, 1.0),), id="adjustment-in-van", what="In a van that is not mapped"),
    Document("A00000000015", (0,), (Line(0, 1.0),), id="adjustment-long-number", what="More than 10 characters"),
    Document("A000016", (0,), (Line(None, 1.0),), id="adjustment-own-product", what="Product of Field Service's own"),
    Document(
        "A000017", (0,), (Line(0, 1.0, sequence="9001"), Line(1, 1.0, sequence="9001")), id="adjustment-double-line",
        what="Two lines with the same number sequence",
    ),
    Document("T000011", (0, UNMAPPED_VAN), (Line(0, 1.0),), id="transfer-to-van", what="To a van that is not mapped"),
    Document("T000012", (0, 1), (Line(0, -1.0),), id="transfer-negative", what="Quantity below 0"),
    Document("T000013", (0, 1), (Line(0, 1.0, "box"),), id="transfer-wrong-unit", what="Not in the inventory unit"),
    Document(
        "T000014", (0, "Van 07 North"), (Line(0, 1.0),), id="transfer-within-warehouse",
        what="Both warehouses belong to the same warehouse of Supply Chain Management", outcome=SKIPPED,
    ),
)  # fmt: skip


def tables(holdings: list[Holdings]) -> dict[str, list[Row]]:
    """Build the headers, the lines and the counter of the lines."""
    made: dict[str, list[Row]] = {ADJUSTMENTS: [], TRANSFERS: [], LINES: []}
    for of in holdings:
        for document in _documents(of):
            made[TRANSFERS if document.is_transfer else ADJUSTMENTS].append(_header(of, document))
            for index, line in enumerate(document.lines):
                made[LINES].append(_line(of, document, index, line, len(made[LINES]) + 1))
    return {**made, "msdynce_p2cautonumbers": [_counter(len(made[LINES]))]}


def _documents(of: Holdings) -> Iterator[Document]:
    yield from _OF_EVERY_COMPANY
    yield from _STILL_OPEN
    if of.company is COMPANIES[0]:
        yield from _UNUSUAL


def _header(of: Holdings, document: Document) -> Row:
    number = of.letter + document.number
    common = {"msdyn_name": number, "msdynce_poststatus": document.status, "ownerid": of.owner}
    places = [_place(of, place) for place in document.places]
    if document.is_transfer:
        return {
            "msdyn_inventorytransferid": row_id(TRANSFERS, number),
            "msdyn_sourcewarehouse": places[0],
            "msdyn_destinationwarehouse": places[1],
            "msdyn_transfertime": _WHEN,
            **common,
        }
    return {
        "msdyn_inventoryadjustmentid": row_id(ADJUSTMENTS, number),
        "msdyn_warehouse": places[0],
        "msdyn_adjustmenttime": _WHEN,
        **common,
    }


def _line(of: Holdings, document: Document, index: int, line: Line, sequence: int) -> Row:
    number = of.letter + document.number
    parent = TRANSFERS if document.is_transfer else ADJUSTMENTS
    return {
        "msdyn_inventoryadjustmentproductid": line_id(number, index),
        parent.removesuffix("s"): row_id(parent, number),
        "msdyn_product": row_id("products", "FS-KIT") if line.part is None else of.part_id(line.part),
        "msdyn_quantity": line.quantity,
        "msdyn_unit": unit_id(line.unit),
        "msdynce_numbersequence": line.sequence or str(sequence),
        "ownerid": of.owner,
    }


def line_id(number: str, index: int) -> str:
    """Give the id of a line of a document."""
    return row_id(LINES, number, str(index))


def _place(of: Holdings, place: int | str) -> str:
    return row_id("msdyn_warehouses", place) if isinstance(place, str) else of.warehouse_id(place)


def _counter(last: int) -> Row:
    return {
        "msdynce_p2cautonumberid": row_id("msdynce_p2cautonumbers", "IAP"),
        "msdynce_name": "msdyn_inventoryadjustmentproduct",
        "msdynce_entityname": "msdyn_inventoryadjustmentproduct",
        "msdynce_prefix": "IAP",
        "msdynce_numbersequence": last,
        "msdynce_suffixlength": 6,
    }


UNUSUAL = tuple(
    UnusualDocument(
        document.id if len(document.lines) == 1 else f"{document.id}-{index + 1}",
        document.what,
        "inventory_transfers" if document.is_transfer else "inventory_adjustments",
        LINES,
        line_id(f"U{document.number}", index),
        document.outcome,
    )
    for document in (*_STILL_OPEN, *_UNUSUAL)
    for index in range(len(document.lines))
)
