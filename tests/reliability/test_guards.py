"""Guards before the first write: D14 too much of it bad, D15 next to nothing read, S2 another environment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.reliability.plugin import cases
from tests.reliability.site import Site, assert_as_in_peace
from tests.reliability.test_two_writers import writing_requests
from tests.worlds.runner import NO_LIMIT

from fs_integration.errors import ConfigurationError, DataQualityError
from fs_integration.ledger import environments
from fs_integration.pipeline.run import Mode, Run, scopes_of
from fs_integration.records import Interval, Outcome
from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping, MappingTask, Thresholds
from fs_integration.staging import run_key

NOTHING_BAD = Thresholds(max_percent=0, min_rows=0)
SOME_GONE = Thresholds(max_percent=100, min_rows=0)  # of the rows of before, no more than usual
SYSTEMS = {"finance_operations": "finops", "dataverse": "dataverse"}


def a_run(site: Site, name: str, *, full: bool = False) -> Run:
    """Return a run that speaks for a moment after those of the site."""
    moment = site.moment + timedelta(hours=1)
    return Run(run_key(name), f"fs_{site.area}", name, Mode.SCHEDULED, Interval(None, moment), full)


def tasks_of(site: Site, limits: Thresholds) -> Iterator[tuple[Mapping, MappingTask]]:
    area = load_mapping(site.area)
    for task in area.enabled_tasks:
        yield area, task.model_copy(update={"thresholds": limits})


def only(connections: ConnectionSet, companies: set[str]) -> ConnectionSet:
    """Return a connection set that serves these companies only."""
    kept = tuple(each for each in connections.organizations if each.legal_entity in companies)
    return connections.model_copy(update={"organizations": kept})


@pytest.mark.parametrize("area", cases("D14"))
def test_more_bad_rows_than_allowed_stop_the_load_before_the_first_write(area, sites, outcome):
    _, peace = sites.in_peace(area)
    site, stopped = sites.make(area), []
    before, everybody = site.state(), site.pipeline.connections
    for mapping, task in tasks_of(site, NOTHING_BAD):
        bad = {company for company, _, fate in peace[task.name][1] if fate == Outcome.QUARANTINED.value}
        if bad:
            site.pipeline.connections = only(everybody, bad)
            with pytest.raises(DataQualityError, match=r"are quarantined .* clear this run"):
                site.pipeline.run_task(mapping, task, a_run(site, "strict"))
            stopped.append(task.name)
    assert stopped
    assert (site.state(), writing_requests(site)) == (before, 0)
    site.pipeline.connections = everybody
    assert_as_in_peace(site, sites, site.run_area())
    outcome("STOP")


@pytest.mark.parametrize("area", cases("D15"))
def test_a_source_that_is_empty_all_at_once_stops_the_load(area, sites, outcome):
    site, stopped = sites.make(area), []
    everybody = site.pipeline.connections
    site.run_area()
    for _, task in tasks_of(site, SOME_GONE):
        site.landscape.replace(SYSTEMS[task.source.system], task.source.entity, [])
    before = site.state()
    site.landscape.stats.reset()
    for mapping, task in tasks_of(site, SOME_GONE):
        scopes = scopes_of(mapping.mapping, task.name, site.pipeline.companies)
        known = {scope.legal_entity for scope in scopes if site.pipeline.ledger.fingerprint_count(scope)}
        if not known:
            continue  # so nothing is missed
        site.pipeline.connections = only(everybody, known)
        if task.source.changed_since is not None:  # no change is no news
            books = site.pipeline.run_task(mapping, task, a_run(site, "quiet"))
            assert sum(own.read for own in books) == 0
        with pytest.raises(DataQualityError, match=r"0 rows of .* were read"):
            site.pipeline.run_task(mapping, task, a_run(site, "empty", full=True))
        stopped.append(task.name)
    assert stopped
    assert (site.state(), writing_requests(site)) == (before, 0)
    outcome("STOP")


# How a ledger comes to be about another environment: it was copied, the connection was changed, or what it names was.
ELSEWHERE = {
    "organization": ("dataverse", "identity", "00000000-0000-4000-8000-00000000beef"),
    "tenant": ("dataverse", "tenant", "00000000-0000-4000-8000-00000000cafe"),
    "address": ("finance_operations", "address", "https://uat.operations.example"),
}


@pytest.mark.parametrize("what", ELSEWHERE)
@pytest.mark.parametrize("area", cases("S2"))
def test_a_ledger_of_another_environment_stops_the_run_before_it_reads_or_writes(area, what, sites, outcome):
    site, (system, column, value) = sites.make(area), ELSEWHERE[what]
    site.run_area()
    with site.pipeline.ledger.engine.begin() as connection:
        change = f"UPDATE fs_environment SET {column} = ? WHERE system = ?"
        assert connection.exec_driver_sql(change, (value, system)).rowcount
    before, watermarks = site.state(), site.pipeline.ledger.watermarks()
    site.landscape.stats.reset()
    with pytest.raises(ConfigurationError, match=r"another environment .* ledger unpin"):
        site.run_area()
    assert (site.state(), site.pipeline.ledger.watermarks()) == (before, watermarks)
    asked = {name for counts in site.landscape.stats.describe().values() for name in counts["entity_sets"]}
    assert asked <= {"WhoAmI", "other"}  # the other is the token
    outcome("STOP")


@pytest.mark.parametrize("area", ["warehouses", "accounts"])
def test_an_environment_that_is_swapped_during_a_run_is_not_written_into(area, sites):
    site = sites.make(area)
    mapping, task = next(tasks_of(site, NO_LIMIT))
    run, scopes = a_run(site, "swapped"), scopes_of(mapping.mapping, task.name, site.pipeline.companies)
    first, *_ = site.pipeline.up_to_gate(mapping, task, run, scopes).accepted
    with site.pipeline.ledger.engine.begin() as connection:
        copied = "INSERT INTO fs_environment SELECT id, 'dataverse', '', '', 'of another', started FROM "
        connection.exec_driver_sql(f"{copied} fs_scope, (SELECT min(started_at) AS started FROM fs_run)")
    before = site.state()
    with pytest.raises(ConfigurationError, match="of another"):
        site.pipeline.load(first, task, run)
    assert (site.state(), writing_requests(site)) == (before, 0)


def test_finance_and_operations_is_known_by_a_value_where_the_connection_names_one(sites):
    site = sites.make("warehouses", environment_id_from="Warehouses.WarehouseName")
    site.run_area()
    rows = [dict(row) for row in site.landscape.dump("finops", "Warehouses")]
    [found] = {one.identity for _, one in environments.pinned(site.pipeline.ledger) if "finance" in one.system}
    assert found in {str(row["WarehouseName"]).lower() for row in rows}
    for row in rows:
        row["WarehouseName"] = "A copy"
    site.landscape.replace("finops", "Warehouses", rows)
    sites.restart(site, environment_id_from="Warehouses.WarehouseName")
    with pytest.raises(ConfigurationError, match=f"id {found}.* leads to .*id a copy"):
        site.run_area()
