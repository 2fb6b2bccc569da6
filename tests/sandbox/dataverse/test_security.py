"""Tokens, users and privileges of the emulated Dataverse."""

from __future__ import annotations

import pytest

from sandbox.entra import CLIENT_ID, UNMAPPED_CLIENT_ID

HOST = "https://127.0.0.1:8445"


def test_every_answer_names_its_request_and_an_affinity_cookie(client):
    headers = client.get("WhoAmI").headers
    assert {"REQ_ID", "x-ms-service-request-id", "OData-Version"} <= set(headers)
    assert "ARRAffinity=" in headers["Set-Cookie"]


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer not.a.token"])
def test_without_a_valid_token_the_answer_is_401_and_says_where_tokens_come_from(client, header):
    answer = client.get("WhoAmI", authorization=header)
    assert answer.status == 401
    assert "authorization_uri=https://127.0.0.1:8443" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("audience", ["https://127.0.0.1:8444", HOST + "/", HOST.upper()])
def test_a_token_for_another_audience_is_refused(client, audience):
    client.token = client.environment.issuer.issue(CLIENT_ID, audience, 60)
    assert client.get("WhoAmI").status == 401


def test_an_expired_token_is_refused(client):
    client.environment.clock.advance(31 * 86_400)
    assert client.get("WhoAmI").status == 401


def test_a_client_without_application_user_is_no_member(client):
    client.token = client.environment.issuer.issue(UNMAPPED_CLIENT_ID, HOST, 60)
    answer = client.get("WhoAmI")
    assert (answer.status, answer.code) == (403, "0x80072560")


def test_a_disabled_user_is_refused(client):
    user = next(user for user in client.rows("systemusers") if user["applicationid"])
    client.system.replace("systemusers", [{**user, "isdisabled": True}])
    assert client.get("WhoAmI").code == "0x80040225"


ACTIONS = {
    "prvReadmsdyn_warehouse": ("GET", "msdyn_warehouses", None),
    "prvCreatemsdyn_warehouse": ("POST", "msdyn_warehouses", {"msdyn_name": "X"}),
    "prvWritemsdyn_warehouse": ("PATCH", "msdyn_warehouses(msdyn_name='11')", {"msdyn_description": "X"}),
    "prvDeletemsdyn_warehouse": ("DELETE", "msdyn_warehouses(msdyn_name='Van 12 South')", None),
}


@pytest.mark.parametrize(("privilege", "request_"), ACTIONS.items(), ids=ACTIONS.keys())
def test_a_missing_privilege_is_named(client, privilege, request_):
    client.switch(forbidden_privileges=[privilege])
    answer = client.send(*request_)
    assert (answer.status, answer.code) == (403, "0x80040220")
    assert privilege in answer.message


def test_the_on_hand_plug_in_creates_journals_with_the_privileges_of_the_caller(client):
    client.switch(forbidden_privileges=["prvCreatemsdyn_inventoryjournal"])
    body = {
        "msdynce_product@odata.bind": f"/products({client.rows('products')[-1]['productid']})",
        "msdynce_warehouse@odata.bind": "/msdyn_warehouses(msdyn_name='12')",
        "msdynce_onhandquantity": 5,
    }
    url = "msdynce_externalproductinventories(msdynce_productnumber='M0002',msdynce_warehouseid='12')"
    answer = client.send("PATCH", url, body)
    assert (answer.status, answer.code) == (403, "0x80040220")
    assert client.rows("msdynce_externalproductinventories") == []
