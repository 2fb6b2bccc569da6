"""Runs that come twice, too late, in another order or from the middle: S11 to S13, W5, W8."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.reliability.plugin import cases
from tests.reliability.rows import arriving, assert_holds, crew, judge, put_into
from tests.reliability.site import assert_as_in_peace
from tests.reliability.steps import Killed, tasks_of

from fs_integration.ledger import Ledger
from fs_integration.pipeline.run import Mode
from fs_integration.records import Interval

HOURS = {"the rows": (-3, 0), "the rows and more": (-8, 0)}  # worlds are an hour old
SEVERAL = settings(
    derandomize=True, max_examples=2, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def writing_requests(site):
    """Return how many requests other than reads both systems got since the statistics were last reset."""
    systems = site.landscape.stats.describe()
    tallies = [
        item for name in ("finops", "dataverse") for item in systems.get(name, {}).get("entity_sets", {}).values()
    ]
    return sum(tally["requests"] - tally["methods"].get("GET", 0) for tally in tallies)


@pytest.mark.parametrize("area", cases("S11"))
def test_backfills_in_any_order_beside_the_schedule_end_as_one_run_does(area, sites, outcome):
    @SEVERAL
    @given(st.permutations([*HOURS, "the rows", "scheduled"]))
    def try_order(order):
        site = sites.make(area)
        now = datetime.now(UTC)
        for number, name in enumerate(order):
            start, end = HOURS.get(name, (0, 0))
            window = Interval(now + timedelta(hours=start), now + timedelta(hours=end)) if name in HOURS else None
            mode = Mode.STATELESS if name in HOURS else Mode.SCHEDULED
            for task in tasks_of(site, f"{name} {number}", mode=mode, window=window):
                task.go()
                assert task.balance()
        assert_as_in_peace(site, sites, {})

    try_order()
    outcome("OK")


@pytest.mark.parametrize("area", cases("S12"))
def test_the_watermark_moves_last_and_only_once_the_load_is_confirmed(area, sites, monkeypatch, outcome):
    def killed(*_, **__):
        raise Killed

    site = sites.make(area)
    for task in tasks_of(site, "watched"):
        for step in task.steps[:4]:
            step()
            assert task.watermarks() == [None] * len(task.scopes)
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "close_run", killed)
            with pytest.raises(Killed):
                task.reconcile()
        assert task.watermarks() == [None] * len(task.scopes)
        task.reconcile()
        assert task.balance()
        assert task.watermarks() == [task.run.as_of] * len(task.scopes)
    assert_as_in_peace(site, sites, {})
    outcome("RES")


@pytest.mark.parametrize("area", cases("S13"))
def test_a_task_that_is_cleared_runs_again_from_the_middle_without_a_second_effect(area, sites, outcome):
    site = sites.make(area, world=crew(area))
    for task in tasks_of(site, "cleared"):
        task.go()
        site.landscape.stats.reset()
        for step in (1, 2, 3, 4):
            task.go(step)
            assert task.balance()
        assert writing_requests(site) == 0
    assert_holds(site, judge(area, crew(area)))
    outcome("OK")


@pytest.mark.parametrize("area", cases("W5"))
def test_a_run_that_had_finished_changes_nothing_when_it_runs_again(area, sites, outcome):
    site = sites.make(area, world=crew(area))
    for task in tasks_of(site, "finished"):
        task.go()
    after = site.dump()
    site.landscape.stats.reset()
    for task in tasks_of(site, "finished"):
        task.go()
        assert task.balance()
        assert sum(books.created + books.updated for books in task.books) == 0
    assert writing_requests(site) == 0
    assert site.dump() == after
    outcome("OK")


CHANGES = {
    "accounts": ("address1_city", "Elsewhere"), "warehouses": ("WarehouseName", "Elsewhere"),
    "products": ("ProductDescription", "Changed"), "projects": ("ProjectName", "Changed"),
    "inventory_adjustments": ("msdyn_quantity", 7), "inventory_transfers": ("msdyn_quantity", 7),
    "work_orders": ("msdyn_workordersummary", "Changed"), "product_inventory": ("OnHandQuantity", 77),
    "agreement_invoices": ("name", "Changed"),
}  # fmt: skip


@pytest.mark.parametrize("area", cases("W8"))
def test_an_old_run_that_goes_on_after_a_newer_one_overwrites_nothing(area, sites, outcome):
    world = crew(area)
    site = sites.make(area, world=world)
    old = list(tasks_of(site, "old"))
    old[0].go(0, 3)  # it has read, and waits for its turn to write
    name, value = CHANGES[area]
    arriving(world, area)[0][name] = value
    put_into(site, world, area)
    for task in tasks_of(site, "newer", window=Interval(None, datetime.now(UTC) + timedelta(seconds=1))):
        task.go()
        assert task.balance()
    after = site.state()
    assert_holds(site, judge(area, world))
    watermarks = old[0].watermarks()
    old[0].go(3)
    for task in old[1:]:
        task.go()
    assert all(task.balance() for task in old)
    assert sum(books.skipped for books in old[0].books) >= 1
    assert old[0].watermarks() == watermarks
    assert site.state() == after
    outcome("OK")
