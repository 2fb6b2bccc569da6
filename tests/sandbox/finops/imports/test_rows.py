"""What an import does with rows: journals out of lines, upserts, refusals and the files about them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sandbox.finops.imports.conftest import ADJUSTMENT_COLUMNS, ADJUSTMENTS, TRANSFERS, package

GOOD = ("UA000001", "1", "D0001", "2.5", "1", "24")
HEADERS, LINES = "InventoryAdjustmentJournalHeaders", "InventoryAdjustmentJournalEntriesV2"
TRANSFER_COLUMNS = (
    "JOURNALNUMBER", "LINENUMBER", "PRODUCTNUMBER", "INVENTORYQUANTITY", "SOURCEINVENTORYSITEID", "SOURCEWAREHOUSEID",
    "DESTINATIONINVENTORYSITEID", "DESTINATIONWAREHOUSEID",
)  # fmt: skip


def line(number: str, product: str = "D0001", *, journal: str = "UA000001", quantity: str = "1") -> tuple[str, ...]:
    return (journal, number, product, quantity, "1", "24")


def test_the_state_follows_the_clock_and_rows_arrive_with_the_last_one(importer: Any) -> None:
    importer.service.switch(package_states=["Bad request", "NotRun", "Executing", "Succeeded"], package_state_seconds=9)
    importer.start(package(ADJUSTMENTS, ADJUSTMENT_COLUMNS, [GOOD]))
    seen = []
    for _ in range(5):
        seen.append((importer.state(), len(importer.rows(LINES, "LineNumber"))))
        importer.service.environment.clock.advance(9)
    assert seen == [("Bad request", 0), ("NotRun", 0), ("Executing", 0), ("Succeeded", 1), ("Succeeded", 1)]


def test_lines_make_their_journal_with_the_default_name_and_resolve_the_product(importer: Any) -> None:
    assert importer.adjust(GOOD, ("UA000001", "2", "t0100:red", "-3", "1", "13")) == "Succeeded"
    assert importer.rows(HEADERS, "dataAreaId", "JournalNumber", "JournalNameId", "IsPosted") == [
        ("usmf", "UA000001", "IAdj", "No")
    ]
    shown = ("LineNumber", "ItemNumber", "ProductColorId", "InventoryQuantity", "InventoryWarehouseId", "JournalNameId")
    assert [tuple(map(str, row)) for row in importer.rows(LINES, *shown)] == [
        ("1", "D0001", "", "2.5", "24", "IAdj"),
        ("2", "T0100", "RED", "-3", "13", "IAdj"),
    ]
    today = importer.service.environment.clock.now().strftime("%Y-%m-%dT12:00:00Z")
    assert importer.rows(LINES, "TransactionDate") == [(today,), (today,)]


def test_a_journal_name_that_is_given_is_taken(importer: Any) -> None:
    assert importer.load(ADJUSTMENTS, (*ADJUSTMENT_COLUMNS, "JOURNALNAMEID"), [(*GOOD, "IAdjFS")]) == "Succeeded"
    assert importer.rows(HEADERS, "JournalNameId") == [("IAdjFS",)]


def test_item_number_and_dimensions_do_instead_of_the_product_number(importer: Any) -> None:
    columns = (*ADJUSTMENT_COLUMNS, "ITEMNUMBER", "PRODUCTCOLORID")
    assert importer.load(ADJUSTMENTS, columns, [(*line("1", ""), "T0100", "RED")]) == "Succeeded"
    assert importer.rows(LINES, "ItemNumber", "ProductColorId") == [("T0100", "RED")]


def test_a_transfer_holds_the_product_on_both_sides(importer: Any) -> None:
    row = ("UT000001", "1", "T0100:RED", "-2", "1", "24", "1", "13")
    assert importer.load(TRANSFERS, TRANSFER_COLUMNS, [row], definitionGroupId="FS_TRANSFER_IMPORT") == "Succeeded"
    shown = (
        "JournalNumber", "ItemNumber", "SourceProductColorId", "DestinationProductColorId", "SourceWarehouseId",
        "DestinationWarehouseId",
    )  # fmt: skip
    assert importer.rows("InventoryTransferJournalEntries", *shown) == [("UT000001", "T0100", "RED", "RED", "24", "13")]
    assert importer.rows("InventoryTransferJournalHeaders", "JournalNameId") == [("ITrf",)]


def test_the_company_of_the_job_is_the_company_of_the_rows(importer: Any) -> None:
    row = ("DA000001", "1", "DE-D0001", "1", "", "11")
    assert importer.adjust(row, legalEntityId="DEMF") == "Succeeded"
    assert importer.rows(LINES, "dataAreaId", "JournalNumber") == [("demf", "DA000001")]
    assert importer.adjust(row, executionId="run-2") == "Failed"


def test_the_same_number_of_journal_and_line_changes_the_line(importer: Any) -> None:
    importer.adjust(GOOD)
    assert importer.adjust(("UA000001", "1.0", "T0100:RED", "7", "1", "13"), executionId="run-2") == "Succeeded"
    shown = importer.rows(LINES, "ItemNumber", "InventoryQuantity", "InventoryWarehouseId")
    assert [tuple(map(str, row)) for row in shown] == [("T0100", "7", "13")]


def test_the_same_rows_again_change_nothing(importer: Any) -> None:
    importer.adjust(GOOD)
    url = f"/data/{LINES}"
    before = importer.service.get(url).rows
    assert importer.adjust(GOOD, executionId="run-2") == "Succeeded"
    assert importer.service.get(url).rows == before


BAD = [
    (line("2", "NOTHING"), "The value 'NOTHING' in field 'ProductNumber' is not found"),
    (line("2", ""), "'ItemNumber'"),
    (line("0"), "line number must be greater than 0"),
    (line("2", quantity="0"), "must not be 0"),
    (("UA000001", "2", "D0001", "1", "1", "99"), "The value '99' in field 'InventoryWarehouseId' is not found"),
    (("UA000001", "2", "D0001", "1", "2", "24"), "Warehouse '24' does not belong to site '2'"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_row_stays_behind_alone_and_the_files_name_it(importer: Any, bad: tuple[str, ...], reason: str) -> None:
    assert importer.adjust(GOOD, bad, line("3")) == "PartiallySucceeded"
    assert sorted(str(number) for (number,) in importer.rows(LINES, "LineNumber")) == ["1", "3"]
    assert importer.keys() == ["JOURNALNUMBER,LINENUMBER", f"UA000001,{bad[1]}"]
    assert importer.staging() == []
    [(record, message)] = importer.errors()
    assert record == "UA000001"
    assert reason in message


def test_a_bad_first_row_leaves_no_journal_behind(importer: Any) -> None:
    assert importer.adjust(line("1", "NOTHING")) == "Failed"
    assert importer.rows(HEADERS, "JournalNumber") == []


def test_a_posted_journal_takes_no_more_lines(importer: Any) -> None:
    importer.adjust(GOOD)
    importer.service.system.post_journals()
    assert importer.adjust(line("1", quantity="9"), line("2"), executionId="run-2") == "Failed"
    assert [text for _, text in importer.errors("run-2")] == [
        "Error: Journal UA000001 is posted; it cannot be changed."
    ] * 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line("x"), "The value 'x' of field 'LineNumber' is no number."),
        (line("2", quantity="1.5 ea"), "The value '1.5 ea' of field 'InventoryQuantity' is no number."),
        (line("2", journal="UA000000001"), "is longer than 10 characters."),
        (line("2")[:-1], "The row has 5 values for 6 columns."),
        (line("1.00"), "A row with the same key is already in staging."),
    ],
)
def test_a_row_that_does_not_fit_its_columns_stays_behind_before_staging(
    importer: Any, bad: tuple[str, ...], reason: str
) -> None:
    assert importer.adjust(GOOD, bad) == "PartiallySucceeded"
    assert importer.staging() == [",".join(ADJUSTMENT_COLUMNS), ",".join(bad)]
    assert importer.keys() == []
    [(record, message)] = importer.errors()
    assert (record, reason in message) == (bad[0], True)


def test_rows_that_all_fail_are_a_failed_import_with_files(importer: Any) -> None:
    assert importer.adjust(line("1", "NOTHING"), line("x")) == "Failed"
    assert importer.keys()[1:] == ["UA000001,1"]
    assert len(importer.staging()) == 2
    assert importer.act("GetExportedPackageUrl", executionId="run-1") == ""


def test_an_import_without_rows_succeeds(importer: Any) -> None:
    assert importer.adjust() == "Succeeded"


def test_without_execute_rows_stay_in_staging(importer: Any) -> None:
    assert importer.adjust(GOOD, execute=False) == "Succeeded"
    assert importer.rows(LINES, "LineNumber") == []


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_an_import_that_is_made_to_fail_imports_nothing(importer: Any, state: str) -> None:
    importer.service.switch(package_states=["NotRun", state], package_errors=["The batch server stopped."])
    assert importer.adjust(GOOD) == state
    assert importer.rows(LINES, "LineNumber") == []
    assert (importer.keys(), importer.staging()) == ([], [])
    assert importer.errors() == [("", "The batch server stopped.")]


def test_keys_have_no_address_before_they_are_generated_and_while_that_takes_time(importer: Any) -> None:
    importer.service.switch(package_url_delay_seconds=120)
    importer.adjust(line("1", "NOTHING"))
    about = {"executionId": "run-1", "entityName": ADJUSTMENTS}
    assert importer.act("GetImportTargetErrorKeysFileUrl", **about) == ""
    answer = importer.service.act("GenerateImportTargetErrorKeysFile", **about).json
    assert (answer["value"], answer["@odata.context"].rpartition("#")[2]) == (True, "Edm.Boolean")
    assert importer.act("GetImportTargetErrorKeysFileUrl", **about) == ""
    importer.service.environment.clock.advance(120)
    assert importer.file(importer.act("GetImportTargetErrorKeysFileUrl", **about))[1:] == ["UA000001,1"]


def test_nothing_is_known_of_rows_while_the_import_runs(importer: Any) -> None:
    importer.service.switch(package_state_seconds=100)
    importer.start(package(ADJUSTMENTS, ADJUSTMENT_COLUMNS, [line("x")]))
    assert (importer.keys(), importer.staging(), importer.errors()) == ([], [], [])


@pytest.mark.parametrize("about", [{"executionId": "other"}, {"executionId": "run-1", "entityName": "Warehouses"}])
def test_files_are_asked_for_by_a_known_execution_and_entity(importer: Any, about: dict[str, str]) -> None:
    importer.adjust(GOOD)
    for action in ("GenerateImportTargetErrorKeysFile", "GetImportTargetErrorKeysFileUrl",
                   "GetImportStagingErrorFileUrl"):  # fmt: skip
        assert importer.service.act(action, **about).status == 500


def test_a_deleted_history_forgets_the_import_and_its_files(importer: Any) -> None:
    importer.adjust(line("x"))
    url = importer.act("GetImportStagingErrorFileUrl", executionId="run-1", entityName=ADJUSTMENTS)
    importer.act("DeleteExecutionHistoryJob", executionId="run-1")
    assert importer.state() == "Unknown"
    assert importer.service.call("GET", url, token="").status == 404
    assert importer.adjust(GOOD) == "Succeeded"


def test_the_error_list_may_be_broken_json(importer: Any) -> None:
    importer.service.switch(malformed_execution_errors=True)
    importer.adjust(line("1", 'a "quoted" product'))
    with pytest.raises(json.JSONDecodeError):
        importer.errors()


def test_a_public_entity_is_imported_by_its_key_under_the_rules_of_requests(importer: Any) -> None:
    columns = ("WAREHOUSEID", "WAREHOUSENAME", "OPERATIONALSITEID", "WAREHOUSETYPE")
    rows = [("24", "Renamed", "1", "STANDARD"), ("25", "New", "1", "2"), ("26", "No site", "", "Standard")]
    assert importer.load("Warehouses", columns, rows, definitionGroupId="WAREHOUSES") == "PartiallySucceeded"
    found = {row[0]: row[1:] for row in importer.rows("Warehouses", "WarehouseId", "WarehouseName", "WarehouseType")}
    assert (found["24"], found["25"]) == (("Renamed", "Standard"), ("New", "Transit"))
    assert "26" not in found
    assert importer.keys("Warehouses") == ["WAREHOUSEID", "26"]
    assert "Field 'OperationalSiteId' must be filled in" in importer.errors()[0][1]


def test_a_field_that_the_system_fills_is_refused_in_a_package_too(importer: Any) -> None:
    columns = ("JOURNALNUMBER", "ISPOSTED", "POSTEDDATETIME")
    rows = [("UA000001", "No", ""), ("UA000002", "Yes", "2026-01-01 10:00:00")]
    assert importer.load("Inventory adjustment headers", columns, rows) == "PartiallySucceeded"
    assert importer.rows(HEADERS, "JournalNumber", "IsPosted") == [("UA000001", "No")]


@pytest.mark.parametrize(
    ("column", "text", "stored"),
    [
        ("TRANSACTIONDATE", "2026-03-01", "2026-03-01T12:00:00Z"),
        ("TRANSACTIONDATE", "", "1900-01-01T12:00:00Z"),
        ("TRANSACTIONDATE", "2026-02-30", None),
        ("TRANSACTIONDATE", "1/2/2026", None),
        ("UNITCOST", "", "0"),
        ("UNITCOST", "1e3", None),
    ],
)
def test_texts_of_a_file_become_values_of_their_column(
    importer: Any, column: str, text: str, stored: str | None
) -> None:
    importer.adjust(GOOD)
    columns = ("JOURNALNUMBER", "LINENUMBER", "ITEMNUMBER", "INVENTORYSITEID", "INVENTORYWAREHOUSEID",
               "PRODUCTCOLORID", "PRODUCTCONFIGURATIONID", "PRODUCTSIZEID", "PRODUCTSTYLEID", "PRODUCTVERSIONID",
               "ITEMBATCHNUMBER", "ITEMSERIALNUMBER", "WAREHOUSELOCATIONID", "LICENSEPLATENUMBER",
               "INVENTORYSTATUSID", column)  # fmt: skip
    row = ("UA000001", "1", "D0001", "1", "24", *[""] * 10, text)
    label = "Inventory adjustment journal headers and lines V2"
    state = importer.load(label, columns, [row], executionId="run-2")
    if stored is None:
        assert state == "Failed"
        return
    assert state == "Succeeded"
    name = {"TRANSACTIONDATE": "TransactionDate", "UNITCOST": "UnitCost"}[column]
    assert [str(value) for (value,) in importer.rows(LINES, name)] == [stored]


def test_journals_are_exported_as_they_are_imported(importer: Any) -> None:
    importer.adjust(("UA000001", "1", "T0100:RED", "4", "1", "13"))
    importer.service.system.upsert(
        "DataManagementDefinitionGroups",
        [{"Name": "JOURNALS", "OperationType": "Export", "EntityName": ADJUSTMENTS, "RefreshType": "FullPush"}],
    )
    content = importer.service.package(importer.service.export("JOURNALS", execution="out"))
    heading, row = content.read(f"{ADJUSTMENTS}.csv").decode().splitlines()
    found = dict(zip(heading.split(","), row.split(","), strict=True))
    assert {name: found[name] for name in (*ADJUSTMENT_COLUMNS, "ITEMNUMBER", "PRODUCTCOLORID")} == {
        "JOURNALNUMBER": "UA000001", "LINENUMBER": "1.000000", "PRODUCTNUMBER": "T0100:RED",
        "INVENTORYQUANTITY": "4.000000", "INVENTORYSITEID": "1", "WAREHOUSEID": "13", "ITEMNUMBER": "T0100",
        "PRODUCTCOLORID": "RED",
    }  # fmt: skip
