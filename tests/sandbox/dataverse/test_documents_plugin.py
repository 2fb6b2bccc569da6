"""Adjustments, transfers, agreement invoices and accounts: locks, numbers, flags and the stock they move."""

from __future__ import annotations

import pytest

from sandbox.world.identity import row_id, unit_id

ADJUSTMENTS, TRANSFERS, LINES = (
    "msdyn_inventoryadjustments",
    "msdyn_inventorytransfers",
    "msdyn_inventoryadjustmentproducts",
)
JOURNALS = "msdyn_inventoryjournals"
ON_HAND = 690970000
OF_ADJUSTMENT, OF_TRANSFER = 690970003, 690970004
LOCKED = "No changes can be made when Post Status is set to Posted"


@pytest.fixture
def part(client):
    """Give the id of a synchronised part with stock in warehouse 11."""
    return client.values("products", filter="startswith(productnumber,'M0001')")[0]["productid"]


@pytest.fixture
def header(client):
    """Give the addresses of a new adjustment and a new transfer, both still Created."""
    adjustment = {"msdyn_name": "UA900001", "msdyn_warehouse@odata.bind": "/msdyn_warehouses(msdyn_name='11')"}
    transfer = {
        "msdyn_name": "UT900001",
        "msdyn_sourcewarehouse@odata.bind": "/msdyn_warehouses(msdyn_name='11')",
        "msdyn_destinationwarehouse@odata.bind": "/msdyn_warehouses(msdyn_name='12')",
    }
    assert client.send("POST", ADJUSTMENTS, adjustment).status == 204
    assert client.send("POST", TRANSFERS, transfer).status == 204
    return {"adjustment": f"{ADJUSTMENTS}(msdyn_name='UA900001')", "transfer": f"{TRANSFERS}(msdyn_name='UT900001')"}


def add_line(client, part, parent, kind, quantity=2, **more):
    body = {
        f"msdyn_inventory{kind}@odata.bind": f"/{parent}",
        "msdyn_product@odata.bind": f"/products({part})",
        "msdyn_unit@odata.bind": f"/uoms({unit_id('ea')})",
        "msdyn_quantity": quantity,
        **more,
    }
    return client.send("POST", LINES, body, Prefer="return=representation")


def journals(client):
    names = {row["msdyn_warehouseid"]: row["msdyn_name"] for row in client.rows("msdyn_warehouses")}
    return [
        (names[row["msdyn_warehouse"]], row["msdyn_journaltype"], row["msdyn_transactiontype"], row["msdyn_quantity"])
        for row in client.rows(JOURNALS)
    ]


def stock(client, part):
    names = {row["msdyn_warehouseid"]: row["msdyn_name"] for row in client.rows("msdyn_warehouses")}
    return {
        names[row["msdyn_warehouse"]]: row["msdyn_qtyonhand"]
        for row in client.rows("msdyn_productinventories")
        if row["msdyn_product"] == part
    }


@pytest.mark.parametrize("kind", ["adjustment", "transfer"])
def test_a_posted_document_takes_no_update_and_no_line(client, part, header, kind):
    assert client.send("PATCH", header[kind], {"msdynce_poststatus": 2}).status == 204
    update = client.send("PATCH", header[kind], {"msdyn_description": "late"})
    line = add_line(client, part, header[kind], kind)
    assert [(answer.status, answer.code, answer.message) for answer in (update, line)] == [
        (400, "0x80040265", LOCKED),
        (400, "0x80040265", LOCKED),
    ]


def test_a_present_line_of_a_posted_document_is_not_guarded(client, part, header):
    line = add_line(client, part, header["adjustment"], "adjustment").json[f"{LINES[:-1]}id"]
    client.send("PATCH", header["adjustment"], {"msdynce_poststatus": 2})
    assert client.send("PATCH", f"{LINES}({line})", {"msdyn_quantity": 9}).status == 204


def test_lines_are_numbered_with_bare_integers_from_one_counter(client, part, header):
    counter = client.get("msdynce_p2cautonumbers(msdynce_entityname='msdyn_inventoryadjustmentproduct')").json
    last = counter["msdynce_numbersequence"]
    first = add_line(client, part, header["adjustment"], "adjustment").json
    second = add_line(client, part, header["transfer"], "transfer", msdynce_numbersequence="77").json
    assert [line["msdynce_numbersequence"] for line in (first, second)] == [str(last + 1), str(last + 2)]


def test_the_first_line_of_an_organisation_makes_the_counter(client, part, header):
    client.system.replace("msdynce_p2cautonumbers", [])
    assert add_line(client, part, header["adjustment"], "adjustment").json["msdynce_numbersequence"] == "1"
    (counter,) = client.rows("msdynce_p2cautonumbers")
    assert (counter["msdynce_prefix"], counter["msdynce_suffixlength"]) == ("IAP", 6)
    assert (counter["msdynce_entityname"], counter["msdynce_numbersequence"]) == (LINES[:-1], 1)


def test_an_adjustment_moves_stock_when_it_is_posted(client, part, header):
    add_line(client, part, header["adjustment"], "adjustment", -3)
    assert (journals(client), stock(client, part)) == ([], {"11": 7.0})
    client.send("PATCH", header["adjustment"], {"msdynce_poststatus": 2})
    assert journals(client) == [("11", ON_HAND, OF_ADJUSTMENT, -3.0)]
    assert stock(client, part) == {"11": 4.0}


def test_a_transfer_moves_stock_out_of_the_source_into_the_destination(client, part, header):
    add_line(client, part, header["transfer"], "transfer", 2)
    client.send("PATCH", header["transfer"], {"msdynce_poststatus": 2})
    assert journals(client) == [("11", ON_HAND, OF_TRANSFER, -2.0), ("12", ON_HAND, OF_TRANSFER, 2.0)]
    assert stock(client, part) == {"11": 5.0, "12": 2.0}


def test_a_service_product_moves_no_stock(client, header):
    service = client.values("products", filter="productnumber eq 'FS-TRAVEL'")[0]["productid"]
    add_line(client, service, header["adjustment"], "adjustment")
    client.send("PATCH", header["adjustment"], {"msdynce_poststatus": 2})
    assert journals(client) == []


def test_a_document_with_lines_cannot_be_deleted(client, part, header):
    add_line(client, part, header["adjustment"], "adjustment")
    assert client.send("DELETE", header["adjustment"]).code == "0x80040227"


@pytest.mark.parametrize(
    ("entity_set", "body", "code"),
    [
        (ADJUSTMENTS, {"msdyn_name": "UA000001"}, "0x80060892"),
        (ADJUSTMENTS, {"msdyn_name": "x" * 101}, "0x80044331"),
        (ADJUSTMENTS, {"msdynce_poststatus": 3}, "0x8004431a"),
        (LINES, {"msdyn_quantity": 1_000_000_001}, "0x80044330"),
        ("msdynce_externalprojects", {"msdynce_projectnumber": "P-U0001"}, "0x80060892"),
        ("msdynce_externalprojects", {"msdynce_projectstage": 0}, "0x8004431a"),
        ("accounts", {"accountnumber": "x" * 21}, "0x80044331"),
        ("msdynce_p2cautonumbers", {"msdynce_numbersequence": 0}, "0x80044330"),
    ],
)
def test_a_value_that_breaks_a_documented_limit_is_refused(client, entity_set, body, code):
    assert client.send("POST", entity_set, body).code == code


@pytest.mark.parametrize("entity_set", [ADJUSTMENTS, TRANSFERS, LINES, "msdynce_externalprojects", "invoicedetails"])
def test_change_tracking_is_off_as_shipped(client, entity_set):
    assert client.get(entity_set, Prefer="odata.track-changes").status == 400


@pytest.mark.parametrize("entity_set", ["msdyn_workorders", "msdyn_workorderproducts", "invoices", "accounts"])
def test_change_tracking_is_on_as_shipped(client, entity_set):
    assert "@odata.deltaLink" in client.get(entity_set, Prefer="odata.track-changes").json


INVOICE = {"invoicenumber": "INV-X1", "name": "X"}


def add_invoice_line(client, invoice, **more):
    return client.send("POST", "invoicedetails", {"invoiceid@odata.bind": f"/invoices({invoice})", **more})


def test_a_line_of_an_agreement_flags_itself_and_its_invoice_and_dates_it(client):
    invoice = client.send("POST", "invoices", INVOICE, Prefer="return=representation").json["invoiceid"]
    agreement = client.rows("msdyn_agreements")[0]["msdyn_agreementid"]
    add_invoice_line(client, invoice, **{"msdyn_agreement@odata.bind": f"/msdyn_agreements({agreement})"})
    row = client.get(f"invoices({invoice})").json
    line = client.rows("invoicedetails")[-1]
    assert (line["msdynce_hasagreementorigin"], row["msdynce_haslineswithagreementorigin"]) == (True, True)
    assert row["msdyn_invoicedate"] == row["createdon"][:10] + "T00:00:00Z"


def test_another_invoice_line_flags_nothing(client):
    invoice = client.send("POST", "invoices", INVOICE, Prefer="return=representation").json["invoiceid"]
    add_invoice_line(client, invoice)
    row = client.get(f"invoices({invoice})").json
    assert (row["msdynce_haslineswithagreementorigin"], row["msdyn_invoicedate"]) == (False, None)


def test_the_date_of_an_agreement_invoice_cannot_be_emptied(client):
    of_agreement, other = (f"invoices({row_id('invoices', number)})" for number in ("INV-U0001", "INV-U0003"))
    refused = client.send("PATCH", of_agreement, {"msdyn_invoicedate": None})
    assert (refused.status, refused.message) == (400, "You must provide a value for Invoice Date.")
    assert client.send("PATCH", other, {"msdyn_invoicedate": None}).status == 204


def test_an_account_without_number_gets_one_from_the_counter(client):
    bodies = ({"name": "A"}, {"name": "B"}, {"name": "C", "accountnumber": "MINE"})
    numbers = [
        client.send("POST", "accounts", body, Prefer="return=representation").json["accountnumber"] for body in bodies
    ]
    assert [numbers[0][:10], numbers[1][:10], numbers[2]] == ["ACC-01000-", "ACC-01001-", "MINE"]
    assert len(numbers[0]) == len("ACC-01000-BVRCPS")
