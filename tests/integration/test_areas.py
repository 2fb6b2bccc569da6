"""Every one of the nine areas: a first load, a rerun, bad rows, the gate, and companies that are kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.integration.conftest import NINE_AREAS, ONLY_REFUSED, SOURCES, WORLD, Site

from fs_integration.errors import DataQualityError
from fs_integration.ledger import Ledger, open_engine
from fs_integration.pipeline.reconcile import Books
from fs_integration.pipeline.run import Mode, Run
from fs_integration.records import Interval, Scope
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Thresholds
from fs_integration.staging import run_key
from local.direct import connect
from sandbox.world import accounts, invoices, stock_documents, work_orders
from sandbox.world.peculiarities import PECULIARITIES

LETTERS = {"usmf": "U", "demf": "D", "frrt": "F"}
UNUSUAL = (*accounts.UNUSUAL, *stock_documents.UNUSUAL, *work_orders.UNUSUAL, *invoices.UNUSUAL)


def prefixed(text: str) -> dict[str, str]:
    """Give how numbers of each company begin."""
    return {company: text + letter for company, letter in LETTERS.items()}


# Target table of each area, the column that tells the company, and how it starts for each company.
COUNTRIES = {"usmf": "US-", "demf": "DE-", "frrt": "FR-"}
TARGETS = {
    "accounts": ("finops", "CustomersV2", "CustomerAccount", COUNTRIES),
    "warehouses": ("dataverse", "msdyn_warehouses", "msdyn_name", {"usmf": "", "demf": "D", "frrt": "F"}),
    "products": ("dataverse", "products", "productnumber", {"usmf": "", "demf": "DE", "frrt": "FR"}),
    "projects": ("dataverse", "msdynce_externalprojects", "msdynce_projectnumber", prefixed("P-")),
    "inventory_adjustments": ("finops", "InventoryAdjustmentJournalHeaders", "JournalNumber", prefixed("")),
    "inventory_transfers": ("finops", "InventoryTransferJournalHeaders", "JournalNumber", prefixed("")),
    "work_orders": ("finops", "CDSSalesOrderHeaders", "SalesOrderNumber", prefixed("WO-")),
    "product_inventory": (
        "dataverse",
        "msdynce_externalproductinventories",
        "msdynce_productnumber",
        {"usmf": "", "demf": "DE", "frrt": "FR"},
    ),
    "agreement_invoices": ("finops", "CDSFreeTextInvoiceHeaders", "ExternalInvoiceId", prefixed("INV-")),
}
STRICT = Thresholds(max_percent=0, min_rows=0)


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


@pytest.mark.parametrize("area", NINE_AREAS)
def test_a_first_load_writes_and_its_books_balance_in_every_company(loaded, area):
    created = dict.fromkeys(LETTERS, 0)
    for own in loaded.books[area]:
        assert own.read + own.generated == own.accounted, own
        created[own.legal_entity] += own.created
    assert {company for company, rows in created.items() if rows == 0} == set()


@pytest.mark.parametrize("area", NINE_AREAS)
def test_only_the_company_with_bad_rows_has_rows_held_back(loaded, area):
    held = dict.fromkeys(LETTERS, 0)
    for own in loaded.books[area]:
        held[own.legal_entity] += own.quarantined + own.blocked
    assert held["usmf"] > 0
    assert held["demf"] == held["frrt"] == 0


@dataclass(frozen=True)
class Rerun:
    """:param writes: requests that write, by entity set."""

    books: list[Books]
    writes: dict[str, int]


@pytest.fixture(scope="module")
def reruns(loaded, sandbox_process, tmp_path_factory) -> dict[str, Rerun]:
    """Every area run once more."""
    sandbox_process.control("POST", "/reset", WORLD)
    site = loaded.open(sandbox_process, tmp_path_factory.mktemp("rerun") / "site")
    found = {}
    for area in NINE_AREAS:
        sandbox_process.control("POST", "/stats/reset")
        found[area] = Rerun(site.run(area), site.writing_requests())
    return found


@pytest.mark.parametrize("area", NINE_AREAS)
def test_a_rerun_writes_nothing(reruns, area):
    assert sum(own.created + own.updated for own in reruns[area].books) == 0
    assert reruns[area].writes == (ONLY_REFUSED if area == "products" else {})
    assert all(own.read + own.generated == own.accounted for own in reruns[area].books)


@dataclass
class Stopped:
    """A run in which nothing may be quarantined.

    :param companies: task -> companies the gate stopped; :param written: company -> new or changed target rows.
    """

    companies: dict[str, set[str]]
    written: dict[str, int]
    known: dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def strict_runs(sandbox_process, tmp_path_factory) -> dict[str, Stopped]:
    """A first load of every area whose gates let not a single quarantined row pass."""
    sandbox_process.control("POST", "/reset", WORLD)
    site = Site(sandbox_process, connect(sandbox_process, tmp_path_factory.mktemp("strict")), live=True)
    return {area: run_strictly(site, area) for area in NINE_AREAS}


def run_strictly(site: Site, area: str) -> Stopped:
    mapping = load_mapping(area)
    run = Run(run_key(area), f"fs_{area}", area, Mode.SCHEDULED, Interval(None, datetime.now(UTC)))
    before, stopped = target_rows(site, area), {}
    for task in mapping.enabled_tasks:
        with suppress(DataQualityError):
            site.direct.run_task(mapping, task.model_copy(update={"thresholds": STRICT}), run)
        runs = [one for one in site.direct.ledger.runs() if (one.scope.mapping, one.scope.task) == (area, task.name)]
        stopped[task.name] = {one.scope.legal_entity for one in runs if one.status == "stopped"}
    after = target_rows(site, area)
    written = {company: len([row for row in after[company] if row not in before[company]]) for company in after}
    known = {
        (name, company): site.direct.ledger.fingerprint_count(Scope(area, name, company))
        for name in stopped
        for company in LETTERS
    }
    return Stopped(stopped, written, known)


def target_rows(site: Site, area: str) -> dict[str, list[dict[str, Any]]]:
    """Give the rows in an area's target table by company, as their keys tell."""
    system, entity_set, column, starts = TARGETS[area]
    rows = site.rows(system, entity_set)
    found = {company: [row for row in rows if str(row[column]).startswith(starts[company])] for company in LETTERS}
    if not starts["usmf"]:  # its keys have no letter before the number
        found["usmf"] = [row for row in rows if row not in found["demf"] and row not in found["frrt"]]
    return found


@pytest.mark.parametrize("area", NINE_AREAS)
def test_the_gate_stops_the_company_with_bad_rows_and_lets_the_others_travel(strict_runs, area):
    stopped = strict_runs[area]
    assert set().union(*stopped.companies.values()) == {"usmf"}
    assert stopped.written["demf"] > 0
    assert stopped.written["frrt"] > 0
    for task, companies in stopped.companies.items():
        assert [stopped.known[task, company] for company in companies] == [0] * len(companies)


@pytest.mark.parametrize("area", [area for area in NINE_AREAS if area != "work_orders"])
def test_nothing_of_a_stopped_company_is_written(strict_runs, area):
    assert strict_runs[area].written["usmf"] == 0


@pytest.mark.parametrize("area", [area for area, (system, *_) in TARGETS.items() if system == "finops"])
def test_rows_reach_their_own_company_and_no_other(loaded, area):
    system, entity_set, column, starts = TARGETS[area]
    rows = loaded.tables[system, entity_set]
    own = [row for row in rows if str(row[column]).startswith(tuple(starts.values()))]
    assert {row["dataAreaId"] for row in own} == set(LETTERS)
    assert [row for row in own if not row[column].startswith(starts[row["dataAreaId"]])] == []
