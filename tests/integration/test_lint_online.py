"""Lint and metadata against running services."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fs_integration.cli import main
from fs_integration.spec.loader import mapping_names
from fs_integration.spec.metadata import EntityMetadata
from local.direct import CLIENT, SECRET, TENANT
from local.services import Sandbox


@pytest.fixture
def connected(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox behind the Airflow connections of the default connection set."""
    extra = {
        "tenant_id": TENANT, "authority_host": world.urls["entra"], "instance_discovery": False,
        "allowed_hosts": "127.0.0.1",
        "ca_file": str(world.ca_file),
    }  # fmt: skip
    for name, url in (("FINANCE_OPERATIONS", world.urls["finops"]), ("DATAVERSE", world.urls["dataverse"])):
        connection = {"conn_type": name.lower(), "host": url, "login": CLIENT, "password": SECRET, "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))
    return world


def test_the_standard_mappings_fit_the_services(connected: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["lint", "--online"])
    assert code == 0
    assert capsys.readouterr().out.endswith(
        f"{len(mapping_names())} mappings compared with the services: 0 errors, 0 warnings.\n"
    )


def test_what_the_services_say_agrees_with_the_saved_descriptions(
    connected: Sandbox, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "include" / "mappings"
    shutil.copytree(root / "include" / "mappings", own, ignore=shutil.ignore_patterns("metadata"))
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(own))
    assert main(["metadata"]) == 0
    saved, live = (folder / "include" / "mappings" / "metadata" for folder in (root, tmp_path))
    files = [file.relative_to(live) for file in sorted(live.rglob("*.json"))]
    assert len(files) > 25
    assert [str(file) for file in files if columns_and_keys(saved / file) != columns_and_keys(live / file)] == []


def columns_and_keys(file: Path) -> tuple[dict[str, str], set[tuple[str, ...]]]:
    """What must agree for a mapping to mean the same: kinds of the columns, and the keys."""
    table = EntityMetadata.model_validate_json(file.read_text(encoding="utf-8"))
    return {name: column.kind for name, column in table.columns.items()}, set(table.keys.values())
