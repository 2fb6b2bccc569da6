"""The unusual documents of Field Service: each is in every world, in company usmf, and is as unusual as it says."""

from __future__ import annotations

import re

import pytest

from sandbox.dataverse.tables import SCHEMA
from sandbox.world import build
from sandbox.world.companies import COMPANIES
from sandbox.world.fieldservice import UNUSUAL
from sandbox.world.organization import technician_id

BY_ID = {document.id: document for document in UNUSUAL}
OUTCOMES = {"loaded", "quarantined", "skipped", "blocked", "not_read"}
VAN = "Tool crib Seattle"


@pytest.fixture(scope="module")
def world():
    return build(3, "tiny").dataverse


def find(world, entity_set, row_id):
    (row,) = [row for row in world[entity_set] if row[SCHEMA.by_set[entity_set].primary_id] == row_id]
    return row


def row_of(world, id_):
    return find(world, BY_ID[id_].entity_set, BY_ID[id_].row_id)


def header_of(world, id_):
    line = row_of(world, id_)
    table = next(name for name in ("msdyn_inventoryadjustment", "msdyn_inventorytransfer") if name in line)
    return find(world, f"{table}s", line[table])


@pytest.mark.parametrize("document", UNUSUAL, ids=BY_ID.keys())
def test_its_row_is_in_every_world_and_belongs_to_usmf(world, document):
    row = find(world, document.entity_set, document.row_id)
    expected = None if document.id == "account-of-no-company" else technician_id(COMPANIES[0])
    assert row.get("ownerid") == expected
    assert document.outcome in OUTCOMES


def test_every_kind_has_an_id_of_its_own():
    assert len(BY_ID) == len(UNUSUAL)


ODD = {
    "account-without-currency": lambda row: "transactioncurrencyid" not in row,
    "account-unknown-country": lambda row: row["address1_country"] == "Atlantis",
    "account-without-name": lambda row: "name" not in row,
    "account-without-number": lambda row: "accountnumber" not in row,
    "account-inactive": lambda row: row["statecode"] == 1,
    "adjustment-wrong-sequence": lambda row: not row["msdynce_numbersequence"].isdigit(),
    "adjustment-of-nothing": lambda row: row["msdyn_quantity"] == 0,
    "transfer-negative": lambda row: row["msdyn_quantity"] < 0,
    "order-line-unnumbered": lambda row: "msdyn_lineorder" not in row,
    "order-line-zero": lambda row: row["msdyn_lineorder"] == 0,
    "order-service-unnumbered": lambda row: "msdyn_lineorder" not in row,
    "order-long-number": lambda row: len(row["msdyn_name"]) > 20,
    "order-without-currency": lambda row: "transactioncurrencyid" not in row,
    "order-without-country": lambda row: "msdyn_country" not in row,
    "invoice-without-date": lambda row: "msdyn_invoicedate" not in row,
    "invoice-without-number": lambda row: "invoicenumber" not in row,
    "invoice-to-contact": lambda row: row["customeridtype"] == "contact",
}


@pytest.mark.parametrize(("id_", "is_odd"), ODD.items(), ids=ODD.keys())
def test_a_value_is_out_of_the_ordinary(world, id_, is_odd):
    assert is_odd(row_of(world, id_))


def test_two_accounts_share_a_number(world):
    twins = [row_of(world, id_) for id_ in ("account-number-twice", "account-number-twice-again")]
    assert twins[0]["accountnumber"] == twins[1]["accountnumber"]
    assert twins[0]["accountid"] != twins[1]["accountid"]


@pytest.mark.parametrize("id_", ["adjustment-wrong-unit", "transfer-wrong-unit"])
def test_a_line_is_not_in_the_inventory_unit(world, id_):
    line = row_of(world, id_)
    assert line["msdyn_unit"] != find(world, "products", line["msdyn_product"])["msdynce_inventoryunit"]


def test_vans_that_are_not_mapped_are_not_maintained_externally(world):
    adjustment, transfer = header_of(world, "adjustment-in-van"), header_of(world, "transfer-to-van")
    for warehouse_id in (adjustment["msdyn_warehouse"], transfer["msdyn_destinationwarehouse"]):
        warehouse = find(world, "msdyn_warehouses", warehouse_id)
        assert (warehouse["msdyn_name"], warehouse["msdynce_ismaintainedexternally"]) == (VAN, False)


def test_a_number_is_longer_than_a_journal_number(world):
    assert len(header_of(world, "adjustment-long-number")["msdyn_name"]) > 10


def test_two_lines_of_a_document_share_a_number(world):
    first, second = row_of(world, "adjustment-double-line-1"), row_of(world, "adjustment-double-line-2")
    assert first["msdynce_numbersequence"] == second["msdynce_numbersequence"]


def test_two_product_lines_of_an_order_share_a_line_order(world):
    order = row_of(world, "order-line-twice")["msdyn_workorder"]
    lines = [row for row in world["msdyn_workorderproducts"] if row["msdyn_workorder"] == order]
    assert [line["msdyn_lineorder"] for line in lines] == [1, 1]


@pytest.mark.parametrize("table", ["msdyn_inventoryadjustments", "msdyn_inventorytransfers", "msdyn_workorders"])
def test_numbers_name_their_company(world, table):
    owners = {technician_id(company): company.data_area_id[0].upper() for company in COMPANIES}
    letters = [re.sub("^WO-", "", row["msdyn_name"])[0] for row in world[table]]
    assert letters == [owners[row["ownerid"]] for row in world[table]]


def test_every_lookup_of_a_document_points_at_a_row(world):
    ids = {row[SCHEMA.by_set[name].primary_id] for name, rows in world.items() for row in rows}
    for name, rows in world.items():
        lookups = [column.name for column in SCHEMA.by_set[name].columns.values() if column.is_lookup]
        for row in rows:
            assert {row[column] for column in lookups if column in row} <= ids, name


def test_every_company_has_accounts_projects_documents_orders_and_agreement_invoices(world):
    owners = {technician_id(company) for company in COMPANIES}
    for name in ("accounts", "msdyn_inventoryadjustments", "msdyn_inventorytransfers", "msdyn_workorders", "invoices"):
        assert owners <= {row.get("ownerid") for row in world[name]}
    assert {row["msdynce_projectnumber"] for row in world["msdynce_externalprojects"]} == {
        f"P-{letter}{number}" for letter in "UDF" for number in ("0001", "0002")
    }
