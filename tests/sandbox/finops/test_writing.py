"""Writes of rows: create, update, delete, conditions, and the refusals with their texts."""

from __future__ import annotations

from typing import Any

import pytest

SET = "/data/Warehouses"
ROW = f"{SET}(dataAreaId='usmf',WarehouseId='24')"
GERMAN = f"{SET}(dataAreaId='demf',WarehouseId='12')"
NEW = {"WarehouseId": "51", "OperationalSiteId": "1", "WarehouseName": "Seattle"}


def test_a_created_row_is_answered_in_full_with_its_address(service: Any) -> None:
    answer = service.call("POST", SET, NEW)
    assert answer.status == 201
    assert answer.json["@odata.context"].endswith("$metadata#Warehouses/$entity")
    assert (answer.json["dataAreaId"], answer.json["WarehouseType"]) == ("usmf", "Standard")
    assert service.get(answer.response.headers["Location"]).json["WarehouseName"] == "Seattle"


def test_the_body_decides_the_company_of_a_created_row(service: Any) -> None:
    assert service.call("POST", SET, {**NEW, "dataAreaId": "demf"}).status == 201
    assert "51" in service.numbers(f"{SET}?cross-company=true&$filter=dataAreaId eq 'demf'")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"WarehouseId": "24"}, "The record already exists."),
        ({"OperationalSiteId": ""}, "Field 'OperationalSiteId' must be filled in."),
        ({"WarehouseId": "12345678901"}, "is longer than 10 characters"),
        ({"FormattedPrimaryAddress": "x"}, "does not allow editing"),
        ({"Colour": "red"}, "The property 'Colour' does not exist on type"),
        ({"WarehouseType": 0}, "Cannot convert the literal '0'"),
        ({"WarehouseType": "standard"}, "Cannot convert the literal 'standard'"),
        ({"IsFallbackWarehouse": True}, "Cannot convert the literal 'True'"),
        ({"WarehouseName": 5}, "Cannot convert the literal '5'"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason(service: Any, changes: dict[str, Any], reason: str) -> None:
    answer = service.call("POST", SET, {**NEW, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert "51" not in service.numbers(SET)


def test_a_business_refusal_has_the_infolog_grammar(service: Any) -> None:
    reason = service.call("POST", SET, {**NEW, "WarehouseId": "24"}).reason
    assert reason == (
        "Write failed for table row of type 'InventWarehouseEntity'. Infolog: Error: Cannot create a record in "
        "Warehouses (InventLocation). dataAreaId: usmf. WarehouseId: 24. The record already exists.."
    )


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b""])
def test_a_body_that_is_no_object_is_refused(service: Any, body: bytes) -> None:
    assert service.call("POST", SET, body).status == 400


def test_a_null_text_is_stored_as_empty(service: Any) -> None:
    assert service.call("POST", SET, {**NEW, "WarehouseName": None}).json["WarehouseName"] == ""


def test_an_update_changes_the_given_properties_and_the_etag(service: Any) -> None:
    before = service.get(ROW).json
    answer = service.call("PATCH", ROW, {"WarehouseName": "Closed"})
    after = service.get(ROW).json
    assert (answer.status, answer.response.body) == (204, b"")
    assert after["WarehouseName"] == "Closed"
    assert after["@odata.etag"] != before["@odata.etag"]
    unchanged = set(before) - {"WarehouseName", "@odata.etag"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


def test_put_resets_what_the_body_leaves_out(service: Any) -> None:
    assert service.call("PUT", ROW, {"OperationalSiteId": "1"}).status == 204
    assert service.get(ROW).json["WarehouseName"] == ""


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_row_outside_the_company_scope_is_not_found_for_a_write(service: Any, method: str) -> None:
    answer = service.call(method, GERMAN, {"WarehouseName": "x"})
    assert (answer.status, answer.reason) == (400, "No resources were found when selecting for update.")
    assert service.call(method, f"{GERMAN}?cross-company=true", {"WarehouseName": "x"}).status == 204


def test_an_update_creates_nothing(service: Any) -> None:
    assert service.call("PATCH", f"{SET}(dataAreaId='usmf',WarehouseId='51')", NEW).status == 400
    assert "51" not in service.numbers(SET)


def test_the_status_of_a_missing_row_can_be_switched(service: Any) -> None:
    service.switch(missing_row_status=404)
    assert service.call("DELETE", f"{SET}(dataAreaId='usmf',WarehouseId='51')").status == 404


def test_the_key_of_a_row_cannot_change(service: Any) -> None:
    assert "key of a record cannot be changed" in service.call("PATCH", ROW, {"WarehouseId": "25"}).reason


def test_if_match_lets_only_the_current_version_through(service: Any) -> None:
    etag = service.get(ROW).json["@odata.etag"]
    assert service.call("PATCH", ROW, {"WarehouseName": "a"}, if_match=etag).status == 204
    assert service.call("PATCH", ROW, {"WarehouseName": "b"}, if_match=etag).status == 412
    assert service.call("PATCH", ROW, {"WarehouseName": "c"}, if_match="*").status == 204
    assert service.call("DELETE", f"{SET}(dataAreaId='usmf',WarehouseId='11')", if_match=etag).status == 412


def test_a_deleted_row_is_gone(service: Any) -> None:
    assert service.call("DELETE", f"{SET}(dataAreaId='usmf',WarehouseId='11')").status == 204
    assert service.numbers(SET) == ["13", "24", "O'B"]


def test_a_row_with_dependents_cannot_be_deleted(service: Any) -> None:
    answer = service.call("DELETE", ROW)
    assert (answer.status, answer.reason) == (
        400, "Warehouses cannot be deleted while dependent On-hand inventory exist.",
    )  # fmt: skip


@pytest.mark.parametrize("entity_set", ["WarehousesOnHandV2", "SellableReleasedProducts", "LegalEntities"])
def test_read_only_entities_take_no_rows(service: Any, entity_set: str) -> None:
    answer = service.call("POST", f"/data/{entity_set}", {})
    assert answer.status == 400
    assert "read-only" in answer.reason


def test_an_update_conflict_passes_after_the_configured_number(service: Any) -> None:
    service.switch(update_conflicts=2)
    answers = [service.call("PATCH", ROW, {"WarehouseName": "x"}) for _ in range(3)]
    assert [answer.status for answer in answers] == [400, 400, 204]
    assert "An update conflict occurred due to another user process" in answers[0].reason


def test_a_verb_that_a_resource_lacks_is_refused(service: Any) -> None:
    assert service.call("DELETE", SET).status == 405
    assert service.call("POST", ROW, {}).status == 405
