"""External product inventory becomes inventory journals, and journals move the product inventory."""

from __future__ import annotations

import pytest

SET = "msdynce_externalproductinventories"
ON_HAND, ON_ORDER, ALLOCATED = 690970000, 690970001, 690970002
MANUAL = 690970006
STOCK = ("msdyn_qtyonhand", "msdyn_qtyallocated", "msdyn_qtyonorder", "msdyn_qtyavailable")


@pytest.fixture
def level(client):
    """Give a function that sends levels of one product in warehouse 12, which has no stock yet."""
    product = client.values("products", filter="productnumber eq 'FS-KIT'")[0]["productid"]
    client.product = product

    def send(**quantities):
        body = {
            "msdynce_product@odata.bind": f"/products({product})",
            "msdynce_warehouse@odata.bind": "/msdyn_warehouses(msdyn_name='12')",
            **{f"msdynce_{name}quantity": value for name, value in quantities.items()},
        }
        return client.send("PATCH", f"{SET}(msdynce_productnumber='FS-KIT',msdynce_warehouseid='12')", body)

    return send


def journals(client):
    return [
        (row["msdyn_journaltype"], row["msdyn_quantity"], row["msdyn_transactiontype"])
        for row in client.rows("msdyn_inventoryjournals")
    ]


def stock(client):
    warehouse = client.get("msdyn_warehouses(msdyn_name='12')").json["msdyn_warehouseid"]
    rows = [row for row in client.rows("msdyn_productinventories") if row["msdyn_warehouse"] == warehouse]
    return [tuple(row[name] for name in STOCK) for row in rows]


def test_each_level_is_compared_with_its_stock_column(client, level):
    assert level(onhand=10, onorder=3, ordered=4).status == 204
    assert journals(client) == [(ON_HAND, 10.0, MANUAL), (ALLOCATED, 3.0, MANUAL), (ON_ORDER, 4.0, MANUAL)]
    assert stock(client) == [(10.0, 3.0, 4.0, 7.0)]


def test_a_changed_level_makes_a_journal_for_the_difference_only(client, level):
    level(onhand=10, onorder=3, ordered=4)
    level(onhand=7.5, onorder=3, ordered=4)
    assert journals(client)[3:] == [(ON_HAND, -2.5, MANUAL)]
    assert stock(client) == [(7.5, 3.0, 4.0, 4.5)]


def test_the_same_level_twice_makes_no_journal(client, level):
    level(onhand=10, onorder=3, ordered=4)
    level(onhand=10, onorder=3, ordered=4)
    assert len(journals(client)) == 3


def test_sending_an_unchanged_level_puts_back_what_field_service_moved(client, level):
    level(onhand=10, onorder=0, ordered=0)
    row = client.rows("msdyn_productinventories")[-1]
    client.send("PATCH", f"msdyn_productinventories({row['msdyn_productinventoryid']})", {"msdyn_qtyonhand": 6})
    level(onhand=10, onorder=0, ordered=0)
    assert journals(client)[-1] == (ON_HAND, 4.0, MANUAL)


def test_a_missing_level_is_zero_on_create_and_the_stored_one_on_update(client, level):
    level(onhand=10)
    assert stock(client) == [(10.0, 0.0, 0.0, 10.0)]
    level(onorder=2)
    assert stock(client) == [(10.0, 2.0, 0.0, 8.0)]


def test_levels_of_zero_make_no_journal_and_no_stock_row(client, level):
    level(onhand=0, onorder=0, ordered=0)
    assert (journals(client), stock(client)) == ([], [])


def test_a_negative_level_on_order_is_refused_and_undoes_everything(client, level):
    answer = level(onhand=5, onorder=-2, ordered=0)
    assert (answer.status, answer.code) == (400, "0x80044330")
    assert (client.rows(SET), journals(client), stock(client)) == ([], [], [])


def test_a_quantity_above_a_billion_is_refused(client, level):
    assert level(onhand=2_000_000_000).code == "0x80044330"


def test_the_journal_takes_the_inventory_unit_of_the_product(client):
    product = client.values("products", filter="msdynce_ismaintainedexternally eq true", top="1")[0]
    body = {
        "msdynce_product@odata.bind": f"/products({product['productid']})",
        "msdynce_warehouse@odata.bind": "/msdyn_warehouses(msdyn_name='12')",
        "msdynce_onhandquantity": 1,
    }
    client.send("PATCH", f"products({product['productid']})", {"msdynce_inventoryunit": None})
    assert client.send("POST", SET, body).status == 204
    assert client.rows("msdyn_inventoryjournals")[-1]["msdyn_unit"] == product["_defaultuomid_value"]


def test_product_and_warehouse_are_needed(client):
    answer = client.send("POST", SET, {"msdynce_productnumber": "FS-KIT", "msdynce_warehouseid": "12"})
    assert (answer.status, answer.code) == (400, "0x80040265")


def test_several_stock_rows_of_one_pair_are_an_error(client, level):
    level(onhand=1)
    row = client.rows("msdyn_productinventories")[-1]
    double = {**row, "msdyn_productinventoryid": "33333333-3333-4333-8333-333333333333"}
    client.system.replace("msdyn_productinventories", [*client.rows("msdyn_productinventories"), double])
    answer = level(onhand=2)
    assert "There should be only one product inventory record per product/warehouse." in answer.message


def test_an_update_of_other_columns_moves_nothing(client, level):
    level(onhand=10)
    row_id = client.rows(SET)[0]["msdynce_externalproductinventoryid"]
    row = client.rows("msdyn_productinventories")[-1]
    client.send("PATCH", f"msdyn_productinventories({row['msdyn_productinventoryid']})", {"msdyn_qtyonhand": 6})
    client.send("PATCH", f"{SET}({row_id})", {"msdynce_warehouseid": "13"})
    assert len(journals(client)) == 1


def test_deleting_an_external_level_changes_no_stock(client, level):
    level(onhand=10)
    client.send("DELETE", f"{SET}({client.rows(SET)[0]['msdynce_externalproductinventoryid']})")
    assert stock(client) == [(10.0, 0.0, 0.0, 10.0)]


def test_a_manual_allocated_journal_lowers_what_is_available(client, level):
    level(onhand=10)
    row = client.rows("msdyn_productinventories")[-1]
    body = {
        "msdyn_journaltype": ALLOCATED,
        "msdyn_transactiontype": MANUAL,
        "msdyn_quantity": 4,
        "msdyn_product@odata.bind": f"/products({row['msdyn_product']})",
        "msdyn_warehouse@odata.bind": f"/msdyn_warehouses({row['msdyn_warehouse']})",
        "msdyn_unit@odata.bind": f"/uoms({row['msdyn_unit']})",
    }
    assert client.send("POST", "msdyn_inventoryjournals", body).status == 204
    assert stock(client) == [(10.0, 4.0, 0.0, 6.0)]


def test_without_plug_ins_nothing_follows(client, level):
    client.switch(plug_ins=False)
    level(onhand=10)
    assert journals(client) == []
