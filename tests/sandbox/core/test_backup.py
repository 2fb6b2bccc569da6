"""A backup of both systems: restoring it undoes whatever came after it, also a second time."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.client import SandboxClient

from sandbox.landscape import Landscape

WAREHOUSES = "/api/data/v9.2/msdyn_warehouses"


def everything(landscape: Landscape) -> dict[str, list[dict[str, Any]]]:
    return {
        f"{system} {name}": list(landscape.dump(system, name))
        for system, names in landscape.entity_sets.items()
        for name in names
    }


def work(sandbox: SandboxClient) -> str:
    """Let both systems go on, create a row and delete one. :returns: the id of the new row."""
    sandbox.control("POST", "/scm/activity", {"count": 8, "seed": 1})
    gone = sandbox.state("dataverse", "msdyn_warehouses")[0]["msdyn_warehouseid"]
    created = sandbox.request("POST", "dataverse", WAREHOUSES, json={"msdyn_name": "new"})
    assert created.status_code == 204
    assert sandbox.request("DELETE", "dataverse", f"{WAREHOUSES}({gone})").status_code == 204
    return created.headers["OData-EntityId"].rpartition("(")[2].rstrip(")")


@pytest.fixture
def landscape(sandbox: SandboxClient) -> Landscape:
    sandbox.reset(scale="tiny")
    sandbox.put_state("dataverse", "msdyn_warehouses", [{"msdyn_name": "old"}])
    return sandbox.sandbox.landscape


def test_a_restored_backup_undoes_what_came_after_it_and_can_be_used_again(
    sandbox: SandboxClient, landscape: Landscape
) -> None:
    before, backup = everything(landscape), landscape.backup()
    for _ in range(2):
        new = work(sandbox)
        changed = everything(landscape)
        assert [name for name in before if changed[name] != before[name] and name.startswith("finops")]
        assert changed["dataverse msdyn_warehouses"] != before["dataverse msdyn_warehouses"]
        landscape.restore(backup)
        assert everything(landscape) == before
        assert sandbox.get("dataverse", f"{WAREHOUSES}({new})").status_code == 404


def test_a_restored_system_takes_the_same_keys_and_numbers_again(sandbox: SandboxClient, landscape: Landscape) -> None:
    """Indexes and version counters are part of a backup, else the second round would find its rows taken."""
    backup = landscape.backup()
    versions = []
    for _ in range(2):
        row_id = work(sandbox)
        found = sandbox.get("dataverse", f"{WAREHOUSES}(msdyn_name='new')").json()
        assert found["msdyn_warehouseid"] == row_id
        versions.append(found["@odata.etag"])
        landscape.restore(backup)
    assert versions[0] == versions[1]
