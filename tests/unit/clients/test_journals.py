"""Adjustment journals of Supply Chain Management, written as documents: header and lines, by keys with blank parts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from tests.sandbox.client import SandboxClient

from fs_integration.clients.change_sets import DocumentHeader
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.errors import TransientServiceError
from fs_integration.frames import KEY, frame_of, joined_text
from fs_integration.spec.mapping import PackageImport
from fs_integration.spec.metadata import ColumnKind

LINES, HEADERS = "InventoryAdjustmentJournalEntriesV2", "InventoryAdjustmentJournalHeaders"
KEYS = ("dataAreaId", "JournalNumber", "LineNumber")
DIMENSIONS = ("ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId")
PLACES = ("ItemBatchNumber", "ItemSerialNumber", "WarehouseLocationId", "LicensePlateNumber", "InventoryStatusId")
HEADER = DocumentHeader(
    HEADERS, ("dataAreaId", "JournalNumber"),
    {"JournalNumber": "JournalNumber", "JournalNameId": "JournalNameId", "Description": "header.Description"},
)  # fmt: skip
BATCH = {"system": "finops", "method": "POST", "path_regex": r"/data/\$batch"}


@pytest.fixture
def lines_of(sandbox: SandboxClient) -> Callable[..., pd.DataFrame]:
    stock = [row for row in sandbox.state("finops", "WarehousesOnHandV2") if row["dataAreaId"] == "usmf"]

    def lines_of(journal: str, *quantities: str, description: str = "Count") -> pd.DataFrame:
        sources = stock[: len(quantities)]
        texts = {
            "dataAreaId": ["usmf"] * len(sources), "JournalNumber": [journal] * len(sources),
            "JournalNameId": [None] * len(sources), "header.Description": [description] * len(sources),
            "ItemNumber": [row["ItemNumber"] for row in sources],
            "InventorySiteId": [row["InventorySiteId"] for row in sources],
            "InventoryWarehouseId": [row["InventoryWarehouseId"] for row in sources],
            **{name: [row[name] or None for row in sources] for name in DIMENSIONS},
            **{name: [None] * len(sources) for name in PLACES},
        }  # fmt: skip
        numbers = {
            "LineNumber": [Decimal(number) for number in range(1, len(sources) + 1)],
            "InventoryQuantity": [Decimal(quantity) for quantity in quantities],
        }
        kinds = {**dict.fromkeys(texts, ColumnKind.TEXT), **dict.fromkeys(numbers, ColumnKind.DECIMAL)}
        rows = frame_of({**texts, **numbers}, kinds)
        rows[KEY] = joined_text(rows, list(KEYS))
        return rows

    return lines_of


@pytest.fixture
def write(finance_operations: FinanceOperationsClient) -> Callable[..., list[str]]:
    def write(rows: pd.DataFrame, *, exists: bool) -> list[str]:
        columns = [name for name in rows if not name.startswith(("_", "header."))]
        answer = finance_operations.write(
            finance_operations.entity_metadata(LINES), rows, key=KEYS, columns=columns, request_rows=100,
            parallel_requests=2, before_request=lambda: None, exists=exists, header=HEADER, document="JournalNumber",
        )  # fmt: skip
        return [f"{status} {code}".strip() for status, code in zip(answer["status"], answer["code"], strict=True)]

    return write


def stored(sandbox: SandboxClient, journal: str) -> tuple[list[str], dict[int, Decimal]]:
    headers = [row["Description"] for row in sandbox.state("finops", HEADERS) if row["JournalNumber"] == journal]
    lines = [row for row in sandbox.state("finops", LINES) if row["JournalNumber"] == journal]
    quantities = {int(row["LineNumber"]): Decimal(str(row["InventoryQuantity"])) for row in lines}
    assert len(quantities) == len(lines)
    return headers, quantities


@pytest.mark.parametrize("fault", [None, "drop_before", "drop_after_commit"])
def test_a_journal_is_created_and_corrected_once(
    fault: str | None, sandbox: SandboxClient, lines_of: Callable[..., Any], write: Callable[..., Any]
) -> None:
    faults = [{**BATCH, "action": fault, "times": 2}] if fault else []
    sandbox.control("POST", "/faults", faults)
    assert write(lines_of("UA000901", "5", "-2.5"), exists=False) == ["written"] * 2
    assert stored(sandbox, "UA000901") == (["Count"], {1: Decimal(5), 2: Decimal("-2.5")})
    sandbox.control("POST", "/faults", faults)
    assert write(lines_of("UA000901", "5", "-3", description="Corrected"), exists=True) == ["written"] * 2
    assert stored(sandbox, "UA000901") == (["Corrected"], {1: Decimal(5), 2: Decimal(-3)})


def test_another_item_on_a_line_is_refused_and_named(
    sandbox: SandboxClient, lines_of: Callable[..., Any], write: Callable[..., Any]
) -> None:
    rows = lines_of("UA000901", "5", "1")
    write(rows, exists=False)
    rows.loc[1, "ItemNumber"] = "OTHER"
    assert write(rows, exists=True) == ["rejected document", "rejected key_changed"]
    assert stored(sandbox, "UA000901") == (["Count"], {1: Decimal(5), 2: Decimal(1)})


# The same journals through an import project --------------------------------------------------------------------------

IMPORT = PackageImport(
    project="FS_ADJUSTMENT_IMPORT", data_entity="CDS Inventory adjustment journal headers and lines",
    columns={
        "JournalNumber": "JOURNALNUMBER", "LineNumber": "LINENUMBER", "ItemNumber": "ITEMNUMBER",
        "InventoryQuantity": "INVENTORYQUANTITY", "InventorySiteId": "INVENTORYSITEID",
        "InventoryWarehouseId": "WAREHOUSEID", **{name: name.upper() for name in DIMENSIONS},
    },
)  # fmt: skip


def imported(client: FinanceOperationsClient, rows: pd.DataFrame, run: str = "run-1") -> list[str]:
    answer = client.import_package(IMPORT, rows, company="usmf", execution_id=run)
    return [f"{status} {code}".strip() for status, code in zip(answer["status"], answer["code"], strict=True)]


@pytest.mark.parametrize("action", ["GetAzureWriteUrl", "ImportFromPackage", "GetExecutionSummaryStatus", "/blob/"])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after_commit"])
def test_a_package_is_imported_once_whatever_is_cut(
    action: str, fault: str, sandbox: SandboxClient, lines_of: Callable[..., Any],
    finance_operations: FinanceOperationsClient,
) -> None:  # fmt: skip
    sandbox.control("POST", "/faults", [{"system": "finops", "path_regex": action, "action": fault, "times": 2}])
    rows = lines_of("UA000902", "5", "-2.5")
    for _ in range(3):
        try:
            assert imported(finance_operations, rows) == ["written"] * 2
            break
        except TransientServiceError:
            continue
    assert stored(sandbox, "UA000902")[1] == {1: Decimal(5), 2: Decimal("-2.5")}


def test_rows_that_an_import_refuses_are_told_apart(
    sandbox: SandboxClient, lines_of: Callable[..., Any], finance_operations: FinanceOperationsClient
) -> None:
    rows = lines_of("UA000902", "5", "1", "2")
    rows.loc[1, "ItemNumber"], rows.loc[2, "ItemNumber"] = "NO-SUCH-ITEM", "X" * 30
    assert imported(finance_operations, rows) == ["written", "rejected target", "rejected staging"]
    assert stored(sandbox, "UA000902")[1] == {1: Decimal(5)}
    sandbox.control("POST", "/limits", {"finops": {"switches": {"malformed_execution_errors": True}}})
    answer = finance_operations.import_package(IMPORT, rows, company="usmf", execution_id="run-1")
    assert "NO-SUCH-ITEM" in answer["message"][1]
    assert "longer than 20" in answer["message"][2]
