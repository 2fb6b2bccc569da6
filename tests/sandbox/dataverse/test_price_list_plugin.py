"""Products get price list items from the plug-ins of the integration solutions."""

from __future__ import annotations

import pytest


def named(client, entity_set, name, **more):
    found = [row for row in client.rows(entity_set) if row["name"] == name and more.items() <= row.items()]
    return found[0]


@pytest.fixture
def create(client):
    """Give a function that creates a product sold in `unit` and kept in `inventory_unit`."""
    group = named(client, "uomschedules", "Default Unit")["uomscheduleid"]
    units = {row["name"]: row["uomid"] for row in client.rows("uoms") if row["uomscheduleid"] == group}
    currencies = {row["isocurrencycode"]: row["transactioncurrencyid"] for row in client.rows("transactioncurrencies")}
    client.units, client.currencies = units, currencies

    def send(unit="ea", inventory_unit=None, currency="USD", price=24, **more):
        body = {
            "productnumber": "P1",
            "name": "P1",
            "price": price,
            "defaultuomscheduleid@odata.bind": f"/uomschedules({group})",
            "defaultuomid@odata.bind": f"/uoms({units[unit]})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currencies[currency]})",
            **more,
        }
        if inventory_unit:
            body["msdynce_inventoryunit@odata.bind"] = f"/uoms({units[inventory_unit]})"
        return client.send("POST", "products", body, prefer="return=representation")

    return send


def items(client):
    """Give price list, unit and amount of every item."""
    lists = {row["pricelevelid"]: row["name"] for row in client.rows("pricelevels")}
    units = {row["uomid"]: row["name"] for row in client.rows("uoms")}
    return [
        (lists[row["pricelevelid"]], units[row["uomid"]], float(row["amount"]))
        for row in client.rows("productpricelevels")
    ]


def test_a_new_product_is_added_to_the_first_active_list_of_its_currency(client, create):
    assert create().status == 201
    assert items(client) == [("Standard", "ea", 24.0)]


def test_the_product_s_own_list_goes_first(client, create):
    create(**{"pricelevelid@odata.bind": f"/pricelevels({named(client, 'pricelevels', 'Wholesale')['pricelevelid']})"})
    assert items(client) == [("Wholesale", "ea", 24.0)]


def test_without_an_active_list_in_the_currency_the_product_is_refused(client, create):
    answer = create(currency="GBP")
    assert (answer.status, answer.code) == (400, "0x80040265")
    assert client.values("products", filter="productnumber eq 'P1'") == []


PRICES = {
    "a box of twelve, kept by the piece": ("box", "ea", 2.0),
    "a piece, kept by the box": ("ea", "box", 288.0),
    "a box, kept by the pair": ("box", "pair", 4.0),
    "units that do not convert keep the price": ("ea", "m", 24.0),
}


@pytest.mark.parametrize(("unit", "inventory_unit", "amount"), PRICES.values(), ids=PRICES.keys())
def test_a_different_inventory_unit_gets_a_converted_price(client, create, unit, inventory_unit, amount):
    create(unit, inventory_unit)
    assert items(client) == [("Standard", unit, 24.0), ("Standard", inventory_unit, amount)]


def test_the_same_inventory_unit_gets_no_second_item(client, create):
    create("ea", "ea")
    assert len(items(client)) == 1


def test_a_new_price_updates_the_items(client, create):
    product = create("box", "ea").json["productid"]
    client.send("PATCH", f"products({product})", {"price": 48})
    assert items(client) == [("Standard", "box", 48.0), ("Standard", "ea", 4.0)]


def test_an_update_of_other_columns_leaves_the_items_alone(client, create):
    product = create().json["productid"]
    before = client.rows("productpricelevels")
    client.send("PATCH", f"products({product})", {"name": "renamed"})
    assert client.rows("productpricelevels") == before


def test_the_default_unit_must_belong_to_the_unit_group(client, create):
    crate = named(client, "uoms", "crate")["uomid"]
    answer = create(**{"defaultuomid@odata.bind": f"/uoms({crate})"})
    assert (answer.status, answer.code) == (400, "0x80040265")


def test_products_are_created_active_or_draft_as_the_organisation_says(client, create):
    assert create().json["statecode"] == 0
    client.switch(products_created_as="draft")
    assert create().json["statecode"] == 2
