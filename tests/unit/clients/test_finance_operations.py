"""The Finance & Operations client against the sandbox: descriptions, company scope, pages, packages."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from tests.sandbox.client import SandboxClient

from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.packages import rows_of
from fs_integration.errors import MappingError, NotFound, RequestRefused, ServiceUnavailable
from fs_integration.spec.mapping import Condition, PackageExport
from fs_integration.spec.metadata import ColumnKind

STOCK = "WarehousesOnHandV2"
EXPORT = PackageExport(
    project="FS_ONHAND_EXPORT", data_entity="CDS inventory on-hand by warehouse",
    columns={"ITEMNUMBER": "ItemNumber", "INVENTORYWAREHOUSEID": "Warehouse", "ONHANDQUANTITY": "OnHandQuantity"},
)  # fmt: skip


def rows(sandbox: SandboxClient, entity: str, company: str = "") -> list[dict[str, Any]]:
    every = sandbox.state("finops", entity)
    return [row for row in every if not company or row["dataAreaId"] == company]


def all_of(frames: Any) -> pd.DataFrame:
    return pd.concat(list(frames), ignore_index=True)


def test_an_entity_is_described_with_its_key_kinds_and_members(finance_operations: FinanceOperationsClient) -> None:
    described = finance_operations.entity_metadata("Warehouses")
    assert described.keys == {"primary": ("dataAreaId", "WarehouseId")}
    assert described.company_specific
    kind = described.columns["WarehouseType"]
    assert (kind.kind, kind.enum_type) == (ColumnKind.ENUM, "InventLocationType")
    assert {"Standard", "Transit", "Quarantine"} <= set(kind.options)
    assert finance_operations.entity_metadata(STOCK).columns["OnHandQuantity"].kind is ColumnKind.DECIMAL


def test_an_entity_that_only_packages_know_has_no_columns(finance_operations: FinanceOperationsClient) -> None:
    assert finance_operations.entity_metadata("InventWarehouseOnHandCDSEntity").columns == {}


def test_an_entity_that_does_not_exist_is_named(finance_operations: FinanceOperationsClient) -> None:
    with pytest.raises(NotFound, match=r"`warehouses`.*case counts"):
        finance_operations.entity_metadata("warehouses")


def test_the_check_reads_something(finance_operations: FinanceOperationsClient) -> None:
    assert "data entities can be read" in finance_operations.check()


@pytest.mark.parametrize("company", ["usmf", "demf", "frrt"])
def test_one_company_is_read_whichever_is_the_default(
    company: str, sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    read = all_of(finance_operations.read("Warehouses", columns=["WarehouseId"], company=company))
    assert sorted(read["WarehouseId"]) == sorted(row["WarehouseId"] for row in rows(sandbox, "Warehouses", company))


def test_without_a_company_all_of_them_are_read(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    read = all_of(finance_operations.read("Warehouses", columns=["dataAreaId", "WarehouseId"]))
    assert len(read) == len(rows(sandbox, "Warehouses"))
    assert set(read["dataAreaId"]) == {"usmf", "demf", "frrt"}


def test_pages_are_read_in_the_order_asked_for(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    order = ["InventoryWarehouseId", "ItemNumber"]
    frames = list(
        finance_operations.read(STOCK, columns=[*order, "OnHandQuantity"], company="usmf", order_by=order, page_size=5)
    )
    assert [len(frame) for frame in frames[:-1]] == [5] * (len(frames) - 1)
    read = all_of(frames)
    assert len(read) == len(rows(sandbox, STOCK, "usmf"))
    keys = list(zip(read[order[0]], read[order[1]], strict=True))
    assert keys == sorted(keys)
    sums = sum(Decimal(str(row["OnHandQuantity"])) for row in rows(sandbox, STOCK, "usmf"))
    assert sum(read["OnHandQuantity"]) == sums


def test_conditions_on_enumerations_are_understood(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    where = [Condition.model_validate({"field": "WarehouseType", "is_not": "Standard"})]
    read = all_of(finance_operations.read("Warehouses", columns=["WarehouseId"], where=where))
    expected = [row["WarehouseId"] for row in rows(sandbox, "Warehouses") if row["WarehouseType"] != "Standard"]
    assert sorted(read["WarehouseId"]) == sorted(expected)
    assert expected


def test_an_unknown_column_is_refused_before_reading(finance_operations: FinanceOperationsClient) -> None:
    with pytest.raises(MappingError, match="Did you mean `WarehouseId`"):
        next(finance_operations.read("Warehouses", columns=["WarehouseID"]))


# Packages ------------------------------------------------------------------------------------------------------------


def export(client: FinanceOperationsClient, run: str = "run-1", **more: Any) -> tuple[pd.DataFrame, list[bytes]]:
    kept: list[bytes] = []
    frames = client.export_package(EXPORT, company="demf", execution_id=run, keep=kept.append, **more)
    return all_of(frames), kept


def test_a_package_holds_the_rows_of_the_company_and_is_kept_first(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    read, kept = export(finance_operations, order_by=["Warehouse", "ItemNumber"])
    expected = sorted((row["InventoryWarehouseId"], row["ItemNumber"]) for row in rows(sandbox, STOCK, "demf"))
    assert list(zip(read["Warehouse"], read["ItemNumber"], strict=True)) == expected
    assert set(read["dataAreaId"]) == {"demf"}
    assert zipfile.ZipFile(io.BytesIO(kept[0])).testzip() is None


def test_nothing_is_read_when_the_package_cannot_be_kept(finance_operations: FinanceOperationsClient) -> None:
    def full(_: bytes) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        next(finance_operations.export_package(EXPORT, company="demf", execution_id="run-1", keep=full))


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param(
            {"package_states": ["Bad request", "NotRun", "Executing", "Succeeded"]}, id="all states on the way"
        ),
        pytest.param({"nested_values": True}, id="values wrapped twice"),
        pytest.param({"package_url_delay_seconds": 30.0}, id="the address comes late"),
        pytest.param({"package_state_seconds": 900.0}, id="half an hour of work"),
    ],
)
def test_a_package_is_waited_for(
    switches: dict[str, Any], sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    sandbox.control("POST", "/limits", {"finops": {"switches": switches}})
    read, _ = export(finance_operations)
    assert len(read) == len(rows(sandbox, STOCK, "demf"))


def test_the_same_run_gets_the_same_package_and_another_run_a_new_one(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    first, _ = export(finance_operations)
    sandbox.put_state("finops", STOCK, [])
    again, _ = export(finance_operations)
    other, _ = export(finance_operations, run="run-2")
    assert (len(again), len(other)) == (len(first), 0)


def test_a_start_that_was_cut_after_it_happened_is_found_again(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    fault = {"system": "finops", "path_regex": "ExportToPackage$", "action": "drop_after_commit", "times": None}
    sandbox.control("POST", "/faults", [fault])
    read, _ = export(finance_operations)
    assert len(read) == len(rows(sandbox, STOCK, "demf"))


def test_a_failed_execution_passes_and_the_next_try_starts_a_new_one(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    sandbox.control("POST", "/limits", {"finops": {"switches": {"package_states": ["Executing", "Failed"]}}})
    with pytest.raises(ServiceUnavailable, match="ended as `Failed`"):
        export(finance_operations)
    sandbox.control("POST", "/limits", {"finops": {"switches": {"package_states": ["Executing", "Succeeded"]}}})
    read, _ = export(finance_operations)
    assert len(read) == len(rows(sandbox, STOCK, "demf"))


def test_an_execution_that_hangs_is_given_up_with_its_id(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    sandbox.control("POST", "/limits", {"finops": {"switches": {"package_states": ["Executing"]}}})
    with pytest.raises(ServiceUnavailable, match="is still `Executing`"):
        export(finance_operations)


def test_a_project_that_does_not_exist_is_named(finance_operations: FinanceOperationsClient) -> None:
    missing = EXPORT.model_copy(update={"project": "NO_SUCH_PROJECT"})
    with pytest.raises(RequestRefused, match="NO_SUCH_PROJECT"):
        next(finance_operations.export_package(missing, company="demf", execution_id="r", keep=lambda _: None))


def package(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return content.getvalue()


def manifest(name: str, file: str) -> bytes:
    entity = f"<PackageEntity><EntityName>{name}</EntityName><InputFilePath>{file}</InputFilePath></PackageEntity>"
    return f'<M xmlns="http://schemas.microsoft.com/dynamics/2015/01/DataManagement">{entity}</M>'.encode("utf-16")


CSV = 'ITEMNUMBER,INVENTORYWAREHOUSEID,OTHER,ONHANDQUANTITY\nM1,11,"a,b\nc",1.50\n,12,,\n'
EXPECTED = [("M1", "11", "1.50"), ("", "12", "")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(package(data__csv=CSV.encode()), id="UTF-8"),
        pytest.param(package(data__csv=b"\xef\xbb\xbf" + CSV.encode()), id="UTF-8 with a mark"),
        pytest.param(package(data__csv=CSV.encode("utf-16")), id="UTF-16"),
        pytest.param(package(data__csv=CSV.replace(",", ";").replace("a;b", "a,b").encode()), id="semicolons"),
        pytest.param(package(data__csv=CSV.encode(), Manifest__xml=b"broken"), id="one file needs no manifest"),
        pytest.param(
            package(a__csv=b"X\n1\n", b__csv=CSV.encode(), Manifest__xml=manifest(EXPORT.data_entity, "b.csv")),
            id="the manifest says which file",
        ),
    ],
)
def test_a_package_file_is_read_in_every_form_it_comes_in(content: bytes) -> None:
    read = rows_of(content, EXPORT, company="usmf")
    assert list(zip(read["ItemNumber"], read["Warehouse"], read["OnHandQuantity"], strict=True)) == EXPECTED


@pytest.mark.parametrize(
    ("content", "family", "said"),
    [
        pytest.param(b"<html>expired</html>", ServiceUnavailable, "cannot be read", id="no zip"),
        pytest.param(package(Manifest__xml=b"<M/>"), ServiceUnavailable, "holds no file", id="no file"),
        pytest.param(
            package(d__csv=b"ITEMNUMBER\nM1\n"), MappingError, "INVENTORYWAREHOUSEID", id="a column is missing"
        ),
    ],
)
def test_a_package_that_is_none_is_not_taken_for_an_empty_one(
    content: bytes, family: type[Exception], said: str
) -> None:
    with pytest.raises(family, match=said):
        rows_of(content, EXPORT, company="usmf")
