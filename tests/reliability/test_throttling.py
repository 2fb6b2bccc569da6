"""Services that ask for less load, T1 to T3: in every area."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from email.utils import format_datetime

import pytest
from tests.reliability.catalogue import TO_FIELD_SERVICE
from tests.reliability.plugin import cases
from tests.reliability.refusing import Refusal, dataverse_error
from tests.reliability.rows import arriving, assert_holds, crew, judge, lost, without
from tests.reliability.site import Site
from tests.reliability.steps import tasks_of
from tests.reliability.test_batches import BATCH, by_batch
from tests.reliability.trouble import (
    WRITES,
    Place,
    assert_met,
    assert_untouched,
    in_turn,
    reads,
    recover,
    run_stopped,
    run_through,
)

from fs_integration.clients.settings import Limits
from fs_integration.errors import Throttled

A_DAY = 86_400
# Codes of Dataverse for too many requests, too much execution time, and too many requests at once; Finance & Operations
# has none for high resource utilization.
FACETS = {"dataverse": ("0x80072322", "0x80072321", "0x80072326"), "finops": ("",)}


def early_requests(site: Site) -> int:
    """Return how many requests came while a service had asked for silence."""
    return sum(counts["early_requests"] for counts in site.landscape.stats.describe().values())


@pytest.mark.parametrize("area", cases("T1"))
def test_the_service_says_how_long_to_wait(area, sites, outcome):
    """In seconds, as a date, not at all, as less than nothing; the last two leave it to us."""
    site = sites.make(area)
    date = format_datetime(site.clock.moment() + timedelta(seconds=200), usegmt=True)
    wishes = [("status", {"status": 429, "retry_after": wish}) for wish in ("40", date, None, "-5")]
    run_through(site, sites, *in_turn(*wishes, at=[reads(area), WRITES]))
    pauses = site.clock.pauses
    assert any(40 <= pause < 42 for pause in pauses)
    assert any(140 < pause < 202 for pause in pauses)
    assert min(pauses) > 0
    assert early_requests(site) == 0
    outcome("OK")


@pytest.mark.parametrize("area", cases("T1"))
def test_a_service_that_asks_for_a_day_is_not_waited_for(area, sites, outcome):
    site = sites.make(area)
    run_stopped(site, Throttled, "less load|asked for a pause",
                {**reads(area), "action": "status", "args": {"status": 429, "retry_after": A_DAY}})  # fmt: skip
    assert site.clock.slept <= Limits.total
    assert_untouched(site)
    site.clock.sleep(A_DAY)
    recover(site, sites)
    outcome("RES")


def storm(area: str) -> list[Place]:
    """Return faults in which an area meets each kind of throttling of both services, one after the other."""
    places = {str(reads(area)["system"]): reads(area)}
    writes = "dataverse" if area in TO_FIELD_SERVICE else "finops"
    places.setdefault(writes, {**WRITES, "system": writes})
    refusals = {
        system: [("status", {"status": 429, "code": code, "retry_after": 30}) for code in codes]
        for system, codes in FACETS.items()
    }
    return [fault for system, place in places.items() for fault in in_turn(*refusals[system], at=[place])]


@pytest.mark.parametrize("area", cases("T2"))
def test_a_storm_of_refusals_is_outlasted_in_silence(area, sites, outcome, caplog):
    site = sites.make(area)
    caplog.set_level("INFO", "fs_integration.clients.limiter")
    run_through(site, sites, *storm(area))
    assert early_requests(site) == 0
    assert "requests at once: the service asked for less load" in caplog.text
    assert site.clock.slept >= 30 * 4
    outcome("OK")


@pytest.mark.parametrize("area", cases("T2"))
def test_a_service_whose_limits_are_reached_all_the_time_is_not_hammered(area, sites, outcome):
    """The limits themselves: a few requests per window, and every fourth one meets an overloaded server."""
    site = sites.make(area)
    limits = {"requests": 10, "window_seconds": 20.0, "concurrency": 2, "overload_every": 4}
    site.landscape.environment.limits.update({"dataverse": limits, "finops": limits})
    run_through(site, sites)
    statuses = [counts["statuses"].get("429", 0) for counts in site.landscape.stats.describe().values()]
    assert sum(statuses) > 2
    assert early_requests(site) == 0
    outcome("OK")


@pytest.mark.parametrize("area", cases("T3"))
def test_only_the_parts_of_a_batch_that_were_throttled_are_sent_again(area, sites, monkeypatch, outcome):
    world = crew(area)
    target, _ = lost(area, world, without(world, area, arriving(world, area)[0]))
    site = sites.make(area, world=world)
    written = Refusal(target, key=(), error=dataverse_error("", "")).put(monkeypatch)  # it refuses no row, only looks
    site.faults({**BATCH, "args": {"how": "refuse", "parts": [1], "status": 429, "retry_after": 30}})
    for task in tasks_of(site, "throttled", area=by_batch(area)):
        task.go()
        assert task.balance()
    assert_met(site)
    assert_holds(site, judge(area, world))
    assert len(written.met) > 1
    assert set(Counter(written.met).values()) == {1}
    assert early_requests(site) == 0
    outcome("OK")
