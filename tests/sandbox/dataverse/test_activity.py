"""Technicians at work: what they do is deterministic, keeps every rule and leaves the unusual rows alone."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from sandbox.world.companies import COMPANIES
from sandbox.world.fieldservice import UNUSUAL
from sandbox.world.organization import business_unit_id
from sandbox.world.technicians import work
from sandbox.world.work_orders import CANCELED, COMPLETED, IN_PROGRESS, ORDERS, POSTED, PRODUCTS, SCHEDULED, USED

ADJUSTMENTS, TRANSFERS, LINES = (
    "msdyn_inventoryadjustments",
    "msdyn_inventorytransfers",
    "msdyn_inventoryadjustmentproducts",
)


def new_rows(client, entity_set, before):
    known = {row[f"{entity_set.removesuffix('s')}id"] for row in before}
    return [row for row in client.rows(entity_set) if row[f"{entity_set.removesuffix('s')}id"] not in known]


def contents(client):
    """Give what matters of every document, without row versions."""
    names = ("msdyn_name", "msdynce_poststatus", "msdyn_systemstatus", "msdyn_quantity", "msdynce_numbersequence")
    return {
        entity_set: [tuple(row.get(name) for name in names) for row in client.rows(entity_set)]
        for entity_set in (ADJUSTMENTS, TRANSFERS, LINES, ORDERS, PRODUCTS)
    }


def test_the_same_seed_does_the_same_in_the_same_state(client, other_client):
    assert work(client.system, 150, 4) == work(other_client.system, 150, 4)
    assert contents(client) == contents(other_client)


def test_so_many_things_are_done_and_none_is_refused(client):
    done = work(client.system, 200, 1)
    assert sum(done.values()) == 200
    assert done.get("refused", 0) == 0
    kinds = {"adjustments_posted", "adjustments_created", "transfers_posted", "orders_scheduled", "orders_allocated"}
    assert kinds | {"orders_started", "orders_completed", "orders_posted"} <= done.keys()


@pytest.mark.parametrize(("entity_set", "pattern"), [(ADJUSTMENTS, r"[UDF]A\d{6}"), (TRANSFERS, r"[UDF]T\d{6}")])
def test_documents_have_numbers_that_supply_chain_management_can_keep(client, entity_set, pattern):
    before = client.rows(entity_set)
    work(client.system, 150, 2)
    numbers = [row["msdyn_name"] for row in new_rows(client, entity_set, before)]
    assert numbers
    assert all(re.fullmatch(pattern, number) and len(number) <= 10 for number in numbers)


def test_a_document_belongs_to_the_business_unit_of_its_company(client):
    units = {company.data_area_id[0].upper(): business_unit_id(company) for company in COMPANIES}
    before = {entity_set: client.rows(entity_set) for entity_set in (ADJUSTMENTS, TRANSFERS)}
    work(client.system, 150, 3)
    for entity_set, rows in before.items():
        for row in new_rows(client, entity_set, rows):
            assert row["owningbusinessunit"] == units[row["msdyn_name"][0]]


def test_every_posted_line_has_its_journals_and_no_other_line_has(client):
    work(client.system, 150, 5)
    lines = {row[f"{LINES[:-1]}id"]: row for row in client.rows(LINES)}
    journals = Counter(row["msdyn_inventoryadjustmentproduct"] for row in client.rows("msdyn_inventoryjournals"))
    del journals[None]
    posted = {row[f"{name.removesuffix('s')}id"] for name in (ADJUSTMENTS, TRANSFERS) for row in client.rows(name)
              if row["msdynce_poststatus"] == 2}  # fmt: skip
    for line_id, count in journals.items():
        line = lines[line_id]
        assert count == (1 if line["msdyn_inventoryadjustment"] else 2)
        assert (line["msdyn_inventoryadjustment"] or line["msdyn_inventorytransfer"]) in posted


def test_what_is_on_hand_is_what_was_there_and_what_the_journals_moved(client):
    before = levels(client)
    work(client.system, 200, 6)
    moved: Counter[tuple[str, str]] = Counter()
    for row in client.rows("msdyn_inventoryjournals"):
        if row["msdyn_journaltype"] == 690970000:
            moved[row["msdyn_product"], row["msdyn_warehouse"]] += row["msdyn_quantity"]
    assert levels(client) == {place: before.get(place, 0.0) + moved[place] for place in before | moved}


def levels(client):
    return {
        (row["msdyn_product"], row["msdyn_warehouse"]): row["msdyn_qtyonhand"]
        for row in client.rows("msdyn_productinventories")
    }


def test_numbers_of_lines_stay_unique(client):
    before = client.rows(LINES)
    work(client.system, 150, 7)
    numbers = [row["msdynce_numbersequence"] for row in new_rows(client, LINES, before)]
    assert len(set(numbers)) == len(numbers)
    assert {row["msdynce_numbersequence"] for row in before}.isdisjoint(numbers)


def test_orders_move_on_over_several_days_and_new_ones_follow(client):
    work(client.system, 100, 8)
    numbers = {row["msdyn_name"] for row in client.rows(ORDERS)}
    work(client.system, 100, 9)
    assert numbers < {row["msdyn_name"] for row in client.rows(ORDERS)}
    statuses = {row["msdyn_systemstatus"] for row in client.rows(ORDERS) if int(row["msdyn_name"][4:8]) > 100}
    assert {SCHEDULED, IN_PROGRESS, COMPLETED, POSTED} <= statuses


def test_parts_of_started_orders_are_used(client):
    work(client.system, 200, 10)
    started = {row["msdyn_workorderid"]: row for row in client.rows(ORDERS) if int(row["msdyn_name"][4:8]) > 100}
    for line in client.rows(PRODUCTS):
        order = started.get(line["msdyn_workorder"])
        if order is not None and order["msdyn_systemstatus"] != CANCELED:
            is_used = order["msdyn_systemstatus"] not in (690970000, SCHEDULED)
            assert (line["msdyn_linestatus"] == USED) is is_used


def test_unusual_rows_stay_as_they_are(client):
    ids = {document.entity_set: set() for document in UNUSUAL}
    for document in UNUSUAL:
        ids[document.entity_set].add(document.row_id)
    before = unusual_versions(client, ids)
    work(client.system, 200, 11)
    assert unusual_versions(client, ids) == before


def unusual_versions(client, ids):
    return {
        (entity_set, row["versionnumber"])
        for entity_set, wanted in ids.items()
        for row in client.rows(entity_set)
        if wanted & set(row.values())
    }


def test_without_plug_ins_technicians_still_work(client):
    client.switch(plug_ins=False)
    assert sum(work(client.system, 20, 12).values()) == 20
    assert client.rows("msdyn_inventoryjournals") == []
