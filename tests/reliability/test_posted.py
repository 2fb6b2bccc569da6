"""Documents that Supply Chain Management has posted, or has open: D17 and D18. What is posted is never changed."""

from __future__ import annotations

import pytest
from tests.reliability.between import Answer, standing_between
from tests.reliability.catalogue import JOURNALS
from tests.reliability.plugin import cases
from tests.reliability.refusing import Refusal, finance_error
from tests.reliability.rows import KINDS, arriving, assert_holds, crew, head_of, judge, lost, parts_of, without
from tests.reliability.site import Site, books_balance, outcomes
from tests.reliability.test_cursors import put_all_into, stamp
from tests.reliability.test_deleted import target_rows
from tests.reliability.test_documents import documents
from tests.reliability.test_order_of_runs import writing_requests
from tests.worlds.model import Row, World

from sandbox.http import Request, Response

# Of lines of journals, invoices and work orders, where they have them.
QUANTITIES = ("msdyn_quantity", "msdynce_decimalquantity", "quantity")
POSTED = {
    "work_orders": (("CDSSalesOrderHeaders", {"SalesOrderStatus": "Invoiced"}),
                    ("CDSSalesOrderLines", {"SalesOrderLineStatus": "Invoiced"})),
    "agreement_invoices": (("CDSFreeTextInvoiceHeaders", {"IsPosted": "Yes"}),),
}  # fmt: skip


def post(site: Site) -> None:
    """Let Supply Chain Management post every document."""
    if site.area in JOURNALS:
        assert site.landscape.post_journals()["journals"]
    for table, values in POSTED.get(site.area, ()):
        rows = list(site.landscape.dump("finops", table))
        assert rows
        site.landscape.replace("finops", table, [{**row, **values} for row in rows])


def with_lines(world: World, area: str) -> list[Row]:
    """Return the heads of documents that arrive and have lines."""
    heads = {id(head): head for head in (head_of(world, area, row) for row in arriving(world, area))}
    return [head for head in heads.values() if parts_of(world, area, head)]


def correct_lines(site: Site, world: World, heads: list[Row]) -> None:
    """Change the quantities of documents, as a person does in Field Service."""
    for head in heads:
        for part in parts_of(world, site.area, head):
            part |= {name: part[name] + 1 for name in QUANTITIES if part.get(name)}
        stamp(world, site.area, head, site.moment)
    put_all_into(site, world)


@pytest.mark.parametrize("area", cases("D18"))
def test_a_line_that_changes_after_its_document_was_posted_is_not_written(area, sites, outcome):
    """Journals and invoices say that they are posted, so they are skipped; an order refuses what it has delivered."""
    world = documents(area)
    site = sites.make(area, world=world)
    site.run_area()
    post(site)
    before = target_rows(site)
    correct_lines(site, world, with_lines(world, area))
    site.landscape.stats.reset()
    result = site.run_area()
    assert target_rows(site) == before
    assert books_balance(result)
    if area == "work_orders":
        held = site.pipeline.ledger.open_quarantine()
        assert held["reason"].str.contains("is delivered; it cannot be changed").any()
        outcome("QUA")
        return
    assert writing_requests(site) == 0
    assert sum(found["skipped"] for found in outcomes(result).values())
    outcome("OK")


@pytest.mark.parametrize("area", cases("D17"))
def test_a_journal_that_is_posted_between_read_and_write_is_held_back_then_left_alone(area, sites, outcome):
    world = crew(area)
    site = sites.make(area, world=world)
    site.run_area()
    head, before = with_lines(world, area)[0], []
    correct_lines(site, world, [head])

    def posted_first(request: Request, answer: Answer) -> Response:
        if request.method == "POST" and not before:
            post(site)
            before.append(target_rows(site))
        return answer(request)

    with standing_between(site, "finops", posted_first):
        assert books_balance(site.run_area())
    assert [target_rows(site)] == before
    held = site.pipeline.ledger.open_quarantine()
    reasons = held[held["row_key"].isin(names_of_lines(world, area, head))]["reason"]
    assert len(reasons) == len(parts_of(world, area, head))
    assert reasons.str.contains("is posted; it cannot be changed").all()
    result = site.run_area()
    assert [target_rows(site)] == before
    assert books_balance(result)
    held = site.pipeline.ledger.open_quarantine()
    assert not held["row_key"].isin(names_of_lines(world, area, head)).any()
    outcome("QUA")


def names_of_lines(world: World, area: str, head: Row) -> list[str]:
    return [str(part[KINDS[area].key]) for part in parts_of(world, area, head)]


@pytest.mark.parametrize("area", cases("D17"))
def test_a_journal_that_somebody_has_open_is_held_back_whole_until_it_is_free(area, sites, monkeypatch, outcome):
    world = crew(area)
    less = without(world, area, arriving(world, area)[0])
    target, key = lost(area, world, less)
    site = sites.make(area, world=world)
    with monkeypatch.context() as patch:
        rule = Refusal(target, key, finance_error("The journal is locked by another user.")).put(patch)
        assert books_balance(site.run_area())
    assert rule.refused
    assert_holds(site, judge(area, less))
    assert books_balance(site.run_area())
    assert_holds(site, judge(area, world))
    outcome("QUA")
