"""Work orders: flags, copies of the status, used quantities, calculated columns and stock."""

from __future__ import annotations

import pytest

from sandbox.world.identity import row_id, unit_id
from sandbox.world.work_orders import (
    CANCELED,
    ESTIMATED,
    IN_PROGRESS,
    ORDERS,
    PRODUCTS,
    SCHEDULED,
    SERVICES,
    UNSCHEDULED,
    USED,
)

HEADER_FLAG = "msdynce_hasexternallymaintainedproductsonly"
LINE_FLAG = "msdynce_orderhasexternalmaintainedproductsonly"
ON_HAND, ALLOCATED, OF_WORK_ORDER = 690970000, 690970002, 690970002
ORDER = "11111111-1111-4111-8111-000000000001"


@pytest.fixture
def order(client):
    """Give the address of a new work order with an account that pays."""
    account = client.rows("accounts")[0]["accountid"]
    body = {
        "msdyn_workorderid": ORDER,
        "msdyn_name": "WO-X1",
        "msdyn_serviceaccount@odata.bind": f"/accounts({account})",
        "msdyn_billingaccount@odata.bind": f"/accounts({account})",
    }
    assert client.send("POST", ORDERS, body).status == 204
    return f"{ORDERS}({ORDER})"


def number_of(client, start):
    return client.values("products", filter=f"startswith(productnumber,'{start}')")[0]["productid"]


def add_product(client, product="M0001", unit="ea", **more):
    body = {
        "msdyn_name": "part",
        "msdyn_workorder@odata.bind": f"/{ORDERS}({ORDER})",
        "msdyn_product@odata.bind": f"/products({number_of(client, product)})",
        "msdyn_unit@odata.bind": f"/uoms({unit_id(unit)})",
        "msdyn_warehouse@odata.bind": "/msdyn_warehouses(msdyn_name='11')",
        "msdyn_lineorder": 1,
        **more,
    }
    answer = client.send("POST", PRODUCTS, body)
    return answer.headers.get("OData-EntityId", "").rpartition("/")[2] or answer


def add_service(client, **more):
    service = client.values("products", filter="msdyn_fieldserviceproducttype eq 690970002 and price eq 1")[0]
    body = {
        "msdyn_name": "hours",
        "msdyn_workorder@odata.bind": f"/{ORDERS}({ORDER})",
        "msdyn_service@odata.bind": f"/products({service['productid']})",
        "msdyn_lineorder": 1,
        **more,
    }
    return client.send("POST", SERVICES, body).headers["OData-EntityId"].rpartition("/")[2]


def lines(client):
    return [row for name in (PRODUCTS, SERVICES) for row in client.rows(name) if row["msdyn_workorder"] == ORDER]


def journals(client):
    return [
        (row["msdyn_journaltype"], row["msdyn_transactiontype"], row["msdyn_quantity"])
        for row in client.rows("msdyn_inventoryjournals")
    ]


def stock_of(client, product):
    product_id = number_of(client, product)
    (stock,) = [row for row in client.rows("msdyn_productinventories") if row["msdyn_product"] == product_id]
    return stock


def flags(client, order):
    return client.get(order).json[HEADER_FLAG], [row[LINE_FLAG] for row in lines(client)]


def test_an_order_without_lines_counts_as_externally_maintained(client, order):
    assert flags(client, order) == (True, [])


def test_one_product_of_its_own_takes_the_flag_from_header_and_every_line(client, order):
    add_product(client)
    add_service(client)
    assert flags(client, order) == (True, [True, True])
    own = add_product(client, "FS-KIT")
    assert flags(client, order) == (False, [False, False, False])
    client.send("DELETE", own)
    assert flags(client, order) == (True, [True, True])


def test_another_product_on_a_line_works_the_flag_out_anew(client, order):
    line = add_product(client)
    body = {"msdyn_product@odata.bind": f"/products({number_of(client, 'FS-KIT')})"}
    client.send("PATCH", line, body)
    assert flags(client, order) == (False, [False])


def test_the_status_of_the_order_is_copied_to_new_and_present_lines(client, order):
    add_product(client)
    assert [row["msdynce_headersystemstatus"] for row in lines(client)] == [UNSCHEDULED]
    client.send("PATCH", order, {"msdyn_systemstatus": SCHEDULED})
    add_service(client)
    assert [row["msdynce_headersystemstatus"] for row in lines(client)] == [SCHEDULED, SCHEDULED]


def test_a_new_status_moves_the_time_stamp_of_the_lines(client, order):
    add_product(client)
    before = lines(client)[0]["modifiedon"]
    client.environment.clock.advance(60)
    client.send("PATCH", order, {"msdyn_systemstatus": SCHEDULED})
    assert lines(client)[0]["modifiedon"] > before


def test_the_first_status_after_unscheduled_is_remembered(client, order):
    states = []
    for status in (UNSCHEDULED, SCHEDULED, UNSCHEDULED):
        client.send("PATCH", order, {"msdyn_systemstatus": status})
        states.append(client.get(order).json["msdynce_workorderstatushaschanged"])
    assert states == [False, True, True]


def test_a_line_in_another_unit_than_the_inventory_unit_is_refused(client, order):
    refused = add_product(client, unit="box")
    assert (refused.status, refused.code) == (400, "0x80040265")
    assert refused.message.startswith("Only the inventory unit is supported for work order products")
    line = add_product(client)
    changed = client.send("PATCH", line, {"msdyn_unit@odata.bind": f"/uoms({unit_id('box')})"})
    assert changed.code == "0x80040265"


def test_a_product_without_inventory_unit_may_have_any_unit(client, order):
    assert isinstance(add_product(client, "FS-KIT", "box"), str)


def test_a_project_empties_the_billing_account_when_that_is_set(client, order):
    project = {"msdynce_externalproject@odata.bind": "/msdynce_externalprojects(msdynce_projectnumber='P-U0001')"}
    account = client.rows("accounts")[0]["accountid"]
    billing = {"msdyn_billingaccount@odata.bind": f"/accounts({account})"}
    client.send("PATCH", order, project)
    assert client.get(order).json["_msdyn_billingaccount_value"] == account
    client.send("PATCH", order, billing)
    assert client.get(order).json["_msdyn_billingaccount_value"] is None
    client.send("POST", ORDERS, {"msdyn_name": "WO-X2", **project, **billing})
    assert client.rows(ORDERS)[-1]["msdyn_billingaccount"] is None


def test_going_back_to_estimated_sets_the_used_values_to_zero(client, order):
    used = {"msdyn_quantity": 6, "msdyn_qtytobill": 6, "msdyn_unitamount": 40, "msdyn_totalamount": 240}
    line = add_product(client, msdyn_linestatus=USED, **used)
    service = add_service(client, msdyn_linestatus=USED, msdyn_duration=90, msdyn_totalamount=120)
    for address in (line, service):
        client.send("PATCH", address, {"msdyn_linestatus": ESTIMATED})
    product, hours = lines(client)
    zero = {*used, "msdynce_decimalquantity", "msdynce_invoicedunitamount"}
    assert {float(product[name]) for name in zero} == {0.0}
    assert {float(hours[name]) for name in ("msdyn_duration", "msdyn_totalamount", "msdynce_durationinhours")} == {0.0}


CALCULATED = {
    # quantity, total, discount: invoiced unit amount, invoiced discount
    "without discount": ((6, 240, None), (40, 0)),
    "with a discount": ((6, 216, 24), (40, 24)),
    "nothing used": ((0, 240, None), (0, -240)),
    "an amount that does not divide": ((3, 100, None), (33.3333, -0.0001)),
}


@pytest.mark.parametrize(("given", "expected"), CALCULATED.values(), ids=CALCULATED.keys())
def test_amounts_of_a_product_line_are_calculated(client, order, given, expected):
    quantity, total, discount = given
    line = add_product(client, msdyn_quantity=quantity, msdyn_totalamount=total, msdyn_discountamount=discount)
    client.switch(column_security_profile=True)
    row = client.get(line).json
    assert row["msdynce_decimalquantity"] == quantity
    assert (row["msdynce_invoicedunitamount"], row["msdynce_invoiceddiscountamount"]) == expected


def test_hours_amounts_and_line_order_of_a_service_are_calculated(client, order):
    totals = {"msdyn_totalamount": 114, "msdyn_discountamount": 6}
    line = add_service(client, msdyn_duration=90, msdyn_estimateduration=120, **totals)
    client.switch(column_security_profile=True)
    row = client.get(line).json
    hours = (row["msdynce_durationinhours"], row["msdynce_estimateddurationinhours"])
    amounts = (row["msdynce_invoicedunitamount"], row["msdynce_invoiceddiscountamount"])
    assert (hours, amounts, row["msdynce_externallineorder"]) == ((1.5, 2.0), (80.0, 6.0), -1)


def test_a_calculated_column_cannot_be_written(client, order):
    line = add_service(client)
    assert client.send("PATCH", line, {"msdynce_externallineorder": 5}).status == 400


SECURED = {
    PRODUCTS: ("msdynce_decimalquantity", "msdynce_invoicedunitamount", "msdynce_invoiceddiscountamount"),
    SERVICES: ("msdynce_durationinhours", "msdynce_estimateddurationinhours", "msdynce_invoiceddiscountamount"),
}


@pytest.mark.parametrize("entity_set", SECURED)
def test_secured_columns_look_empty_without_a_profile(client, entity_set):
    select = ",".join(SECURED[entity_set])
    rows = client.values(entity_set, select=select)
    assert {row[name] for row in rows for name in SECURED[entity_set]} == {None}
    assert client.values(entity_set, filter=f"{SECURED[entity_set][0]} ne null") == []
    client.switch(column_security_profile=True)
    rows = client.values(entity_set, select=select)
    assert None not in {row[name] for row in rows for name in SECURED[entity_set]}


def test_a_secured_column_is_not_written_without_a_profile(client, order):
    line = add_product(client)
    assert client.send("PATCH", line, {"msdynce_decimalquantity": 2}).status == 403
    client.switch(column_security_profile=True)
    assert client.send("PATCH", line, {"msdynce_decimalquantity": 2}).status == 204


def test_the_amount_of_a_service_per_hour_is_not_secured(client):
    rows = client.values(SERVICES, select="msdynce_invoicedunitamount")
    assert {row["msdynce_invoicedunitamount"] for row in rows} == {0, 85}


def test_an_allocated_line_reserves_its_estimate_and_a_used_one_takes_it_from_stock(client, order):
    line = add_product(client, msdyn_estimatequantity=5)
    assert journals(client) == []
    client.send("PATCH", line, {"msdyn_allocated": True})
    client.send("PATCH", line, {"msdyn_linestatus": USED, "msdyn_quantity": 6})
    client.send("PATCH", line, {"msdyn_quantity": 4})
    assert journals(client) == [
        (ALLOCATED, OF_WORK_ORDER, 5.0),
        (ON_HAND, OF_WORK_ORDER, -6.0),
        (ALLOCATED, OF_WORK_ORDER, -5.0),
        (ON_HAND, OF_WORK_ORDER, 2.0),
    ]
    stock = stock_of(client, "M0001")
    assert (stock["msdyn_qtyonhand"], stock["msdyn_qtyallocated"], stock["msdyn_qtyavailable"]) == (3.0, 0.0, 3.0)


@pytest.mark.parametrize("ending", ["cancelled", "deleted", "not allocated any longer"])
def test_an_allocation_is_released(client, order, ending):
    line = add_product(client, msdyn_estimatequantity=5, msdyn_allocated=True)
    if ending == "cancelled":
        client.send("PATCH", order, {"msdyn_systemstatus": CANCELED})
    elif ending == "deleted":
        client.send("DELETE", line)
    else:
        client.send("PATCH", line, {"msdyn_allocated": False})
    assert journals(client) == [(ALLOCATED, OF_WORK_ORDER, 5.0), (ALLOCATED, OF_WORK_ORDER, -5.0)]


def test_no_more_is_released_than_a_level_from_outside_has_left(client, order):
    line = add_product(client, msdyn_estimatequantity=5, msdyn_allocated=True)
    stock = stock_of(client, "M0001")
    client.send("PATCH", f"msdyn_productinventories({stock['msdyn_productinventoryid']})", {"msdyn_qtyallocated": 2})
    assert client.send("PATCH", line, {"msdyn_allocated": False}).status == 204
    assert journals(client)[-1] == (ALLOCATED, OF_WORK_ORDER, -2.0)


def test_deleting_an_order_deletes_its_lines(client, order):
    add_product(client)
    add_service(client)
    assert client.send("DELETE", order).status == 204
    assert lines(client) == []


def test_microsofts_example_is_in_the_world(client):
    expected = [
        ("WO-U0001", SCHEDULED, 5.0, 0.0, ESTIMATED, False),
        ("WO-U0002", SCHEDULED, 5.0, 0.0, ESTIMATED, True),
        ("WO-U0003", IN_PROGRESS, 5.0, 6.0, USED, True),
    ]
    names = ("msdyn_estimatequantity", "msdyn_quantity", "msdyn_linestatus", "msdyn_allocated")
    by_order = {row["msdyn_workorder"]: row for row in client.rows(PRODUCTS)}
    for number, status, *values in expected:
        line = by_order[row_id(ORDERS, number)]
        assert [line[name] for name in names] == values
        assert line["msdynce_headersystemstatus"] == status
