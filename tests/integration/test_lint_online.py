"""Lint and metadata against running services."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fs_integration.cli import main
from fs_integration.spec.mapping import System
from fs_integration.spec.tables import saved_tables
from local.direct import CLIENT, SECRET, TENANT
from local.services import Sandbox

TABLES: tuple[tuple[System, str], ...] = (
    ("finance_operations", "WarehousesOnHandV2"),
    ("dataverse", "products"),
    ("dataverse", "msdyn_warehouses"),
)


@pytest.fixture
def connected(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox behind the Airflow connections of the default connection set."""
    extra = {
        "tenant_id": TENANT, "authority_host": world.urls["entra"], "instance_discovery": False,
        "ca_file": str(world.ca_file),
    }  # fmt: skip
    for name, url in (("FINANCE_OPERATIONS", world.urls["finops"]), ("DATAVERSE", world.urls["dataverse"])):
        connection = {"conn_type": name.lower(), "host": url, "login": CLIENT, "password": SECRET, "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))
    return world


def test_the_standard_mappings_fit_the_services(connected: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["lint", "--online"])
    assert code == 0
    assert capsys.readouterr().out.endswith("3 mappings compared with the services: 0 errors, 0 warnings.\n")


def test_what_the_services_say_agrees_with_the_saved_descriptions(
    connected: Sandbox, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(root / "include" / "mappings", tmp_path / "mappings")
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path / "mappings"))
    assert main(["metadata"]) == 0
    saved, live = (
        saved_tables(root / "include" / "mappings" / "metadata"),
        saved_tables(tmp_path / "mappings" / "metadata"),
    )
    for system, name in (
        ("finance_operations", "WarehousesOnHandV2"),
        ("dataverse", "products"),
        ("dataverse", "msdyn_warehouses"),
    ):
        known, found = saved(system, name), live(system, name)
        assert known is not None
        assert found is not None
        assert {each: found.columns[each].kind for each in known.columns} == {
            each: column.kind for each, column in known.columns.items()
        }
        assert set(known.keys.values()) == set(found.keys.values())
