"""Compare what the quarantine holds with the unusual rows of the sandbox's world: all of them, and nothing else.

Like ``check``, written without a line of the package: the caller hands in what the ledger says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from local.check import rows
from local.services import Sandbox
from sandbox.world.fieldservice import UNUSUAL
from sandbox.world.peculiarities import BLOCKED, PECULIARITIES, QUARANTINED

AREAS = {
    "Warehouses": "warehouses",
    "SellableReleasedProducts": "products",
    "WarehousesOnHandV2": "product_inventory",
    "Projects": "projects",
}
# Tables of lines: primary key, and the lookups that may name the document.
LINES = {
    "msdyn_inventoryadjustmentproducts": (
        "msdyn_inventoryadjustmentproductid",
        ("msdyn_inventoryadjustment", "msdyn_inventorytransfer"),
    ),
    "msdyn_workorderproducts": ("msdyn_workorderproductid", ("msdyn_workorder",)),
    "msdyn_workorderservices": ("msdyn_workorderserviceid", ("msdyn_workorder",)),
    "invoicedetails": ("invoicedetailid", ("invoiceid",)),
}
HELD = (QUARANTINED, BLOCKED)

Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class HeldBackCheck:
    """:param unusual: unusual rows that must be held back; :param followers: further lines of their documents.

    :param differences: unusual rows that are not held back, and rows that are without being unusual, as sentences.
    """

    unusual: int
    followers: int
    differences: list[str]


def compare_held_back(sandbox: Sandbox, held: Iterable[Key]) -> HeldBackCheck:
    """Compare the quarantine with the world.

    :param held: area and source key of every row held back; blank parts of a key left out.
    """
    expected = expected_rows()
    found = set(held)
    documents = documents_of_lines(sandbox)
    spoilt = {documents.get(key[0], key[0]) for _, key in expected}
    others = found - expected.keys()
    followers = {(area, key) for area, key in others if documents.get(key[0]) in spoilt}
    missing = [f"{area} {', '.join(key)}: {expected[area, key]}; it should be held back, and is not."
               for area, key in sorted(expected.keys() - found)]  # fmt: skip
    strange = [f"{area} {', '.join(key)}: held back without being unusual." for area, key in sorted(others - followers)]
    return HeldBackCheck(len(expected), len(followers), missing + strange)


def expected_rows() -> dict[Key, str]:
    """Return what every world holds that must not travel: area and key of the row -> what is unusual about it."""
    of_supply_chain: dict[Key, str] = {
        (AREAS[row.entity_set], tuple(value for name, value in row.key.items() if name != "dataAreaId")): row.what
        for row in PECULIARITIES
        if row.outcome in HELD
    }
    of_field_service: dict[Key, str] = {(row.area, (row.row_id,)): row.what for row in UNUSUAL if row.outcome in HELD}
    return {**of_supply_chain, **of_field_service}


def documents_of_lines(sandbox: Sandbox) -> dict[str, str]:
    """Return id of a line -> id of its document, for every line of Field Service."""
    return {
        row[key]: document
        for table, (key, lookups) in LINES.items()
        for row in rows(sandbox, "dataverse", table)
        for document in [next(filter(None, map(row.get, lookups)), None)]
        if document
    }
