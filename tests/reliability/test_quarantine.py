"""Rows held back: D5 lets them go by themselves when their parent arrives, a replay when a person asks for it."""

from __future__ import annotations

import functools
import logging
import re

import pandas as pd
import pytest
from tests.reliability.catalogue import CHILDREN
from tests.reliability.parents import family
from tests.reliability.plugin import cases
from tests.reliability.rows import crew, double
from tests.reliability.site import books_balance
from tests.worlds.model import BLOCKED, QUARANTINED, WRITTEN

from fs_integration.errors import ConfigurationError
from fs_integration.frames import typed_key
from fs_integration.ledger.selection import digest
from fs_integration.records import Selection


def rows_that(result, *outcomes):
    """Return the source rows that ended so, by task, company and key."""
    return {
        (task, company, key)
        for task, (_, fates) in result.items()
        for company, key, outcome in fates
        if outcome in outcomes
    }


def lines_about(site, rows, *, closed=False):
    """Return the lines about rows, by task, company and key."""
    ledger = site.pipeline.ledger
    lines = ledger.whole_quarantine() if closed else ledger.open_quarantine()
    names = list(zip(lines["task"], lines["legal_entity"], lines["row_key"], strict=True))
    return lines[[name in rows for name in names]]


def open_rows(site):
    """Return the rows with open lines, by task, company and key."""
    lines = site.pipeline.ledger.open_quarantine()
    return set(zip(lines["task"], lines["legal_entity"], lines["row_key"], strict=True))


def change_levels(site, world, quantity=88):
    """Let the source say another quantity of all stock."""
    levels = [{**row, "OnHandQuantity": quantity} for row in world.finops["WarehousesOnHandV2"]]
    site.landscape.replace("finops", "WarehousesOnHandV2", levels)


@functools.cache
def peace_of(area, sites):
    """Return books and end state of a run in which the parent is there from the beginning; made once per area."""
    site = sites.make(area, name="peace", world=family(area)[0])
    return site.run_area(), site.state()


def orphaned(area, sites):
    """Run an area while a parent is missing. :returns: site, world, parent, orphans, and what a run in peace left."""
    peace, state = peace_of(area, sites)
    world, parent = family(area)
    site = sites.make(area, world=world)
    parent.take_away(site, world)
    result = site.run_area()
    arrived, orphans = rows_that(result, WRITTEN), rows_that(peace, WRITTEN) - rows_that(result, WRITTEN)
    assert arrived
    assert orphans
    assert arrived < rows_that(peace, WRITTEN)
    assert orphans <= rows_that(result, QUARANTINED, BLOCKED)
    assert books_balance(result)
    return site, world, parent, orphans, state


@pytest.mark.parametrize("area", cases("D5"))
def test_a_row_whose_parent_is_missing_waits_for_it_and_then_travels_by_itself(area, sites, outcome):
    site, world, parent, orphans, state = orphaned(area, sites)
    held = lines_about(site, orphans)
    assert held["reason"].str.contains(parent.named, flags=re.IGNORECASE).any(), held["reason"].tolist()
    parent.put_back(site, world)
    assert books_balance(site.run_area())
    assert site.state() == state
    assert not len(lines_about(site, orphans))
    assert set(lines_about(site, orphans, closed=True)["state"]) == {"replayed"}
    outcome("QUA")


@pytest.mark.parametrize("area", CHILDREN)
def test_a_replay_offers_exactly_the_rows_held_back_and_twice_is_once(area, sites):
    site, world, parent, orphans, state = orphaned(area, sites)
    parent.put_back(site, world)
    watermarks, held = site.watermarks(), open_rows(site)
    wanted = Selection(run=f"run-{site.count}")
    result = site.replay(wanted)
    assert books_balance(result)
    assert orphans <= rows_that(result, WRITTEN)
    assert site.state() == state
    assert open_rows(site) == held - orphans
    assert site.watermarks() == watermarks
    again = site.replay(wanted)  # what is still wrong was reported by the first replay
    assert [own.read for books, _ in again.values() for own in books if own.read] == []
    assert open_rows(site) == held - orphans
    site.run_area()
    assert site.state() == state


@pytest.mark.parametrize("area", ["product_inventory", "inventory_adjustments"])
def test_a_replay_leaves_alone_what_was_not_chosen(area, sites):
    site, world, parent, orphans, _ = orphaned(area, sites)
    first = sorted(orphans)[0]
    other_lines = lines_about(site, open_rows(site) - orphans)
    parent.put_back(site, world)
    before = site.dump()
    result = site.replay(Selection(key=typed_key(first[2])))
    assert first in rows_that(result, WRITTEN)
    assert rows_that(result, WRITTEN) <= orphans
    assert set(other_lines["id"]) <= set(site.pipeline.ledger.open_quarantine()["id"])
    assert sum(own.generated for books, _ in result.values() for own in books) == 0, "a replay misses no row"
    assert site.dump() != before


def test_a_replay_that_finds_nothing_open_succeeds_and_says_so(sites, caplog):
    site, _, _, _, _ = orphaned("projects", sites)
    before = site.dump()
    with caplog.at_level(logging.INFO, logger="fs_integration"):
        result = site.replay(Selection(rule="no_such_rule"))
    assert [own.read for books, _ in result.values() for own in books if own.read] == []
    assert "Nothing is held back in projects that matches rule `no_such_rule`" in caplog.text
    assert site.dump() == before


def test_twins_are_offered_together_so_that_neither_passes_alone(sites):
    world = crew("projects")
    double(world, "projects")
    site = sites.make("projects", world=world)
    site.run_area()
    lines = site.pipeline.ledger.open_quarantine()
    twins = lines[lines["rule"] == "several_companies"]
    assert len(twins) == 2
    before = site.dump()
    one = twins.iloc[0]
    result = site.replay(Selection(key=one["row_key"], company=one["legal_entity"]))
    assert len(rows_that(result, QUARANTINED)) >= 2
    assert site.dump() == before


@pytest.mark.fault("X16")
def test_a_replay_of_lines_that_are_no_longer_what_was_seen_is_refused(sites, outcome):
    site, world, parent, orphans, _ = orphaned("product_inventory", sites)
    wanted = Selection(rule=str(lines_about(site, orphans)["rule"].iloc[0]))
    seen = digest(site.pipeline.ledger.select_quarantine("product_inventory", wanted))
    change_levels(site, world)
    site.run_area()  # reports the rows anew, with other values
    parent.put_back(site, world)
    before, lines = site.dump(), site.pipeline.ledger.open_quarantine()
    with pytest.raises(ConfigurationError, match=r"no longer what was seen.*Nothing was read or written"):
        site.replay(wanted, seen=seen)
    assert site.dump() == before
    pd.testing.assert_frame_equal(site.pipeline.ledger.open_quarantine(), lines)
    now = digest(site.pipeline.ledger.select_quarantine("product_inventory", wanted))
    assert orphans <= rows_that(site.replay(wanted, seen=now), WRITTEN)
    outcome("STOP")


@pytest.mark.fault("X16")
def test_a_replay_writes_what_the_source_says_now_and_judges_it_anew(sites, outcome):
    site, world, parent, orphans, _ = orphaned("product_inventory", sites)
    parent.put_back(site, world)
    change_levels(site, world, 5_000_000_000)  # more than Field Service takes
    before = site.dump()
    result = site.replay(Selection(run=f"run-{site.count}"))
    assert orphans <= rows_that(result, QUARANTINED)
    assert site.dump() == before
    change_levels(site, world, 77)
    result = site.replay(Selection(run=f"run-{site.count}"))
    assert orphans <= rows_that(result, WRITTEN)
    assert 77 in [row.get("msdynce_onhandquantity") for rows in site.dump().values() for row in rows]
    outcome("STOP")


@pytest.mark.fault("X16")
def test_a_line_that_a_person_discarded_is_not_replayed_unless_it_is_reported_anew(sites, outcome):
    site, world, parent, orphans, _ = orphaned("inventory_adjustments", sites)
    ledger = site.pipeline.ledger
    lines = lines_about(site, orphans)
    assert ledger.discard_quarantine(lines["id"].tolist(), by="Ada", note="entered by hand") == len(lines)
    parent.put_back(site, world)
    before = site.dump()
    for wanted in (Selection(run=f"run-{site.count}"), Selection(key=sorted(orphans)[0][2])):
        assert not orphans & rows_that(site.replay(wanted), WRITTEN, QUARANTINED, BLOCKED)
    site.run_area()  # reads changes, and nobody changed these rows
    assert site.dump() == before
    assert set(lines_about(site, orphans, closed=True)["state"]) == {"discarded"}
    outcome("STOP")
