"""Single writes to the emulated Dataverse: the PATCH matrix, checks of values, lookups."""

from __future__ import annotations

import pytest

SET = "msdyn_warehouses"
KEY = f"{SET}(msdyn_name='W1')"
ABSENT = f"{SET}(11111111-1111-4111-8111-111111111111)"


@pytest.fixture
def known(client):
    """Have a warehouse W1; give the client and the address of its row by id."""
    assert client.send("PATCH", KEY, {"msdyn_description": "first"}).status == 204
    return client, f"{SET}({client.get(KEY).json['msdyn_warehouseid']})"


def test_create_answers_204_with_the_address_of_the_row(client):
    answer = client.send("POST", SET, {"msdyn_name": "W9"})
    assert (answer.status, answer.content) == (204, b"")
    assert client.get(answer.headers["OData-EntityId"]).json["msdyn_name"] == "W9"


def test_create_with_return_representation_answers_201_with_the_row(client):
    answer = client.send("POST", SET + "?$select=msdyn_name", {"msdyn_name": "W9"}, prefer="return=representation")
    assert (answer.status, answer.json["msdyn_name"]) == (201, "W9")
    assert answer.headers["Preference-Applied"] == "return=representation"


def test_upsert_by_key_creates_and_repeats_the_key_in_the_address(client):
    answer = client.send("PATCH", KEY, {"msdyn_description": "x"})
    assert answer.headers["OData-EntityId"].endswith("msdyn_warehouses(msdyn_name='W1')")
    assert client.get(KEY).json["msdyn_name"] == "W1"


def test_upsert_by_id_creates_the_row_with_that_id(client):
    assert client.send("PATCH", ABSENT, {"msdyn_name": "W2"}).status == 204
    assert client.get(ABSENT).json["msdyn_name"] == "W2"


def test_upsert_tells_create_from_update_with_return_representation(client):
    statuses = [
        client.send("PATCH", KEY, {"msdyn_description": "x"}, prefer="return=representation").status for _ in "12"
    ]
    assert statuses == [201, 200]


PRECONDITIONS = {
    "create only, row exists": (KEY, {"if_none_match": "*"}, 412, "0x80040237"),
    "update only, row absent": (ABSENT, {"if_match": "*"}, 404, "0x80040217"),
    "update only by key, row absent": (f"{SET}(msdyn_name='none')", {"if_match": "*"}, 404, "0x80060891"),
    "outdated version": (KEY, {"if_match": 'W/"1"'}, 412, "0x80060882"),
}


@pytest.mark.parametrize(("url", "headers", "status", "code"), PRECONDITIONS.values(), ids=PRECONDITIONS.keys())
def test_a_failed_precondition_writes_nothing(known, url, headers, status, code):
    client, _ = known
    before = client.rows(SET)
    answer = client.send("PATCH", url, {"msdyn_description": "second"}, **headers)
    assert (answer.status, answer.code) == (status, code)
    assert client.rows(SET) == before


def test_the_current_version_may_be_updated_and_gets_a_new_etag(known):
    client, row = known
    etag = client.get(row).json["@odata.etag"]
    assert client.send("PATCH", row, {"msdyn_description": "second"}, if_match=etag).status == 204
    assert client.get(row).json["@odata.etag"] != etag


def test_an_equal_value_still_makes_a_new_version(known):
    client, row = known
    before = client.get(row).json["versionnumber"]
    client.send("PATCH", row, {"msdyn_description": "first"})
    assert client.get(row).json["versionnumber"] > before


def test_key_columns_in_the_body_are_ignored_on_update(known):
    client, row = known
    client.send("PATCH", KEY, {"msdyn_name": "other", "msdyn_description": "second"})
    assert client.get(row).json["msdyn_name"] == "W1"


def test_key_columns_in_the_body_win_on_create(client):
    client.send("PATCH", KEY, {"msdyn_name": "other"})
    assert client.get(f"{SET}(msdyn_name='other')").status == 200
    assert client.get(KEY).status == 404


def test_a_second_row_with_the_same_key_is_refused_ignoring_case(known):
    client, _ = known
    answer = client.send("POST", SET, {"msdyn_name": "w1"})
    assert (answer.status, answer.code) == (412, "0x80060892")


def test_the_loser_of_an_upsert_race_gets_412_and_succeeds_when_it_repeats(client):
    client.switch(upsert_races=1)
    lost = client.send("PATCH", KEY, {"msdyn_description": "x"})
    assert (lost.status, lost.code) == (412, "0x80040237")
    assert client.send("PATCH", KEY, {"msdyn_description": "x"}).status == 204


VALUES = {
    "an unknown property": (SET, {"nothing": 1}, "0x80048d19"),
    "a text for a choice": ("products", {"producttypecode": "Services"}, "0x80048d19"),
    "a choice that does not exist": ("products", {"producttypecode": 77}, "0x8004431a"),
    "a text that is too long": (SET, {"msdyn_name": "x" * 101}, "0x80044331"),
    "a number out of range": ("products", {"quantitydecimal": 6}, "0x80044330"),
    "a text for yes or no": (SET, {"msdynce_ismaintainedexternally": "Yes"}, "0x80048d19"),
    "a lookup written as a value column": ("products", {"_defaultuomid_value": "x"}, "0x80060888"),
    "a navigation name in wrong case": ("products", {"DefaultUomId@odata.bind": "/uoms(x)"}, "0x80048d19"),
    "a status of another state": (SET, {"statecode": 1, "statuscode": 1}, "0x80048408"),
    "a date before 1753": (SET, {"overriddencreatedon": "1752-12-31T00:00:00Z"}, "0x0"),
    "a body that is no JSON": (SET, b"{", "0x80048d19"),
}


@pytest.mark.parametrize(("entity_set", "body", "code"), VALUES.values(), ids=VALUES.keys())
def test_a_wrong_value_is_refused_with_its_code(client, entity_set, body, code):
    answer = client.send("POST", entity_set, body)
    assert (answer.status, answer.code) == (400, code)


def test_quantities_are_rounded_half_to_even_to_two_decimals(client):
    client.switch(plug_ins=False)
    for quantity, stored in ((10.005, 10.0), (10.015, 10.02), (-0.005, 0.0)):
        answer = client.send(
            "POST", "msdyn_inventoryjournals", {"msdyn_quantity": quantity}, prefer="return=representation"
        )
        assert answer.json["msdyn_quantity"] == stored


def test_a_bind_by_alternate_key_resolves_the_row(client):
    body = {"msdynce_warehouse@odata.bind": "/msdyn_warehouses(msdyn_name='11')"}
    client.switch(plug_ins=False)
    answer = client.send("POST", "msdynce_externalproductinventories", body, prefer="return=representation")
    expected = client.get(f"{SET}(msdyn_name='11')").json["msdyn_warehouseid"]
    assert answer.json["_msdynce_warehouse_value"] == expected


BINDS = {
    "key without a row": ("/msdyn_warehouses(msdyn_name='none')", 404, "0x80060891"),
    "id without a row": ("/msdyn_warehouses(11111111-1111-4111-8111-111111111111)", 404, "0x80040217"),
    "row of another table": ("/uoms(11111111-1111-4111-8111-111111111111)", 400, "0x0"),
    "forbidden character": ("/msdyn_warehouses(msdyn_name='A/1')", 400, "0x0"),
}


@pytest.mark.parametrize(("reference", "status", "code"), BINDS.values(), ids=BINDS.keys())
def test_a_bind_that_names_no_row_fails_the_whole_row(client, reference, status, code):
    answer = client.send("POST", "msdynce_externalproductinventories", {"msdynce_warehouse@odata.bind": reference})
    assert (answer.status, answer.code) == (status, code)
    assert client.rows("msdynce_externalproductinventories") == []


def test_a_lookup_is_cleared_with_null(client):
    url = f"products({client.rows('products')[-1]['productid']})"
    client.send("PATCH", url, {"msdynce_inventoryunit": None})
    assert client.get(url).json["_msdynce_inventoryunit_value"] is None


def test_a_warehouse_with_stock_cannot_be_deleted(client):
    url = f"{SET}(msdyn_name='11')"
    answer = client.send("DELETE", url)
    assert (answer.status, answer.code) == (405, "0x80040227")
    assert client.get(url).status == 200


def test_deactivating_sets_the_matching_status(known):
    client, row = known
    assert client.send("PATCH", row, {"statecode": 1}).status == 204
    assert client.get(row).json["statuscode"] == 2


def test_collections_are_neither_patched_nor_deleted(client):
    assert [client.send(method, SET, {}).status for method in ("PATCH", "DELETE")] == [405, 405]
