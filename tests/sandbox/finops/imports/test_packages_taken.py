"""Which packages are taken: the zip, its two documents, its files, and the parameters of the start."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.finops.imports.conftest import (
    ADJUSTMENT_COLUMNS,
    ADJUSTMENTS,
    HEADER,
    delimited,
    manifest,
    package,
    zipped,
)

LINE = ("UA000001", "1", "D0001", "2", "1", "24")
ROWS = delimited(ADJUSTMENT_COLUMNS, [LINE])
MANIFEST = manifest(ADJUSTMENTS, ADJUSTMENT_COLUMNS)
GOOD = package(ADJUSTMENTS, ADJUSTMENT_COLUMNS, [LINE])
UNORDERED = HEADER.replace("<PackageType>DefinitionGroup</PackageType>", "").replace(
    "<Description/>", "<PackageType>DefinitionGroup</PackageType><Description/>"
)


def built(manifest_text: str = MANIFEST, header: str = HEADER, rows: bytes = ROWS, name: str = "rows.csv") -> bytes:
    return zipped([("Manifest.xml", manifest_text), ("PackageHeader.xml", header), (name, rows)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no zip", "not a readable zip archive"),
        (GOOD[:-40], "not a readable zip archive"),
        (zipped([("PackageHeader.xml", HEADER), ("rows.csv", ROWS)]), "has no Manifest.xml"),
        (zipped([("Manifest.xml", MANIFEST), ("rows.csv", ROWS)]), "has no PackageHeader.xml"),
        (built(name="other.csv"), "has no file 'rows.csv'"),
        (built(name="data/rows.csv"), "'data/rows.csv' does not stand at the root"),
        (built(name="..\\rows.csv"), "does not stand at the root"),
        (
            zipped([("Manifest.xml", MANIFEST), ("PackageHeader.xml", HEADER), ("A.csv", ROWS), ("a.csv", ROWS)]),
            "A file name occurs twice",
        ),
        (built(MANIFEST[:-5]), "Manifest.xml is not readable"),
        (built(MANIFEST.replace("/2015/01/", "/2014/01/")), "Manifest.xml begins with {http:"),
        (built("<!DOCTYPE a []>" + MANIFEST), "Manifest.xml has a document type"),
        (built(MANIFEST.replace(ADJUSTMENTS, "Journals")), "no data entity 'Journals' that can be imported"),
        (built(MANIFEST.replace(ADJUSTMENTS, "Released products V2")), "no data entity 'Released products V2'"),
        (built(MANIFEST.replace("CSV-Unicode", "EXCEL")), "the sandbox reads CSV only, not the format 'EXCEL'"),
        (built(MANIFEST.replace(">PRODUCTNUMBER</E", ">ProductNumber</E")), "needs an EntityField in capitals"),
        (built(MANIFEST.replace(">PRODUCTNUMBER</E", ">COLOR</E")), "the entity has no field 'COLOR'"),
        (built(MANIFEST.replace(">PRODUCTNUMBER</X", ">PRODUCT</X")), "has no column PRODUCT"),
        (built(manifest(ADJUSTMENTS, ADJUSTMENT_COLUMNS[1:])), "the key field 'JOURNALNUMBER' is not mapped"),
        (built(header=HEADER.replace("DefinitionGroup", "Other")), "PackageType is 'Other'"),
        (built(header=UNORDERED), "are not in alphabetical order"),
        (built(rows=b""), "rows.csv has no heading"),
        (built(rows=b"\xff\x00"), "rows.csv is neither UTF-16"),
        (built(rows=ROWS + b'"open'), "rows.csv is not a delimited file"),
    ],
)
def test_what_is_no_package_is_an_exception_of_the_action(importer: Any, content: bytes, reason: str) -> None:
    answer = importer.start(content)
    assert answer.status == 500
    assert "ImportFromPackage on Entity DataManagementDefinitionGroup" in answer.reason
    assert reason in answer.reason
    assert importer.state() == "Unknown"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_are_utf_8_with_or_without_a_mark_or_utf_16(importer: Any, mark: bytes) -> None:
    assert importer.start(built(rows=mark + ROWS)).status == 200
    wide = delimited(ADJUSTMENT_COLUMNS, [LINE]).decode().encode("utf-16")
    assert importer.start(built(rows=wide), executionId="run-2").status == 200


def test_columns_of_the_file_that_the_manifest_does_not_map_are_ignored(importer: Any) -> None:
    rows = delimited((*ADJUSTMENT_COLUMNS, "NOTE"), [(*LINE, "hello")])
    importer.start(built(rows=rows))
    importer.service.environment.clock.advance(60)
    assert importer.state() == "Succeeded"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"definitionGroupId": ""}, "The definition group '' is no import project"),
        ({"definitionGroupId": "FS_ONHAND_EXPORT"}, "'FS_ONHAND_EXPORT' is no import project"),
        ({"overwrite": False}, "overwrite must be true"),
        ({"legalEntityId": "none"}, "The company 'none' does not exist"),
        ({"packageUrl": "https://example.com/blob/package.zip"}, "cannot be downloaded"),
        ({"packageUrl": "/blob/dmf/package.zip?sp=rw&sig=0"}, "cannot be downloaded"),
    ],
)
def test_a_start_that_names_the_wrong_things_is_refused(importer: Any, parameters: dict[str, Any], reason: str) -> None:
    answer = importer.start(GOOD, **parameters)
    assert answer.status == 500
    assert reason in answer.reason


@pytest.mark.parametrize("parameters", [{"execute": "true"}, {"reExecute": True}, {"entityName": ADJUSTMENTS}])
def test_parameters_of_another_type_or_action_are_a_bad_request(importer: Any, parameters: dict[str, Any]) -> None:
    assert importer.start(GOOD, **parameters).status == 400


def test_an_execution_id_is_taken_once(importer: Any) -> None:
    assert importer.start(GOOD).json["value"] == "run-1"
    assert "already exists" in importer.start(GOOD).reason
    assert "already exists" in importer.start(GOOD, executionId="run-1").reason


def test_an_empty_execution_id_is_replaced_by_a_new_one(importer: Any) -> None:
    first, second = (importer.start(GOOD, executionId="").json["value"] for _ in range(2))
    assert first
    assert first != second


def test_an_import_creates_a_project_that_does_not_exist_yet(importer: Any) -> None:
    assert importer.start(GOOD, definitionGroupId="MINE").status == 200
    assert ("MINE", "Import") in importer.rows("DataManagementDefinitionGroups", "Name", "OperationType")


def test_the_asynchronous_action_does_the_same(importer: Any) -> None:
    url = importer.upload(GOOD)
    importer.act(
        "ImportFromPackageAsync", packageUrl=url, definitionGroupId="FS_ADJUSTMENT_IMPORT", executionId="run-9",
        execute=True, overwrite=True, legalEntityId="usmf",
    )  # fmt: skip
    importer.service.environment.clock.advance(60)
    assert importer.rows("InventoryAdjustmentJournalHeaders", "JournalNumber") == [("UA000001",)]


def test_the_import_entities_and_projects_are_listed(importer: Any) -> None:
    listed = importer.rows("DataManagementEntities", "EntityName", "TargetName")
    assert (ADJUSTMENTS, "InventInventoryAdjustmentJournalEntryCDSEntity") in listed
    projects = importer.rows("DataManagementDefinitionGroups", "Name", "OperationType", "EntityName")
    assert ("FS_ADJUSTMENT_IMPORT", "Import", ADJUSTMENTS) in projects
    assert importer.service.get("/data/InventInventoryAdjustmentJournalEntryCDSEntity").status == 404
