"""Business rules of the emulated environment, by entity: what a write must fulfil, and what it causes elsewhere.

Rules run inside the transaction of the write: what they refuse, nobody wrote. Which checks the real system makes is
public only in parts; those marked [inferred] follow from what the fields mean.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.finops.rules import customers, invoices, journals, sales_orders
from sandbox.finops.rules.writes import Write

Rule = Callable[[Write], None]

RULES: dict[str, tuple[Rule, ...]] = {
    **customers.RULES,
    **sales_orders.RULES,
    **invoices.RULES,
    **journals.RULES,
}


def apply(write: Write) -> None:
    """Run the rules of a write. :raises FinanceError: when one refuses it."""
    for rule in RULES.get(write.entity.collection, ()):
        rule(write)
