"""Every one of the nine areas: a first load, a rerun, bad rows, the gate, and companies that are kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.integration.conftest import NINE_AREAS, WORLD

from fs_integration.errors import DataQualityError
from fs_integration.ledger import Ledger, open_engine
from fs_integration.spec.loader import load_mapping
from sandbox.world import accounts, invoices, stock_documents, work_orders
from sandbox.world.companies import COMPANIES
from sandbox.world.peculiarities import PECULIARITIES

DIMENSIONS = (
    "ItemNumber",
    "ProductColorId",
    "ProductConfigurationId",
    "ProductSizeId",
    "ProductStyleId",
    "ProductVersionId",
)
# Area and source key of the rows of each entity set of Finance & Operations that the world spoils.
SOURCES = {
    "Warehouses": ("warehouses", ("WarehouseId",)),
    "SellableReleasedProducts": ("products", ("ProductNumber",)),
    "WarehousesOnHandV2": ("product_inventory", (*DIMENSIONS, "InventorySiteId", "InventoryWarehouseId")),
    "Projects": ("projects", ("ProjectID",)),
}
UNUSUAL = (*accounts.UNUSUAL, *stock_documents.UNUSUAL, *work_orders.UNUSUAL, *invoices.UNUSUAL)
# The target table in which a company's rows of an area can be told apart by themselves.
TARGETS = {
    "accounts": ("finops", "CustomersV2"),
    "projects": ("dataverse", "msdynce_externalprojects"),
    "inventory_adjustments": ("finops", "InventoryAdjustmentJournalHeaders"),
    "inventory_transfers": ("finops", "InventoryTransferJournalHeaders"),
    "work_orders": ("finops", "CDSSalesOrderHeaders"),
    "agreement_invoices": ("finops", "CDSFreeTextInvoiceHeaders"),
}


def unusual_rows() -> Iterator[tuple[str, str, str, str]]:
    """Give id, area, source key and outcome of every unusual row of both systems."""
    for one in PECULIARITIES:
        if one.entity_set in SOURCES:
            area, key = SOURCES[one.entity_set]
            yield one.id, area, "|".join(str(one.row[name]) for name in key), one.outcome
    for document in UNUSUAL:
        yield document.id, document.area, document.row_id, document.outcome


@pytest.fixture(scope="module")
def outcomes(loaded) -> dict[tuple[str, str], str]:
    """Where each source row of the first load of `usmf` went: area and source key -> outcome."""
    found = {}
    for area in NINE_AREAS:
        for task in load_mapping(area).enabled_tasks:
            read = staged(loaded.home, area, task.name, "01_raw", task.source.key)
            found |= {(area, key): "loaded" for key, *_ in read}
            rejected = staged(loaded.home, area, task.name, "02_rejected", ("row_key",), ("outcome",))
            found |= {(area, key): outcome for key, outcome in rejected}
    held = Ledger(open_engine(f"sqlite:///{loaded.home / 'ledger.db'}")).open_quarantine()
    lines = held[held["legal_entity"] == "usmf"].to_dict("records")
    return found | {(line["mapping"], line["row_key"]): line["outcome"] for line in lines}


def staged(home: Path, area: str, task: str, stage: str, key: tuple[str, ...], more: tuple[str, ...] = ()):
    """Give key and further columns of the staged rows of `usmf`."""
    for file in sorted((home / "staging" / area / task / "usmf").glob(f"*/{stage}/*/rows.parquet")):
        for row in pq.read_table(file).to_pylist():
            yield "|".join(str(row[name] or "") for name in key), *(row[name] for name in more)


@pytest.mark.parametrize(("area", "key", "outcome"), [
    pytest.param(area, key, outcome, id=id_) for id_, area, key, outcome in unusual_rows()
])  # fmt: skip
def test_an_unusual_row_ends_where_the_world_says(outcomes, area, key, outcome):
    assert outcomes.get((area, key), "not_read") == outcome
