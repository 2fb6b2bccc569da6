"""Bad input ends in one message that names cause and next step, and in no write that a rerun would not complete."""

from __future__ import annotations

import errno
import os

import pytest

from fs_integration.errors import AuthenticationFailed, FsIntegrationError, NetworkFailure, PermissionDenied
from fs_integration.staging import store
from local.check import compare_stock

SECRET = "not-the-secret-1f3b"


def test_a_wrong_secret_is_named_with_the_client_and_not_tried_again(new_site, world):
    site = new_site(secret=SECRET)
    with pytest.raises(AuthenticationFailed, match="AADSTS7000215") as raised:
        site.run("warehouses")
    assert "secret" in str(raised.value).lower()
    assert SECRET not in str(raised.value)
    assert site.written() == 0


def test_an_unreachable_token_service_is_named(new_site):
    site = new_site(authority_host="https://127.0.0.1:9", total_seconds=3)
    with pytest.raises(NetworkFailure, match=r"127\.0\.0\.1:9"):
        site.run("warehouses")


def test_a_service_that_does_not_answer_is_named(new_site):
    site = new_site(total_seconds=3)
    everything = {"system": "finops", "method": "GET", "path_regex": ".*", "nth": 1, "times": 1000}
    site.faults({**everything, "action": "drop_before", "args": {}})
    with pytest.raises(NetworkFailure) as raised:
        site.run("warehouses")
    assert site.sandbox.urls["finops"].removeprefix("https://") in str(raised.value)


@pytest.mark.parametrize("privilege", ["prvReadmsdyn_warehouse", "prvCreatemsdyn_warehouse"])
def test_a_missing_privilege_is_named(site, privilege):
    site.sandbox.control("POST", "/limits", {"dataverse": {"switches": {"forbidden_privileges": [privilege]}}})
    before = site.rows("dataverse", "msdyn_warehouses")
    with pytest.raises(PermissionDenied, match=privilege) as raised:
        site.run("warehouses")
    assert "role" in str(raised.value)
    assert site.rows("dataverse", "msdyn_warehouses") == before


def test_a_full_disk_is_named_and_the_next_run_completes(ready, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(FsIntegrationError, match="No space left on device") as raised:
        ready.run("product_inventory", run_id="full")
    assert "Staging area" in str(raised.value)
    assert ready.written() == 0
    monkeypatch.undo()
    ready.run("product_inventory", run_id="full")
    assert compare_stock(ready.sandbox).differences == []


def test_secrets_and_tokens_appear_nowhere(site, tmp_path, caplog):
    with caplog.at_level("DEBUG"):
        site.cycle()
    canaries = ("sandbox-secret", "Bearer ")
    assert caplog.text
    for canary in canaries:
        assert canary not in caplog.text
        for file in tmp_path.rglob("*"):
            if file.is_file():
                assert canary.encode() not in file.read_bytes(), file
