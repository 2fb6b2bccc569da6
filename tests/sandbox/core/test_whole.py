"""The complete sandbox: both systems behind the core, and the page that describes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.client import SandboxClient

from sandbox.composition import everything
from sandbox.fault_actions import ARGUMENTS
from sandbox.landscape import Landscape
from sandbox.rows import write_rows
from sandbox.runtime import Options, Sandbox
from sandbox.storage import restore, save


def test_both_systems_accept_a_token_of_their_own_audience(sandbox: SandboxClient) -> None:
    assert sandbox.get("dataverse", "/api/data/v9.2/WhoAmI").status_code == 200
    assert sandbox.get("finops", "/data").status_code == 200


@pytest.mark.parametrize(
    ("system", "path", "other"), [("finops", "/data", "dataverse"), ("dataverse", "/api/data/v9.2/WhoAmI", "finops")]
)
def test_a_token_for_one_system_is_refused_by_the_other(
    sandbox: SandboxClient, system: str, path: str, other: str
) -> None:
    foreign = {"Authorization": f"Bearer {sandbox.token(other)}"}
    assert sandbox.get(system, path, headers=foreign).status_code == 401


@pytest.mark.parametrize("system", ["finops", "dataverse"])
def test_an_audience_with_a_slash_at_the_end_is_refused(sandbox: SandboxClient, system: str) -> None:
    token = sandbox.ask_token({"scope": f"{sandbox.urls[system]}//.default"}).json()["access_token"]
    path = {"finops": "/data", "dataverse": "/api/data/v9.2/WhoAmI"}[system]
    assert sandbox.get(system, path, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_tiny_world_has_stock_and_an_empty_one_has_none(sandbox: SandboxClient) -> None:
    assert sandbox.state("finops", "WarehousesOnHandV2") == []
    sandbox.reset(scale="tiny")
    assert sandbox.state("finops", "WarehousesOnHandV2")


def test_the_same_seed_gives_the_same_world_and_another_seed_another(sandbox: SandboxClient) -> None:
    worlds = []
    for seed in (7, 7, 8):
        sandbox.reset(seed=seed)
        worlds.append(sandbox.state("finops", "WarehousesOnHandV2"))
    assert worlds[0] == worlds[1] != worlds[2]


def test_stock_activity_changes_on_hand_rows(sandbox: SandboxClient) -> None:
    sandbox.reset(scale="tiny")
    before = sandbox.state("finops", "WarehousesOnHandV2")
    counts = sandbox.control("POST", "/scm/activity", {"count": 8, "seed": 1})
    after = sandbox.state("finops", "WarehousesOnHandV2")
    assert counts == {"changed": 7, "vanished": 1}
    assert len(after) == len(before) - 1
    assert sum(row not in before for row in after) == 7


def test_posting_moves_the_stock_of_the_generated_world_once(sandbox: SandboxClient) -> None:
    sandbox.reset(scale="tiny")
    before = sandbox.state("finops", "WarehousesOnHandV2")
    stock = next(row for row in before if row["dataAreaId"] == "demf")
    place = ("dataAreaId", "ItemNumber", "ProductColorId", "InventorySiteId", "InventoryWarehouseId")
    line = {**{name: stock[name] for name in place}, "JournalNumber": "DA000001", "LineNumber": 1}
    header = {"dataAreaId": "demf", "JournalNumber": "DA000001", "JournalNameId": "IAdj"}
    for entity_set, row in (
        ("InventoryAdjustmentJournalHeaders", header),
        ("InventoryAdjustmentJournalEntriesV2", {**line, "InventoryQuantity": 3}),
    ):
        assert sandbox.request("POST", "finops", f"/data/{entity_set}", json=row).status_code == 201
    assert sandbox.control("POST", "/scm/post-integration-journals") == {"journals": 1, "lines": 1}
    after = sandbox.state("finops", "WarehousesOnHandV2")
    changed = [
        (old["OnHandQuantity"], new["OnHandQuantity"]) for old, new in zip(before, after, strict=True) if old != new
    ]
    assert changed == [(stock["OnHandQuantity"], stock["OnHandQuantity"] + 3)]
    assert sandbox.control("POST", "/scm/post-integration-journals") == {"journals": 0, "lines": 0}
    assert sandbox.control("POST", "/scm/post-sales-orders") == {"orders": 0, "lines": 0}


def test_the_page_size_of_a_system_follows_the_setting(sandbox: SandboxClient) -> None:
    sandbox.reset(scale="tiny")
    sandbox.control("POST", "/limits", {"finops": {"page_size": 3}, "dataverse": {"page_size": 2}})
    for system, path in (("finops", "/data/Warehouses?cross-company=true"), ("dataverse", "/api/data/v9.2/uoms")):
        page = sandbox.get(system, path).json()
        assert len(page["value"]) == {"finops": 3, "dataverse": 2}[system]
        assert page["@odata.nextLink"].startswith(sandbox.urls[system])


@pytest.mark.parametrize(
    ("system", "entity_set", "row"),
    [
        ("dataverse", "products", {"nothing": 1}),
        ("dataverse", "products", {"productnumber": 5}),
        ("finops", "Warehouses", {"nothing": 1}),
    ],
)
def test_a_row_that_the_entity_set_cannot_hold_is_refused_and_the_rest_stays(
    sandbox: SandboxClient, system: str, entity_set: str, row: dict[str, Any]
) -> None:
    sandbox.reset(scale="tiny")
    before = sandbox.state(system, entity_set)
    url = f"{sandbox.urls['control']}/state/{system}/{entity_set}"
    answer = sandbox.session.put(url, data=json.dumps(row).encode(), timeout=30)
    assert answer.status_code == 400
    assert next(iter(row)) in answer.json()["error"]
    assert sandbox.state(system, entity_set) == before


def test_a_kept_world_comes_back_whole_but_for_row_versions(running_sandbox: SandboxClient, tmp_path: Path) -> None:
    running_sandbox.reset(scale="tiny")
    original = running_sandbox.sandbox.landscape
    save(original, tmp_path / "state")
    copy = Landscape(original.environment, everything())
    assert restore(copy, tmp_path / "state")
    for system, entity_sets in original.entity_sets.items():
        for entity_set in entity_sets:
            assert lines(copy, system, entity_set) == lines(original, system, entity_set)


def lines(landscape: Landscape, system: str, entity_set: str) -> list[dict[str, Any]]:
    """Give rows as the control API writes them, without their versions."""
    content = b"".join(write_rows(landscape.dump(system, entity_set)))
    return [{**json.loads(line), "versionnumber": None} for line in content.splitlines()]


def test_two_sandboxes_run_side_by_side(sandbox: SandboxClient, tmp_path: Path) -> None:
    with Sandbox(Options(port=0, empty=True, scale="tiny", tls_dir=tmp_path)) as other:
        client = SandboxClient(other)
        assert client.get("finops", "/data").status_code == 200
        foreign = {"Authorization": f"Bearer {sandbox.token('finops')}"}
        assert client.get("finops", "/data", headers=foreign).status_code == 401
        client.close()


def test_the_page_names_every_switch_setting_action_and_route(sandbox: SandboxClient, root: Path) -> None:
    page = (root / "docs" / "sandbox.md").read_text(encoding="utf-8")
    limits = sandbox.control("GET", "/limits")
    names = {name for settings in limits.values() for name in settings}
    names |= {name for system in ("finops", "dataverse") for name in limits[system]["switches"]}
    unknown = sandbox.control_response("GET", "/nothing").json()["error"]
    routes = {route for route in re.findall(r"/[\w/-]+", unknown.partition("there is ")[2]) if route != "/state/"}
    assert [name for name in sorted(names | set(ARGUMENTS)) if f"`{name}`" not in page] == []
    assert [route for route in sorted(routes) if f" {route}" not in page] == []
