"""A privilege that the application's user lacks on one table, T6: in every area, on its source and on its target."""

from __future__ import annotations

import pytest
from tests.reliability.plugin import cases
from tests.reliability.site import Site
from tests.reliability.trouble import assert_untouched, reads, recover, run_stopped, target_of

from fs_integration.errors import PermissionDenied
from fs_integration.spec.loader import load_mapping
from sandbox.dataverse.tables import SCHEMA

ADVICE = "Give the application user a role with the privilege named here"


def take(site: Site, system: str, table: str, privilege: str) -> str:
    """Take a privilege from the application's user. :returns: what the service calls it in its refusals."""
    limits = site.landscape.environment.limits
    if system == "finops":
        limits.update({"finops": {"switches": {"forbidden_entities": [table]}}})
        return "Access is denied to the data entity"
    name = f"prv{privilege}{SCHEMA.by_set[table].name}"
    limits.update({"dataverse": {"switches": {"forbidden_privileges": [name]}}})
    return name


def give_back(site: Site) -> None:
    """Give the application's user all privileges."""
    site.landscape.environment.limits.update(
        {"finops": {"switches": {"forbidden_entities": []}}, "dataverse": {"switches": {"forbidden_privileges": []}}}
    )


@pytest.mark.parametrize("area", cases("T6"))
@pytest.mark.parametrize("end", ["source", "target"])
def test_a_missing_privilege_stops_the_area_and_is_named(area, end, sites, outcome):
    site = sites.make(area)
    task = load_mapping(area).enabled_tasks[0]
    system, table = target_of(area) if end == "target" else (str(reads(area)["system"]), task.source.entity)
    named = take(site, system, table, "Create" if end == "target" else "Read")
    error = run_stopped(site, PermissionDenied, named)
    assert ADVICE in str(error)
    assert table in str(error)
    assert site.clock.pauses == []  # asking again would not help
    assert_untouched(site)
    give_back(site)
    recover(site, sites)
    outcome("STOP")
