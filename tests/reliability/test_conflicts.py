"""Others who write the same rows: C2 to C6. What wins is written in docs/reliability.md, "Conflicts"."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.reliability.between import Answer, standing_between
from tests.reliability.catalogue import AREAS, TO_FIELD_SERVICE
from tests.reliability.plugin import cases
from tests.reliability.rows import KINDS, PARTS, crew
from tests.reliability.site import Site, Sites, assert_as_in_peace, books_balance
from tests.reliability.steps import tasks_of
from tests.reliability.test_cursors import wire
from tests.reliability.whole import beside, whole_site, written_by
from tests.worlds.model import Row
from tests.worlds.runner import VOLATILE

from fs_integration.errors import ReconciliationError
from fs_integration.records import Interval
from sandbox.http import Request, Response


@dataclass(frozen=True)
class Written:
    """What an area writes.

    :param table: entity set of the target; :param key: what names its rows, the company beside it.
    :param column: a column that every run writes; :param other: what somebody else writes there.
    :param free: column and value of somebody else that no run writes once the row is there.
    :param header: entity set that is written in the same request.
    """

    table: str
    key: str
    column: str
    other: object
    free: tuple[str, object]
    header: str = ""

    @property
    def system(self) -> str:
        return "dataverse" if self.table[0].islower() else "finops"


BY_HAND = "Somebody else"
IMPORT, COST_CENTRE = ("importsequencenumber", 7), ("DefaultLedgerDimensionDisplayValue", "-022-")
WRITTEN = {
    "accounts": Written("CustomersV2", "CustomerAccount", "OrganizationName", BY_HAND, ("CustomerGroupId", "80")),
    "warehouses": Written("msdyn_warehouses", "msdyn_name", "msdyn_description", BY_HAND, IMPORT),
    "products": Written("products", "productnumber", "description", BY_HAND, ("msdyn_upccode", "4006381333931")),
    "projects": Written("msdynce_externalprojects", "msdynce_projectnumber", "msdynce_name", BY_HAND, IMPORT),
    "inventory_adjustments": Written("InventoryAdjustmentJournalEntriesV2", "JournalNumber", "InventoryQuantity", 99,
                                     COST_CENTRE, "InventoryAdjustmentJournalHeaders"),
    "inventory_transfers": Written("InventoryTransferJournalEntries", "JournalNumber", "InventoryQuantity", 99,
                                   COST_CENTRE, "InventoryTransferJournalHeaders"),
    "work_orders": Written("CDSSalesOrderHeaders", "SalesOrderNumber", "SalesOrderName", BY_HAND,
                           ("CustomerRequisitionNumber", "PO-1")),
    "product_inventory": Written("msdynce_externalproductinventories", "msdynce_externalproductinventoryid",
                                 "msdynce_onhandquantity", 99, IMPORT),
    "agreement_invoices": Written("CDSFreeTextInvoiceHeaders", "ExternalInvoiceId", "DueDate", "2030-01-01",
                                  ("CustomerRequisition", "PO-1")),
}  # fmt: skip
IDENTITIES = {
    "warehouses": "msdyn_warehouseid", "products": "productid", "projects": "msdynce_externalprojectid",
    "product_inventory": "msdynce_externalproductinventoryid",
}  # fmt: skip


def new_rows(site: Site, table: str) -> list[Row]:
    """Return the rows of a target table that were not there when the site was made."""
    key = WRITTEN[site.area].key
    before = {(row.get("dataAreaId"), row[key]) for row in site.start[table]}
    return [row for row in site.dump()[table] if (row.get("dataAreaId"), row[key]) not in before]


def put_beside(site: Site, table: str, rows: list[Row]) -> None:
    """Add rows to a target table as another client does."""
    system = WRITTEN[site.area].system
    site.landscape.replace(system, table, [*site.landscape.dump(system, table), *rows])


LOST_RACE = {"error": {"code": "0x80040237", "message": "A record with matching key values already exists."}}


@contextmanager
def another_client(site: Site, rows: dict[str, list[Row]], *, wins: bool = True) -> Iterator[list[str]]:
    """Let another client create rows once the package has looked and before its first write gets there.

    :param wins: it is a race; the loser gets Dataverse's answer, where Finance & Operations says by itself that the
        record already exists. :returns: the tables it wrote to, once it has.
    """
    done: list[str] = []

    def first(request: Request, answer: Answer) -> Response:
        if request.method not in ("POST", "PATCH") or done:
            return answer(request)
        for table, own in rows.items():
            put_beside(site, table, own)
            done.append(table)
        if wins and WRITTEN[site.area].system == "dataverse":
            return Response(412, json.dumps(LOST_RACE).encode(), {"Content-Type": "application/json"})
        return answer(request)

    with standing_between(site, WRITTEN[site.area].system, first):
        yield done


def what_they_create(peace: Site, *, own_ids: bool) -> dict[str, list[Row]]:
    """Return the rows that a run creates as another client creates them. :param own_ids: under ids of its own."""
    target = WRITTEN[peace.area]
    found = {target.header: new_rows(peace, target.header)} if target.header else {}
    rows = [{**row, target.column: target.other} for row in new_rows(peace, target.table)]
    if own_ids and target.system == "dataverse":
        identity = IDENTITIES[peace.area]
        rows = [{**row, identity: str(uuid.uuid4())} for row in rows]
    return {**found, target.table: rows}


@pytest.mark.parametrize("area", cases("C3"))
def test_rows_that_another_client_creates_meanwhile_are_updated_and_not_created_again(area, sites: Sites, outcome):
    peace = sites.make(area)
    peace.run_area()
    # Products have no alternate key; their ids follow from their numbers, so any client of this package makes the same.
    theirs = what_they_create(peace, own_ids=area != "products")
    site = sites.make(area)
    with another_client(site, theirs) as done:
        result = site.run_area()
    assert done
    assert_as_in_peace(site, sites, result)
    outcome("OK")


@pytest.mark.fault("C3", "products")
def test_a_product_that_a_person_creates_in_that_moment_is_reported(sites, outcome):
    """Dataverse cannot tell that they are one: its products have no alternate key."""
    peace = sites.make("products")
    peace.run_area()
    theirs = what_they_create(peace, own_ids=True)
    site = sites.make("products")
    with (
        another_client(site, theirs, wins=False),
        pytest.raises(ReconciliationError, match="differ from what was sent"),
    ):
        site.run_area()
    ids = {row["productid"] for row in theirs["products"]}
    left = [row for row in site.landscape.dump("dataverse", "products") if row["productid"] not in ids]
    site.landscape.replace("dataverse", "products", left)
    assert_as_in_peace(site, sites, site.run_area())
    outcome("REP")


def edit(site: Site, rows: list[Row]) -> None:
    """Let a person write into rows of the target: a column that we write, and one that we leave alone."""
    target = WRITTEN[site.area]
    theirs = {target.column: target.other, target.free[0]: target.free[1]}
    ours = [_named(row, target) for row in rows]
    table = [{**row, **theirs} if _named(row, target) in ours else row for row in site.dump()[target.table]]
    site.landscape.replace(target.system, target.table, table)


def _named(row: Row, target: Written) -> tuple[object, ...]:
    return tuple(row.get(name) for name in ("dataAreaId", target.key, "LineNumber"))


def lasting(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in VOLATILE} for row in rows]


def full_run(site: Site) -> None:
    """Run the area once with the parameter `full`: everything is read and written."""
    for task in tasks_of(site, "full", window=Interval(None, site.moment + timedelta(minutes=1))):
        task.run = replace(task.run, full=True)
        task.go()
        assert task.balance()


@pytest.mark.parametrize("area", cases("C4"))
def test_what_a_person_writes_between_read_and_write_gives_way_where_the_source_is_the_master(area, sites, outcome):
    site, target = sites.make(area), WRITTEN[area]
    site.run_area()
    rows, edited = new_rows(site, target.table), []

    def meanwhile(request: Request, answer: Answer) -> Response:
        if request.method in ("POST", "PATCH") and not edited:
            edit(site, rows)
            edited.extend(new_rows(site, target.table))
        return answer(request)

    with standing_between(site, target.system, meanwhile):
        full_run(site)
    assert {row[target.column] for row in edited} == {target.other}
    kept = dict([target.free])
    assert lasting(new_rows(site, target.table)) == lasting([{**row, **kept} for row in rows])
    outcome("OK")


@pytest.mark.parametrize("area", cases("C4"))
def test_what_a_person_writes_between_write_and_comparison_is_reported_and_then_gives_way(area, sites, outcome):
    site, target, rows = sites.make(area), WRITTEN[area], []
    for task in tasks_of(site, "edited"):
        task.go(0, 4)
        if rows or task.task.target.table != target.table or not new_rows(site, target.table):
            task.go(4)
            continue
        rows = new_rows(site, target.table)
        edit(site, rows)
        with pytest.raises(ReconciliationError) as caught:
            task.go(4)
        assert sum(map(int, re.findall(r"(\d+) differ from what was sent", str(caught.value)))) == len(rows)
    site.run_area()
    kept = dict([target.free])
    assert lasting(new_rows(site, target.table)) == lasting([{**row, **kept} for row in rows])
    outcome("REP")


@pytest.mark.parametrize("area", cases("C4"))
def test_what_a_person_writes_later_stays_until_the_source_changes_or_a_full_run(area, sites, outcome):
    site, target = sites.make(area), WRITTEN[area]
    site.run_area()
    rows = new_rows(site, target.table)
    edit(site, rows)
    edited = lasting(new_rows(site, target.table))
    site.run_area()
    assert lasting(new_rows(site, target.table)) == edited
    full_run(site)
    kept = dict([target.free])
    assert lasting(new_rows(site, target.table)) == lasting([{**row, **kept} for row in rows])
    outcome("OK")


PAIRS = [
    ("products", "product_inventory"), ("product_inventory", "products"), ("warehouses", "inventory_adjustments"),
    ("inventory_adjustments", "inventory_transfers"),
]  # fmt: skip


@pytest.mark.fault("C2")
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=map(" beside ".join, PAIRS))
def test_areas_that_touch_the_same_product_or_warehouse_at_once_end_as_one_after_the_other(
    first, second, sites, sandbox, outcome
):
    """The second runs from its first to its last step between what the first one read and what it writes."""
    ordered = whole_site(sites, sandbox.landscape, first)
    for name in (first, second, first):
        ordered.run(name)
    site = whole_site(sites, sandbox.landscape, first)
    other, results = beside(site, second), []

    def meanwhile(request: Request, answer: Answer) -> Response:
        if request.method in ("POST", "PATCH") and not results:
            results.append({})
            results.append(other.run_area())
        return answer(request)

    with standing_between(site, WRITTEN[first].system, meanwhile):
        results.append(site.run_area())
    other.pipeline.ledger.engine.dispose()
    assert len(results) == 3
    assert all(books_balance(result) for result in results)
    site.run(first)
    site.run(second)
    assert site.state() == ordered.state()
    assert site.open_leases() == []
    outcome("OK")


def react(site: Site) -> None:
    """Let Supply Chain Management do what it does with what has arrived: post journals, deliver and invoice orders."""
    site.landscape.post_journals()
    site.landscape.post_orders()


@pytest.mark.parametrize("area", cases("C5"))
def test_what_we_wrote_does_not_come_back_as_a_change(area, sites, outcome):
    """The other system acts on it, the area of the other direction runs, and every source row looks changed."""
    world = crew(area)
    site = sites.make(area, world=world)
    back = "inventory_adjustments" if area in TO_FIELD_SERVICE else "product_inventory"
    assert written_by(site.run_area())
    react(site)
    site.run(back)
    react(site)
    after = site.state()
    touch_all(site)
    read = {name: site.run(name) for name in (area, back)}
    assert sum(own.read for books, _ in read[area].values() for own in books)
    assert [written_by(result) for result in read.values()] == [0, 0]
    assert site.state() == after
    outcome("OK")


@pytest.mark.fault("C5", "inventory_adjustments")
@pytest.mark.fault("C5", "inventory_transfers")
@pytest.mark.fault("C5", "work_orders")
@pytest.mark.fault("C5", "product_inventory")
def test_the_second_cycle_of_all_areas_writes_only_what_the_first_set_in_motion_and_the_third_nothing(
    sites, sandbox, outcome
):
    """Journals and orders are posted, that moves the stock on hand, and the stock travels back to Field Service."""
    site = whole_site(sites, sandbox.landscape, "product_inventory")
    written, states = [], []
    for _ in range(3):
        cycle = Counter[str]()
        for name in AREAS:
            if name == "product_inventory":
                react(site)
            cycle[name] += written_by(site.run(name))
        written.append(cycle)
        states.append(site.state())
    assert set(+written[0]) == set(AREAS)
    assert +written[2] == Counter()
    assert states[2] == states[1]
    outcome("OK")


def touch_all(site: Site) -> None:
    """Let every source row of the area look changed, as a workflow does that saves it without a change."""
    kind = KINDS[site.area]
    if kind.system == "dataverse":
        for name in dict.fromkeys([kind.heads, kind.rows, *(name for name, _ in PARTS.get(kind.heads, ()))]):
            rows = [{**row, "modifiedon": wire(site.moment)} for row in site.landscape.dump("dataverse", name)]
            site.landscape.replace("dataverse", name, rows)
