"""Rows from the world and from the control API: completed, checked, dumped again."""

from __future__ import annotations

from typing import Any

import pytest

ROW = {"dataAreaId": "usmf", "WarehouseId": "1", "OperationalSiteId": "1"}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"Nothing": []}, "Unknown F&O entity sets: Nothing"),
        ({"Warehouses": [{**ROW, "Colour": "red"}]}, "Warehouses: unknown or null: Colour"),
        ({"Warehouses": [{**ROW, "WarehouseName": None}]}, "Warehouses: unknown or null: WarehouseName"),
        ({"Warehouses": [ROW, {**ROW, "dataAreaId": "USMF"}]}, "occurs twice"),
    ],
)
def test_a_world_with_wrong_rows_is_refused(service: Any, tables: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        service.system.load(tables)


def test_loading_forgets_what_was_there_before(service: Any) -> None:
    service.system.load({"Warehouses": [ROW]})
    assert service.numbers("/data/Warehouses") == ["1"]
    assert list(service.system.dump("WarehousesOnHandV2")) == []


def test_a_dump_has_every_property_and_can_be_put_back(service: Any) -> None:
    before = service.get("/data/Warehouses?cross-company=true").rows
    rows = list(service.system.dump("Warehouses"))
    assert rows[0]["IsFallbackWarehouse"] == "No"
    assert not {"RecId", "RecVersion"} & set(rows[0])
    service.system.replace("Warehouses", rows)
    assert service.get("/data/Warehouses?cross-company=true").rows == before


def test_a_replaced_row_that_differs_has_a_new_etag(service: Any) -> None:
    rows = list(service.system.dump("Warehouses"))
    before = {row["WarehouseId"]: row["@odata.etag"] for row in service.get("/data/Warehouses").rows}
    changed = [{**row, "WarehouseName": "new"} if row["WarehouseId"] == "24" else row for row in rows]
    service.system.replace("Warehouses", changed)
    after = {row["WarehouseId"]: row["@odata.etag"] for row in service.get("/data/Warehouses").rows}
    assert [number for number in before if after[number] != before[number]] == ["24"]


def test_a_failed_upsert_changes_nothing(service: Any) -> None:
    before = list(service.system.dump("Warehouses"))
    with pytest.raises(ValueError, match="Colour"):
        service.system.upsert("Warehouses", [ROW, {**ROW, "WarehouseId": "2", "Colour": "red"}])
    assert list(service.system.dump("Warehouses")) == before


def test_the_world_may_bring_its_own_export_projects(service: Any) -> None:
    project = {"Name": "Own", "OperationType": "Export", "EntityName": "Warehouses", "RefreshType": "FullPush"}
    service.system.load({"Warehouses": [ROW], "DataManagementDefinitionGroups": [project]})
    package = service.package(service.export("Own"))
    assert package.read("Warehouses.csv").decode().splitlines()[1].startswith("1,,1,Standard")
