"""Change tracking of the emulated Dataverse."""

from __future__ import annotations

import pytest

SET = "msdyn_warehouses"
TRACK = "odata.track-changes"


def first(client):
    """Read everything and give the delta link."""
    return client.get(f"{SET}?$select=msdyn_name", prefer=TRACK).json["@odata.deltaLink"]


def test_the_first_read_gives_every_row_and_a_delta_link(client):
    answer = client.get(f"{SET}?$select=msdyn_name", prefer=TRACK)
    assert len(answer.json["value"]) == len(client.rows(SET))
    assert "$deltatoken=" in answer.json["@odata.deltaLink"]
    assert "odata.track-changes" in answer.headers["Preference-Applied"]


def test_a_delta_read_lists_changes_first_and_deletions_after(client):
    link = first(client)
    gone = client.rows(SET)[1]["msdyn_warehouseid"]
    client.send("DELETE", f"{SET}({gone})")
    client.send("POST", SET, {"msdyn_name": "new"})
    client.send("PATCH", f"{SET}(msdyn_name='11')", {"msdyn_description": "not a selected column"})
    answer = client.get(link).json
    assert [row.get("msdyn_name") for row in answer["value"]] == ["new", "11", None]
    assert answer["value"][-1]["reason"] == "deleted"
    assert answer["value"][-1]["id"] == gone
    assert answer["@odata.context"].endswith("/$delta")
    assert client.get(answer["@odata.deltaLink"]).json["value"] == []


def test_a_row_created_and_deleted_between_two_reads_appears_as_deleted(client):
    link = first(client)
    address = client.send("POST", SET, {"msdyn_name": "short-lived"}).headers["OData-EntityId"]
    client.send("DELETE", address)
    (only,) = client.get(link).json["value"]
    assert only["reason"] == "deleted"


def test_a_write_that_was_undone_is_no_change(client):
    link = first(client)
    targets = [{"msdyn_name": "fine"}, {"msdyn_name": "x" * 101}]
    assert client.bulk(SET, "CreateMultiple", "msdyn_warehouse", targets).status == 400
    assert client.get(link).json["value"] == []


def test_the_delta_link_arrives_on_the_last_page(client):
    link = first(client)
    for index in range(5):
        client.send("POST", SET, {"msdyn_name": f"N{index}"})
    seen, url = [], link
    while url:
        page = client.get(url, prefer="odata.maxpagesize=2").json
        seen += [row["msdyn_name"] for row in page["value"]]
        assert ("@odata.deltaLink" in page) != ("@odata.nextLink" in page)
        url = page.get("@odata.nextLink")
    assert seen == [f"N{index}" for index in range(5)]


@pytest.mark.parametrize("option", ["$filter=msdyn_name eq '11'", "$orderby=msdyn_name", "$expand=ownerid", "$top=1"])
def test_options_that_change_tracking_refuses(client, option):
    answer = client.get(f"{SET}?{option.replace(' ', '%20')}", prefer=TRACK)
    assert answer.status == 400
    assert "isn't supported when Change Tracking is enabled" in answer.message


def test_a_token_expires_after_seven_days(client):
    link = first(client)
    client.environment.clock.advance(7 * 86_400 - 60)
    assert client.get(link).status == 200
    client.environment.clock.advance(120)
    expired = client.get(link)
    assert (expired.status, expired.code) == (400, "0x80044352")


def test_a_token_of_another_organisation_is_expired(client):
    assert client.get(f"{SET}?$deltatoken=99999999%2101%2f01%2f2026%2000%3a00%3a00").code == "0x80044352"


def test_change_tracking_is_off_for_inventory_adjustments(client):
    assert client.get("msdyn_inventoryadjustments", prefer=TRACK).status == 400
    client.switch(change_tracking_on=["msdyn_inventoryadjustment"])
    assert client.get("msdyn_inventoryadjustments", prefer=TRACK).status == 200


def test_changes_are_counted(client):
    link = first(client)
    client.send("POST", SET, {"msdyn_name": "new"})
    assert client.get(link.replace(f"{SET}?", f"{SET}/$count?")).content == b"1"
