"""CreateMultiple, UpdateMultiple and UpsertMultiple of the emulated Dataverse."""

from __future__ import annotations

import pytest

SET, TABLE = "msdyn_warehouses", "msdyn_warehouse"


def by_key(name, **columns):
    return {"@odata.id": f"{SET}(msdyn_name='{name}')", **columns}


def names(client):
    return [row["msdyn_name"] for row in client.rows(SET)]


def test_create_multiple_gives_the_ids_in_the_order_of_the_targets(client):
    answer = client.bulk(SET, "CreateMultiple", TABLE, [{"msdyn_name": name} for name in ("X", "Y")])
    assert answer.status == 200
    found = [client.get(f"{SET}({row_id})").json["msdyn_name"] for row_id in answer.json["Ids"]]
    assert found == ["X", "Y"]


def test_update_multiple_addresses_rows_by_primary_key(client):
    row_id = client.rows(SET)[0]["msdyn_warehouseid"]
    answer = client.bulk(SET, "UpdateMultiple", TABLE, [{"msdyn_warehouseid": row_id, "msdyn_description": "new"}])
    assert (answer.status, answer.content) == (204, b"")
    assert client.get(f"{SET}({row_id})").json["msdyn_description"] == "new"


def test_update_multiple_does_not_create(client):
    missing = {"msdyn_warehouseid": "11111111-1111-4111-8111-111111111111", "msdyn_description": "new"}
    answer = client.bulk(SET, "UpdateMultiple", TABLE, [missing])
    assert (answer.status, answer.code) == (404, "0x80040217")


def test_upsert_multiple_creates_and_updates_by_alternate_key(client):
    targets = [by_key("11", msdyn_description="changed"), by_key("new", msdyn_description="created")]
    assert client.bulk(SET, "UpsertMultiple", TABLE, targets).status == 204
    for name, text in (("11", "changed"), ("new", "created")):
        assert client.get(f"{SET}(msdyn_name='{name}')").json["msdyn_description"] == text


def test_upsert_multiple_by_primary_key_creates_with_that_id(client):
    row_id = "22222222-2222-4222-8222-222222222222"
    target = {"msdyn_warehouseid": row_id, "msdyn_name": "by id"}
    assert client.bulk(SET, "UpsertMultiple", TABLE, [target]).status == 204
    assert client.get(f"{SET}({row_id})").json["msdyn_name"] == "by id"


def test_key_columns_in_a_target_break_the_create_path_of_upsert_multiple(client):
    answer = client.bulk(SET, "UpsertMultiple", TABLE, [by_key("new", msdyn_name="new")])
    assert (answer.status, answer.code) == (400, "0x80040216")
    assert client.bulk(SET, "UpsertMultiple", TABLE, [by_key("11", msdyn_name="11")]).status == 204


FAILURES = {
    "a text that is too long": ([by_key("a"), by_key("b", msdyn_description="x" * 2_001)], 400, "0x80044331"),
    "two targets of one row": ([by_key("a"), by_key("A")], 412, "0x80040237"),
    "a forbidden key character": ([by_key("a"), by_key("A/1")], 400, "0x0"),
    "a target without identity": ([by_key("a"), {"msdyn_description": "x"}], 400, "0x80048d19"),
    "an id of another entity set": ([by_key("a"), {"@odata.id": "accounts(accountnumber='1')"}], 400, "0x0"),
}


@pytest.mark.parametrize(("targets", "status", "code"), FAILURES.values(), ids=FAILURES.keys())
def test_one_bad_target_undoes_the_whole_call(client, targets, status, code):
    before = names(client)
    answer = client.bulk(SET, "UpsertMultiple", TABLE, targets)
    assert (answer.status, answer.code) == (status, code)
    assert names(client) == before


def test_every_target_needs_its_type(client):
    answer = client.send("POST", f"{SET}/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": [{"msdyn_name": "X"}]})
    assert (answer.status, answer.code) == (400, "0x80048d19")


def test_a_type_of_another_table_is_refused(client):
    assert client.bulk(SET, "CreateMultiple", "account", [{"msdyn_name": "X"}]).code == "0x80048d19"


def test_delete_multiple_exists_on_elastic_tables_only(client):
    answer = client.bulk(
        SET, "DeleteMultiple", TABLE, [{"msdyn_warehouseid": client.rows(SET)[0]["msdyn_warehouseid"]}]
    )
    assert "DeleteMultiple has not yet been implemented" in answer.message


def test_a_table_can_lack_the_bulk_messages(client):
    client.switch(tables_without_bulk_messages=[TABLE])
    assert client.bulk(SET, "CreateMultiple", TABLE, [{"msdyn_name": "X"}]).status == 404


def test_a_plug_in_that_refuses_one_row_undoes_the_others(client):
    pounds = client.values("transactioncurrencies", filter="isocurrencycode eq 'GBP'")[0]["transactioncurrencyid"]
    dollars = client.values("transactioncurrencies", filter="isocurrencycode eq 'USD'")[0]["transactioncurrencyid"]
    unit = client.rows("uoms")[0]
    targets = [
        {
            "productnumber": f"P-{currency}",
            "name": "P",
            "defaultuomid@odata.bind": f"/uoms({unit['uomid']})",
            "defaultuomscheduleid@odata.bind": f"/uomschedules({unit['uomscheduleid']})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency})",
        }
        for currency in (dollars, pounds)
    ]
    answer = client.bulk("products", "CreateMultiple", "product", targets)
    assert (answer.status, answer.code) == (400, "0x80040265")
    assert client.values("products", filter="startswith(productnumber,'P-')") == []
    assert client.rows("productpricelevels") == []
