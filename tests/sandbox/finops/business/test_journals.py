"""Inventory journals over OData: a header first, one number space, products by item and dimensions."""

from __future__ import annotations

from typing import Any

import pytest

ADJUSTMENTS, ADJUSTMENT_LINES = "InventoryAdjustmentJournalHeaders", "InventoryAdjustmentJournalEntriesV2"
TRANSFERS, TRANSFER_LINES = "InventoryTransferJournalHeaders", "InventoryTransferJournalEntries"
ADJUSTMENT = {"JournalNumber": "UA000001", "JournalNameId": "IAdj"}
TRANSFER = {"JournalNumber": "UT000001", "JournalNameId": "ITrf"}
ADJUSTED = {
    "JournalNumber": "UA000001", "LineNumber": 17, "ItemNumber": "M0001", "InventorySiteId": "1",
    "InventoryWarehouseId": "11", "InventoryQuantity": -2.5,
}  # fmt: skip
MOVED = {
    "JournalNumber": "UT000001", "LineNumber": 18, "ItemNumber": "M0002", "SourceProductColorId": "RED",
    "DestinationProductColorId": "RED", "SourceInventorySiteId": "1", "SourceWarehouseId": "11",
    "DestinationInventorySiteId": "2", "DestinationWarehouseId": "12", "InventoryQuantity": -3,
}  # fmt: skip
KINDS = {
    "adjustment": (ADJUSTMENTS, ADJUSTMENT, ADJUSTMENT_LINES, ADJUSTED),
    "transfer": (TRANSFERS, TRANSFER, TRANSFER_LINES, MOVED),
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Any:
    """Header collection, header, line collection and line of one kind of journal."""
    return request.param


def test_a_line_needs_its_header_first(business: Any, kind: Any) -> None:
    headers, header, lines, line = kind
    assert "is not found in table 'Inventory journals'" in business.post(lines, line).reason
    business.made(headers, header)
    assert business.post(lines, line).status == 201


def test_a_journal_without_a_name_gets_the_default_of_its_kind(business: Any, kind: Any) -> None:
    headers, header, lines, line = kind
    made = business.made(headers, {"JournalNumber": header["JournalNumber"]})
    assert made["JournalNameId"] == header["JournalNameId"]
    assert business.made(lines, line)["JournalNameId"] == header["JournalNameId"]


@pytest.mark.parametrize("name", ["Nothing", None], ids=["unknown", "of another kind"])
def test_the_name_must_be_one_of_this_kind(business: Any, kind: Any, name: str | None) -> None:
    headers, header, _, _ = kind
    other = {"IAdj": "ITrf", "ITrf": "IAdj"}[header["JournalNameId"]]
    answer = business.post(headers, {**header, "JournalNameId": name or other})
    assert answer.status == 400
    assert "in field 'JournalNameId' is not found" in answer.reason


def test_adjustments_and_transfers_share_one_number_space(business: Any) -> None:
    business.made(ADJUSTMENTS, ADJUSTMENT)
    answer = business.post(TRANSFERS, {**TRANSFER, "JournalNumber": "UA000001"})
    assert "Journal UA000001 already exists as a journal of another type." in answer.reason


def test_a_journal_number_has_at_most_ten_characters(business: Any, kind: Any) -> None:
    headers, header, _, _ = kind
    assert "longer than 10" in business.post(headers, {**header, "JournalNumber": "U0000000001"}).reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ItemNumber": "M0404"}, "'M0404' in field 'ItemNumber' is not found in table 'Released products'"),
        ({"ItemNumber": "DE0001"}, "'DE0001' in field 'ItemNumber'"),
        ({"ProductColorId": "BLUE"}, "in field 'ItemNumber' is not found"),
        ({"InventoryWarehouseId": "99"}, "'99' in field 'InventoryWarehouseId' is not found in table 'Warehouses'"),
        ({"InventoryWarehouseId": ""}, "in field 'InventoryWarehouseId' is not found"),
        ({"InventorySiteId": "2"}, "Warehouse '11' does not belong to site '2'."),
        ({"LineNumber": 0}, "The line number must be greater than 0."),
        ({"LineNumber": -1}, "The line number must be greater than 0."),
        ({"InventoryQuantity": 0}, "must not be 0"),
        ({"JournalNumber": ""}, "Field 'JournalNumber' must be filled in."),
    ],
)
def test_a_wrong_adjustment_line_is_refused(business: Any, changes: dict[str, Any], reason: str) -> None:
    business.made(ADJUSTMENTS, ADJUSTMENT)
    answer = business.post(ADJUSTMENT_LINES, {**ADJUSTED, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert business.rows(ADJUSTMENT_LINES) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SourceProductColorId": ""}, "in field 'ItemNumber' is not found"),
        ({"DestinationProductColorId": "BLUE"}, "in field 'ItemNumber' is not found"),
        ({"SourceWarehouseId": "99"}, "'99' in field 'SourceWarehouseId'"),
        ({"DestinationWarehouseId": "D11"}, "'D11' in field 'DestinationWarehouseId'"),
        ({"DestinationWarehouseId": ""}, "in field 'DestinationWarehouseId' is not found"),
        ({"DestinationInventorySiteId": "1"}, "Warehouse '12' does not belong to site '1'."),
        ({"InventoryQuantity": 0}, "must not be 0"),
    ],
)
def test_a_wrong_transfer_line_is_refused(business: Any, changes: dict[str, Any], reason: str) -> None:
    business.made(TRANSFERS, TRANSFER)
    answer = business.post(TRANSFER_LINES, {**MOVED, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert business.rows(TRANSFER_LINES) == []


def test_entering_lines_moves_no_stock(business: Any, kind: Any) -> None:
    headers, header, lines, line = kind
    before = business.rows("WarehousesOnHandV2")
    business.made(headers, header)
    business.made(lines, line)
    assert business.rows("WarehousesOnHandV2") == before


def test_a_change_set_with_a_wrong_line_leaves_no_journal_behind(business: Any, kind: Any) -> None:
    headers, header, lines, line = kind
    wrong = {**line, "LineNumber": 0}
    answer = business.change_set(("POST", headers, header), ("POST", lines, line), ("POST", lines, wrong))
    assert b"HTTP/1.1 400" in answer.response.body
    assert (business.rows(headers), business.rows(lines)) == ([], [])
