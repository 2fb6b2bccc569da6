"""Adjustments and transfers by data package instead of OData: one word of the mapping changes, the journals do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integration.conftest import WORLD, Site, Snapshot

from fs_integration.errors import PackageUnderWay
from fs_integration.pipeline.load import load
from fs_integration.pipeline.run import Mode, Run, scopes_of
from fs_integration.records import Interval
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping
from fs_integration.staging import run_key
from local.services import Sandbox

JOURNALS = {
    "inventory_adjustments": ("InventoryAdjustmentJournalHeaders", "InventoryAdjustmentJournalEntriesV2"),
    "inventory_transfers": ("InventoryTransferJournalHeaders", "InventoryTransferJournalEntries"),
}
# The package's entity has neither; Supply Chain Management sets the date itself.
ONLY_BY_ODATA = {"Description", "TransactionDate"}


def by_package(area: str) -> Mapping:
    """The mapping of an area with the one word changed."""
    mapping = load_mapping(area)
    [task] = mapping.tasks
    target = task.target.model_copy(update={"route": "package"})
    return mapping.model_copy(update={"tasks": (task.model_copy(update={"target": target}),)})


def run(site: Site, mapping: Mapping, run_id: str = "first") -> list[Any]:
    return site.direct.run(mapping, run_id=run_id, end=datetime.now(UTC))


def journals(site: Site, area: str) -> list[list[dict[str, Any]]]:
    return [
        [{name: value for name, value in row.items() if name not in ONLY_BY_ODATA} for row in site.rows("finops", name)]
        for name in JOURNALS[area]
    ]


def counts(books: list[Any]) -> list[tuple[Any, ...]]:
    return [(b.legal_entity, b.read, b.created, b.updated, b.quarantined, b.skipped, b.blocked) for b in books]


@pytest.fixture
def fresh(snapshots: dict[str, Snapshot], sandbox_process: Sandbox, tmp_path: Path) -> Callable[[str], Site]:
    """Return what opens a site on a world without journals."""

    def build(name: str) -> Site:
        sandbox_process.control("DELETE", "/faults")
        sandbox_process.control("POST", "/reset", WORLD)
        return snapshots["ready"].open(sandbox_process, tmp_path / name)

    return build


def adjustments(site: Site) -> list[str]:
    """Numbers of the journals whose lines arrived, once per line."""
    return [row["JournalNumber"] for row in site.rows("finops", JOURNALS["inventory_adjustments"][1])]


def refusals(site: Site) -> list[str]:
    """Reasons of the open quarantine lines that the target entity caused."""
    held = site.direct.ledger.open_quarantine()
    return list(held.loc[held["rule"] == "refused:target", "reason"])


def uploads(site: Site) -> int:
    """How many packages were uploaded: nothing else is put into Finance & Operations."""
    return int(site.sandbox.control("GET", "/stats")["finops"]["methods"].get("PUT", 0))


@pytest.mark.parametrize("area", JOURNALS)
def test_journals_by_package_are_the_journals_by_odata(fresh: Callable[[str], Site], area: str) -> None:
    site = fresh("odata")
    by_odata = counts(run(site, load_mapping(area)))
    expected = journals(site, area)
    site = fresh("package")
    assert counts(run(site, by_package(area))) == by_odata
    assert all(expected)
    assert journals(site, area) == expected
    assert uploads(site) == len(by_odata)
    assert [books.created for books in run(site, by_package(area), "second")] == [0] * len(by_odata)
    assert uploads(site) == len(by_odata)


def test_what_supply_chain_management_refuses_is_quarantined_in_its_words_and_travels_once_mended(
    fresh: Callable[[str], Site],
) -> None:
    site = fresh("expected")
    run(site, by_package("inventory_adjustments"))
    expected = adjustments(site)
    taken = next(number for number in expected if number.startswith("UA"))
    site = fresh("refused")
    transfers = site.rows("finops", "InventoryTransferJournalHeaders")
    other = {"dataAreaId": "usmf", "JournalNumber": taken, "JournalNameId": "ITrf"}
    site.replace("finops", "InventoryTransferJournalHeaders", [*transfers, other])
    run(site, by_package("inventory_adjustments"))
    assert adjustments(site) == [number for number in expected if number != taken]
    reasons = refusals(site)
    assert len(reasons) == expected.count(taken)
    assert all(f"Journal {taken} already exists as a journal of another type." in reason for reason in reasons)
    site.replace("finops", "InventoryTransferJournalHeaders", transfers)
    run(site, by_package("inventory_adjustments"), "mended")
    assert adjustments(site) == expected
    assert refusals(site) == []


def test_a_retry_finds_the_execution_of_before_and_starts_no_second_one(fresh: Callable[[str], Site]) -> None:
    site = fresh("retried")
    site.sandbox.control("POST", "/limits", {"finops": {"switches": {"package_state_seconds": 2.0}}})
    area = by_package("inventory_adjustments")
    [task] = area.tasks
    this = Run(run_key("retry"), "fs_adjustments", "retry", Mode.SCHEDULED, Interval(None, datetime.now(UTC)))
    scopes = scopes_of(area.mapping, task.name, site.direct.companies)
    refs = site.direct.up_to_gate(area, task, this, scopes).accepted
    for ref in refs:
        with pytest.raises(PackageUnderWay):
            load(ref, task, this, companies=scopes, try_id="first", clients=site.direct.clients,
                 staging=site.direct.staging, ledger=site.direct.ledger, wait=False)  # fmt: skip
    assert adjustments(site) == []
    results = [site.direct.load(ref, task, this, try_id="second") for ref in refs]
    assert sum(result.counts["created"] for result in results) == len(adjustments(site)) > 0
    assert uploads(site) == len(refs)
