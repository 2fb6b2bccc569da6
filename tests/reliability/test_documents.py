"""Documents, D16: the lines of one are written together or not at all (docs/concepts.md, "Documents")."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.reliability.catalogue import JOURNALS
from tests.reliability.plugin import cases
from tests.reliability.refusing import Refusal, finance_error
from tests.reliability.rows import arriving, assert_holds, clone, crew, judge
from tests.reliability.site import books_balance, world_of
from tests.worlds.model import Target, Verdict, World

LINES = {
    "inventory_adjustments": "InventoryAdjustmentJournalEntriesV2",
    "inventory_transfers": "InventoryTransferJournalEntries",
    "work_orders": "CDSSalesOrderLines",
    "agreement_invoices": "CDSFreeTextInvoiceLines",
}
SEEDS = {"work_orders": 159, "agreement_invoices": 4}  # of small worlds with a document whose lines arrive
NOT_ALLOWED = "A rule of this company does not allow it"


def documents(area: str) -> World:
    """Return a world with two documents of several lines that arrive."""
    if area in JOURNALS:
        return crew(area)
    world = world_of(area, SEEDS[area])
    clone(world, area, arriving(world, area)[0], "XX-2")
    return world


def lines_of_one(verdicts: list[Verdict], area: str) -> tuple[Target, list[tuple[str, ...]]]:
    """Return target and keys of the lines of one kind of one document, at least two."""
    target = next(one for verdict in verdicts for one in verdict.targets if one.entity_set == LINES[area])
    kinds = {key: (*key[:2], key[2].startswith("-")) for key in target.rows}  # lines of services have numbers below 0
    kind, number = Counter(kinds.values()).most_common(1)[0]
    assert number > 1
    assert len(set(kinds.values())) > 1
    return target, [key for key, one in kinds.items() if one == kind]


def without_lines(verdicts: list[Verdict], area: str, keys: list[tuple[str, ...]]) -> list[Verdict]:
    """Leave out lines of what the reference expects, and the header where it is written together with them."""
    for target in (one for verdict in verdicts for one in verdict.targets):
        for key in keys:
            target.rows.pop(key if target.entity_set == LINES[area] else key[:2] if area in JOURNALS else (), None)
    return verdicts


@pytest.mark.parametrize("area", cases("D16"))
def test_when_one_line_is_refused_none_of_its_document_is_there_and_the_next_run_completes_it(
    area, sites, monkeypatch, outcome
):
    world = documents(area)
    target, keys = lines_of_one(judge(area, world), area)
    site = sites.make(area, world=world)
    with monkeypatch.context() as patch:
        rule = Refusal(target, keys[-1], finance_error(NOT_ALLOWED)).put(patch)
        assert books_balance(site.run_area())
    assert rule.refused
    assert_holds(site, without_lines(judge(area, world), area, keys))
    held = site.pipeline.ledger.open_quarantine()
    held = held[held["rule"].str.startswith("refused:")]
    assert len(held) == len(keys)
    assert all(NOT_ALLOWED in reason for reason in held["reason"])
    assert books_balance(site.run_area())
    assert_holds(site, judge(area, world))
    outcome("QUA")
