"""Whether every movement of stock arrived on the other side and stayed, told from the sandbox's tables alone.

Equal stock on both ends does not show it: the stock run would make both ends equal even if a technician's adjustment
had been lost on its way, by taking it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from local.check import Pair, actual_stock, expected_stock, rows
from local.services import Sandbox

ON_HAND = "msdyn_qtyonhand"
ROUNDING = Decimal("0.01")  # between a sum of rounded numbers and a rounded sum

Levels = dict[Pair, Decimal]


@dataclass(frozen=True)
class MovementCheck:
    """:param pairs: pairs of product and warehouse whose stock moved in either system.

    :param undelivered: those among them that a work order in progress may explain, and that are not compared.
    :param differences: pairs whose stock is not what it was plus what moved, as sentences.
    """

    pairs: int
    undelivered: int
    differences: list[str]


class Movements:
    """Notes stock on hand while both systems work, and compares after the integration has run.

    :param sandbox: with stock equal on both ends.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._before = _field_service(sandbox)
        self._moved: list[Levels] = []

    def note(self) -> None:
        """Take down what has moved in both systems since the beginning, before the integration runs."""
        self._moved = [
            _difference(_field_service(self._sandbox), self._before),
            _difference(_supply_chain(self._sandbox), self._before),
        ]

    def compare(self) -> MovementCheck:
        """Compare Field Service's stock with what it was plus what moved in both systems."""
        after, undelivered = _field_service(self._sandbox), undelivered_pairs(self._sandbox)
        moved = {pair for levels in self._moved for pair, quantity in levels.items() if quantity}
        differences = []
        for pair in sorted((moved | after.keys()) - undelivered):
            wanted = sum((levels.get(pair, Decimal(0)) for levels in self._moved), self._before.get(pair, Decimal(0)))
            if abs(after.get(pair, Decimal(0)) - wanted) > ROUNDING:
                differences.append(f"{pair}: {wanted} on hand after all movements, is {after.get(pair, 0)}")
        return MovementCheck(len(moved), len(moved & undelivered), differences)


def undelivered_pairs(sandbox: Sandbox) -> set[Pair]:
    """Return pairs with a line of a work order's sales order that Supply Chain Management has not delivered.

    Field Service has taken the parts already, and the stock run gives them back for a while (docs/sandbox.md).
    """
    return {
        (row["ProductNumber"], row["ShippingWarehouseId"])
        for row in rows(sandbox, "finops", "CDSSalesOrderLines")
        if row["SalesOrderOriginType"] == "WorkOrderIntegration" and row["SalesOrderLineStatus"] == "Backorder"
    }


def _field_service(sandbox: Sandbox) -> Levels:
    return {pair: quantities[ON_HAND] for pair, quantities in actual_stock(sandbox).items()}


def _supply_chain(sandbox: Sandbox) -> Levels:
    return {pair: quantities[ON_HAND] for pair, quantities in expected_stock(sandbox).items()}


def _difference(now: Levels, before: Levels) -> Levels:
    return {pair: now.get(pair, Decimal(0)) - before.get(pair, Decimal(0)) for pair in now.keys() | before.keys()}
