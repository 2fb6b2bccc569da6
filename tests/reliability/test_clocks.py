"""Clocks that disagree, jump, or reach a date that programs have stumbled over: T7 and T8, in every area."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.reliability.plugin import cases
from tests.reliability.rows import arriving, assert_holds, clone, judge
from tests.reliability.site import Site, books_balance
from tests.reliability.test_cursors import SECOND, aged_crew, change
from tests.worlds.model import World

MINUTE = timedelta(minutes=1)
SCHEDULE = 15 * MINUTE
ODD_MOMENTS = {
    "change to summer time": datetime(2027, 3, 28, 1, 0, tzinfo=UTC),
    "leap day": datetime(2028, 2, 29, 0, 0, tzinfo=UTC),
    "end of 32-bit time": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
}


def server_moment(site: Site) -> datetime:
    """Return the moment by the clock of the services."""
    return site.landscape.environment.clock.now()


def jump(site: Site, by: timedelta) -> None:
    """Move the clock of the services, and not ours."""
    site.landscape.environment.clock.advance(by.total_seconds())


def wait(site: Site, span: timedelta) -> None:
    """Let time pass everywhere."""
    site.clock.sleep(span.total_seconds())
    site.moment += span


def assert_next_run_brings(site: Site, world: World, number: int) -> None:
    """Change a row as a person does, by the clock of the services; the next scheduled run must bring it."""
    change(site, world, number, server_moment(site) + 2 * SECOND)
    wait(site, SCHEDULE)
    assert books_balance(site.run_area())
    assert_holds(site, judge(site.area, world))


@pytest.mark.parametrize("area", cases("T7"))
@pytest.mark.parametrize("minutes", [-10, 10], ids=["behind", "ahead"])
def test_a_change_arrives_although_the_services_clock_is_ten_minutes_off(area, minutes, sites, outcome):
    world = aged_crew(area)
    site = sites.make(area, world=world)
    jump(site, minutes * MINUTE)
    site.run_area()
    assert_next_run_brings(site, world, 0)
    outcome("OK")


@pytest.mark.parametrize("area", cases("T7"))
def test_changes_arrive_across_dates_that_programs_stumble_over(area, sites, outcome, monkeypatch):
    """On a worker in a time zone with summer time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    world = aged_crew(area)
    clone(world, area, arriving(world, area)[0], "XX-9")  # one row per date
    site = sites.make(area, world=world)
    site.run_area()
    for number, moment in enumerate(ODD_MOMENTS.values()):
        wait(site, moment - MINUTE - server_moment(site))
        assert_next_run_brings(site, world, number)
        assert site.watermarks()[0] > moment
    monkeypatch.undo()
    time.tzset()
    outcome("OK")


@pytest.mark.parametrize("area", cases("T8"))
def test_a_change_arrives_although_the_services_clock_has_jumped_back(area, sites, outcome):
    """By less than the overlap with which changes are read (docs/mapping-reference.md)."""
    world = aged_crew(area)
    site = sites.make(area, world=world)
    site.run_area()
    jump(site, -8 * MINUTE)
    assert_next_run_brings(site, world, 0)
    outcome("OK")
