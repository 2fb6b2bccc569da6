"""The DAG files as Airflow's DAG processor sees them, and a folder of small mappings for the cycle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

JOURNALS = {
    "inventory_adjustments": "InventoryAdjustmentJournalHeaders",
    "inventory_transfers": "InventoryTransferJournalHeaders",
}
CONNECTIONS = {
    "connection_set": "default",
    "organizations": [{"legal_entity": "usmf", "business_unit": "USMF"}, {"legal_entity": "demf"}],
}


@pytest.fixture(scope="session")
def bag(root: Path) -> Any:
    """All DAGs of the repository, parsed once."""
    return DagBag(str(root / "dags"))


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what replaces the repository's mappings by small ones: area -> areas it requires."""

    def write(**requires: list[str]) -> None:
        standard, sets = tmp_path / "mappings" / "standard", tmp_path / "mappings" / "connection_sets"
        standard.mkdir(parents=True, exist_ok=True)
        sets.mkdir(exist_ok=True)
        for name, required in requires.items():
            (standard / f"{name}.yaml").write_text(json.dumps(mapping(name, required)), encoding="utf-8")
        (sets / "default.yaml").write_text(json.dumps(CONNECTIONS), encoding="utf-8")
        monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path / "mappings"))

    return write


def mapping(name: str, requires: list[str]) -> dict[str, Any]:
    """A small mapping; areas that write inventory journals have their header entity."""
    return {"mapping": name, "title": name.capitalize(), "requires": requires,
            "tasks": [journal_task(name) if name in JOURNALS else plain_task(name)]}  # fmt: skip


def plain_task(name: str) -> dict[str, Any]:
    return {
        "name": name, "title": name.capitalize(),
        "source": {"system": "finance_operations", "entity": name.capitalize(), "key": ["Id"],
                   "company_field": "dataAreaId"},
        "target": {"system": "dataverse", "table": f"fs_{name}", "key": ["fs_id"]},
        "fields": [{"to": "fs_id", "from": "Id"}],
    }  # fmt: skip


def journal_task(name: str) -> dict[str, Any]:
    return {
        "name": "lines", "title": name.capitalize(),
        "source": {"system": "dataverse", "entity": f"msdyn_{name}", "key": ["msdyn_id"], "document": "msdyn_parent"},
        "target": {
            "system": "finance_operations", "table": f"Lines_{name}", "key": ["JournalNumber", "LineNumber"],
            "header": {"table": JOURNALS[name], "key": ["JournalNumber"]},
        },
        "fields": [
            {"to": "JournalNumber", "from": "msdyn_parent"},
            {"to": "LineNumber", "from": "msdyn_id"},
            {"to": "header.Description", "from": "msdyn_parent"},
        ],
    }  # fmt: skip
