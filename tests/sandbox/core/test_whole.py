"""The complete sandbox answers on its real ports."""

from __future__ import annotations

from tests.sandbox.client import SandboxClient


def test_both_systems_accept_a_token_of_their_own_audience(sandbox: SandboxClient) -> None:
    assert sandbox.get("dataverse", "/api/data/v9.2/WhoAmI").status_code == 200
    assert sandbox.get("finops", "/data").status_code == 200


def test_a_tiny_world_has_stock_and_an_empty_one_has_none(sandbox: SandboxClient) -> None:
    assert sandbox.state("finops", "WarehousesOnHandV2") == []
    sandbox.reset(scale="tiny")
    assert sandbox.state("finops", "WarehousesOnHandV2")
