"""Data packages: states over the clock, the file, the download address, increments, errors."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

import pytest

LABEL = "CDS inventory on-hand by warehouse"
FULL, INCREMENTAL = "FS_ONHAND_EXPORT", "FS_ONHAND_EXPORT_INCREMENTAL"
PLACE = {"dataAreaId": "usmf", "ItemNumber": "D0001", "InventorySiteId": "1", "InventoryWarehouseId": "24"}
KEY = {
    **PLACE, "ProductColorId": "", "ProductConfigurationId": "", "ProductSizeId": "", "ProductStyleId": "",
    "ProductVersionId": "",
}  # fmt: skip


def start(service: Any, **more: Any) -> str:
    parameters = {"definitionGroupId": FULL, "executionId": "run-1", "legalEntityId": "usmf", **more}
    answer = service.act("ExportToPackage", **parameters)
    assert answer.status == 200, answer.json
    return str(answer.json["value"])


def state(service: Any, execution: str = "run-1") -> str:
    return str(service.act("GetExecutionSummaryStatus", executionId=execution).json["value"])


def address(service: Any, execution: str = "run-1") -> str:
    return str(service.act("GetExportedPackageUrl", executionId=execution).json["value"])


def test_the_state_follows_the_clock(service: Any) -> None:
    service.switch(package_states=["Bad request", "NotRun", "Executing", "Succeeded"], package_state_seconds=10.0)
    assert state(service) == "Unknown"
    start(service)
    seen = []
    for _ in range(5):
        seen.append(state(service))
        service.environment.clock.advance(10)
    assert seen == ["Bad request", "NotRun", "Executing", "Succeeded", "Succeeded"]


def test_there_is_no_address_before_the_job_succeeded_and_its_file_is_ready(service: Any) -> None:
    service.switch(package_state_seconds=10.0, package_url_delay_seconds=5.0)
    start(service)
    seen = []
    for _ in range(6):
        seen.append(bool(address(service)))
        service.environment.clock.advance(5)
    assert seen == [False, False, False, False, False, True]


def test_the_file_holds_the_stock_of_one_company_with_product_numbers(service: Any) -> None:
    package = service.package(service.export(FULL))
    rows = list(csv.DictReader(io.StringIO(package.read(f"{LABEL}.csv").decode())))
    shown = [(row["ITEMNUMBER"], row["PRODUCTNUMBER"], row["ONHANDQUANTITY"], row["ONORDERQUANTITY"]) for row in rows]
    assert shown == [
        ("D0001", "D0001", "5.125000", "-2.000000"),
        ("T0100", "T0100:RED", "5.125000", "0.000000"),
        ("UNKNOWN", "", "5.125000", "0.000000"),
    ]
    assert "DATAAREAID" not in rows[0]


def test_the_manifest_names_entity_file_and_columns_in_utf_16(service: Any) -> None:
    package = service.package(service.export(FULL))
    content = package.read("Manifest.xml")
    assert content.startswith(b"\xff\xfe")
    root = ElementTree.fromstring(content.decode("utf-16"))
    space = {"m": "http://schemas.microsoft.com/dynamics/2015/01/DataManagement"}
    assert root.findtext("m:DefinitionGroupName", namespaces=space) == FULL
    assert root.findtext(".//m:EntityName", namespaces=space) == LABEL
    assert root.findtext(".//m:InputFilePath", namespaces=space) in package.namelist()
    heading = package.read(f"{LABEL}.csv").decode().splitlines()[0].split(",")
    assert [item.text for item in root.findall(".//m:XMLField", space)] == heading
    header = ElementTree.fromstring(package.read("PackageHeader.xml").decode("utf-16"))
    assert header.findtext("m:PackageType", namespaces=space) == "DefinitionGroup"


def test_a_full_project_exports_everything_every_time(service: Any) -> None:
    assert [len(service.exported(service.export(FULL))) for _ in range(2)] == [3, 3]


def test_an_incremental_project_exports_what_changed_since_its_last_success(service: Any) -> None:
    assert len(service.exported(service.export(INCREMENTAL))) == 3
    assert service.exported(service.export(INCREMENTAL)) == []
    service.system.upsert("WarehousesOnHandV2", [{**KEY, "OnHandQuantity": 9}, {**KEY, "ItemNumber": "NEW"}])
    (changed, created) = service.exported(service.export(INCREMENTAL))
    assert changed.startswith("D0001,24,1,D0001")
    assert ",9.000000," in changed
    assert created.startswith(",24,1,NEW")
    assert service.exported(service.export(INCREMENTAL)) == []


def test_each_company_has_its_own_increments(service: Any) -> None:
    service.export(INCREMENTAL, "usmf")
    assert len(service.exported(service.export(INCREMENTAL, "demf"))) == 1


def test_an_upsert_without_a_difference_and_a_deletion_are_no_changes(service: Any) -> None:
    service.export(INCREMENTAL)
    rows = [row for row in service.system.dump("WarehousesOnHandV2") if row["ItemNumber"] != "UNKNOWN"]
    assert service.system.upsert("WarehousesOnHandV2", [{**KEY, "OnHandQuantity": 5.125}]) == 0
    service.system.replace("WarehousesOnHandV2", rows)
    assert service.exported(service.export(INCREMENTAL)) == []
    assert len(service.exported(service.export(FULL))) == 2


def test_a_replaced_set_counts_as_changed_where_it_differs(service: Any) -> None:
    service.export(INCREMENTAL)
    rows = list(service.system.dump("WarehousesOnHandV2"))
    rows[1] = {**rows[1], "OrderedQuantity": 7}
    service.system.replace("WarehousesOnHandV2", rows)
    assert len(service.exported(service.export(INCREMENTAL, rows[1]["dataAreaId"]))) == 1


def test_a_failed_export_consumes_nothing(service: Any) -> None:
    service.export(INCREMENTAL)
    service.system.upsert("WarehousesOnHandV2", [{**KEY, "OnHandQuantity": 9}])
    service.switch(package_states=["NotRun", "Failed"], package_errors=["Staging failed."])
    failed = service.export(INCREMENTAL, execution="bad")
    assert (state(service, failed), address(service, failed)) == ("Failed", "")
    service.switch(package_states=["NotRun", "Succeeded"], package_errors=[])
    assert len(service.exported(service.export(INCREMENTAL))) == 1


def test_a_success_consumes_the_changes_even_when_nobody_downloads(service: Any) -> None:
    service.export(INCREMENTAL)
    service.system.upsert("WarehousesOnHandV2", [{**KEY, "OnHandQuantity": 9}])
    service.export(INCREMENTAL)
    assert service.exported(service.export(INCREMENTAL)) == []


def test_the_same_package_can_be_downloaded_again(service: Any) -> None:
    execution = service.export(INCREMENTAL)
    assert service.exported(execution) == service.exported(execution)


def test_a_repeated_execution_id_needs_re_execute(service: Any) -> None:
    start(service)
    answer = service.act("ExportToPackage", definitionGroupId=FULL, executionId="run-1", legalEntityId="usmf")
    assert answer.status == 500
    assert "already exists" in answer.reason
    assert start(service, reExecute=True) == "run-1"


def test_an_empty_execution_id_is_replaced_by_a_new_one(service: Any) -> None:
    assert len({start(service, executionId="") for _ in range(2)} - {""}) == 2


@pytest.mark.parametrize(
    ("parameters", "status", "reason"),
    [
        ({"definitionGroupId": "Nothing"}, 500, "The definition group 'Nothing' does not exist"),
        ({}, 500, "The definition group '' does not exist"),
        ({"definitionGroupId": 5}, 400, "must be a text"),
        ({"definitionGroupId": FULL, "company": "usmf"}, 400, "'company' in the payload is not a parameter"),
    ],
)
def test_a_wrong_export_is_refused(service: Any, parameters: dict[str, Any], status: int, reason: str) -> None:
    answer = service.act("ExportToPackage", **parameters)
    assert answer.status == status
    assert reason in answer.reason


def test_a_company_out_of_reach_cannot_be_exported(service: Any) -> None:
    service.switch(companies=["usmf"])
    answer = service.act("ExportToPackage", definitionGroupId=FULL, legalEntityId="demf")
    assert answer.reason.startswith(
        "Exception occurred while executing action ExportToPackage on Entity DataManagementDefinitionGroup: "
    )


def test_an_action_the_sandbox_lacks_says_so(service: Any) -> None:
    assert service.act("GetMessageStatus").status == 501


def test_the_errors_of_an_export_are_a_list_in_a_text(service: Any) -> None:
    service.switch(package_states=["PartiallySucceeded"], package_errors=['Field "Site" is empty.'])
    start(service)
    errors = service.act("GetExecutionErrors", executionId="run-1").json["value"]
    assert json.loads(errors) == [{"RecordId": "", "Field": "", "ErrorMessage": 'Field "Site" is empty.'}]
    service.switch(malformed_execution_errors=True)
    with pytest.raises(json.JSONDecodeError):
        json.loads(service.act("GetExecutionErrors", executionId="run-1").json["value"])


@pytest.mark.parametrize("action", ["GetExportedPackageUrl", "GetExecutionErrors", "GetExecutionSummaryPageUrl"])
def test_an_unknown_execution_is_an_exception_of_the_action(service: Any, action: str) -> None:
    answer = service.act(action, executionId="nothing")
    assert answer.status == 500
    assert "does not exist" in answer.reason


def test_values_are_nested_when_switched_on(service: Any) -> None:
    service.switch(nested_values=True)
    answer = service.act("ExportToPackage", definitionGroupId=FULL, executionId="run-1")
    assert answer.json["value"] == {"value": "run-1"}
    assert answer.json["@odata.context"].endswith("$metadata#Edm.String")
    assert state(service) == "NotRun"


def test_a_deleted_history_forgets_execution_and_file(service: Any) -> None:
    service.export(FULL, execution="run-1")
    url = address(service)
    service.act("DeleteExecutionHistoryJob", executionId="run-1")
    assert state(service) == "Unknown"
    assert service.call("GET", url, token="").status == 404


def test_a_download_address_needs_no_token_and_refuses_one(service: Any) -> None:
    service.export(FULL, execution="run-1")
    url = address(service)
    assert service.call("GET", url, token="").status == 200
    refused = service.call("GET", url)
    assert (refused.status, refused.response.headers["x-ms-error-code"]) == (400, "InvalidAuthenticationInfo")


@pytest.mark.parametrize("change", [("sig=", "sig=0"), ("se=2", "se=3"), ("dmf/", "dmf/x"), ("?sv", "?sv=%&x")])
def test_an_altered_download_address_is_refused(service: Any, change: tuple[str, str]) -> None:
    service.export(FULL, execution="run-1")
    assert service.call("GET", address(service).replace(*change), token="").status == 403


def test_a_download_address_expires(service: Any) -> None:
    service.switch(signed_url_seconds=100)
    service.export(FULL, execution="run-1")
    url = address(service)
    service.environment.clock.advance(101)
    assert service.call("GET", url, token="").status == 403
    service.sign_in()
    assert service.call("GET", address(service), token="").status == 200


def test_files_are_kept_for_seven_days(service: Any) -> None:
    service.switch(signed_url_seconds=10_000_000)
    service.export(FULL, execution="run-1")
    url = address(service)
    service.environment.clock.advance(8 * 86_400)
    assert service.call("GET", url, token="").status == 404


def test_no_backup_is_taken_while_a_package_is_under_way(service: Any) -> None:
    service.act("ExportToPackage", definitionGroupId=FULL, executionId="run-1", legalEntityId="usmf")
    with pytest.raises(RuntimeError, match="under way"):
        service.system.backup()
    service.environment.clock.advance(60)
    before, backup = list(service.system.dump("Warehouses")), service.system.backup()
    service.system.replace("Warehouses", [])
    service.system.restore(backup)
    assert list(service.system.dump("Warehouses")) == before != []
