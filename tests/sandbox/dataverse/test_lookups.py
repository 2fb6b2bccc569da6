"""Reads over lookups, and who owns a row: what an integration needs to find the documents of one company."""

from __future__ import annotations

import pytest

from sandbox.world.companies import COMPANIES
from sandbox.world.identity import row_id
from sandbox.world.organization import ROOT_UNIT, business_unit_id, technician_id

LINES = "msdyn_inventoryadjustmentproducts"


def test_lines_are_filtered_by_the_status_of_their_header(client):
    rows = client.values(
        LINES,
        filter="msdyn_inventoryadjustment/msdynce_poststatus eq 2",
        expand="msdyn_inventoryadjustment($select=msdyn_name,msdynce_poststatus)",
    )
    assert {row["msdyn_inventoryadjustment"]["msdynce_poststatus"] for row in rows} == {2}
    assert "UA000003" not in {row["msdyn_inventoryadjustment"]["msdyn_name"] for row in rows}


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.data_area_id)
@pytest.mark.parametrize("entity_set", ["accounts", "msdyn_workorders", "msdyn_workorderservices", "invoices", LINES])
def test_the_rows_of_a_company_are_those_of_its_business_unit(client, company, entity_set):
    name = company.data_area_id.upper()
    rows = client.values(entity_set, filter=f"owningbusinessunit/name eq '{name}'")
    assert rows
    assert {row["_owningbusinessunit_value"] for row in rows} == {business_unit_id(company)}


def test_an_expand_reaches_the_warehouse_behind_the_header(client):
    header = "msdyn_inventoryadjustment($select=msdyn_name;$expand=msdyn_warehouse($select=msdyn_name))"
    expand = f"{header},msdyn_product($select=productnumber)"
    (row,) = client.values(LINES, filter="msdyn_inventoryadjustment/msdyn_name eq 'UA000014'", expand=expand)
    assert row["msdyn_inventoryadjustment"]["msdyn_warehouse"]["msdyn_name"] == "Tool crib Seattle"
    assert row["msdyn_product"]["productnumber"] == "M0001"


def test_an_empty_lookup_expands_to_null(client):
    rows = client.values(LINES, filter="_msdyn_inventorytransfer_value eq null", expand="msdyn_inventorytransfer")
    assert [row["msdyn_inventorytransfer"] for row in rows] == [None] * len(rows)
    assert len(rows) > 0


def test_a_customer_lookup_has_a_navigation_property_per_table(client):
    expand = "customerid_account($select=accountnumber),customerid_contact($select=fullname)"
    rows = {row["invoicenumber"]: row for row in client.values("invoices", expand=expand)}
    assert rows["INV-U0001"]["customerid_account"]["accountnumber"] == "US-001"
    assert (rows["INV-U0012"]["customerid_account"], rows["INV-U0012"]["customerid_contact"]["fullname"]) == (
        None,
        "Sidney Higa",
    )
    found = client.values("invoices", filter="customerid_account/accountnumber eq 'DE-001'")
    assert {row["invoicenumber"] for row in found} == {"INV-D0001", "INV-D0002", "INV-D0003"}


@pytest.mark.parametrize("option", ["$filter=msdyn_name eq 'x'", "$orderby=msdyn_name", "$top=1"])
def test_a_single_related_row_is_neither_filtered_nor_sorted_nor_limited(client, option):
    answer = client.get(f"{LINES}?$expand=msdyn_inventoryadjustment({option})".replace(" ", "%20"))
    assert answer.status == 400


@pytest.mark.parametrize(
    "query",
    [
        "$filter=msdyn_inventoryadjustment/nothing%20eq%201",
        "$filter=nothing/msdyn_name%20eq%20'x'",
        "$expand=nothing",
        "$expand=msdyn_product($select=nothing)",
        "$expand=_msdyn_product_value",
        "$select=msdyn_product",
    ],
)
def test_a_path_that_does_not_exist_is_refused(client, query):
    assert client.get(f"{LINES}?{query}").status == 400


def test_what_the_integration_creates_belongs_to_the_root_unit(client):
    body = {"msdyn_name": "77"}
    row = client.send("POST", "msdyn_warehouses", body, Prefer="return=representation").json
    assert row["_owningbusinessunit_value"] == ROOT_UNIT


@pytest.mark.parametrize("owner", ["user", "team"])
def test_the_business_unit_follows_the_owner(client, owner):
    company = COMPANIES[1]
    address = f"/systemusers({technician_id(company)})" if owner == "user" else f"/teams({row_id('teams', 'DEMF')})"
    created = client.send("POST", "msdyn_warehouses", {"msdyn_name": "77", "ownerid@odata.bind": address})
    assert created.status == 204
    assert client.rows("msdyn_warehouses")[-1]["owningbusinessunit"] == business_unit_id(company)
    other = {"ownerid@odata.bind": f"/systemusers({technician_id(COMPANIES[2])})"}
    client.send("PATCH", "msdyn_warehouses(msdyn_name='77')", other)
    assert client.rows("msdyn_warehouses")[-1]["owningbusinessunit"] == business_unit_id(COMPANIES[2])


def test_the_business_unit_is_not_written_itself(client):
    body = {"msdyn_name": "77", "owningbusinessunit@odata.bind": f"/businessunits({ROOT_UNIT})"}
    assert client.send("POST", "msdyn_warehouses", body).status == 400


def test_who_am_i_names_the_business_unit_of_the_user(client):
    assert client.get("WhoAmI").json["BusinessUnitId"] == ROOT_UNIT


@pytest.mark.parametrize("table", ["systemuser", "team"])
def test_annotations_tell_whether_a_user_or_a_team_owns_a_row(client, table):
    owner = technician_id(COMPANIES[0]) if table == "systemuser" else row_id("teams", "USMF")
    client.send("POST", "msdyn_warehouses", {"msdyn_name": "77", "ownerid@odata.bind": f"/{table}s({owner})"})
    prefer = 'odata.include-annotations="*"'
    row = client.get("msdyn_warehouses(msdyn_name='77')?$select=_ownerid_value", Prefer=prefer).json
    assert row["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == table
    assert row["_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] == "ownerid"
