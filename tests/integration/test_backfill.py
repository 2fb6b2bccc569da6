"""Backfills and repeated old runs: any order gives the same end state, and the watermark belongs to scheduled runs."""

from __future__ import annotations

from datetime import timedelta

from tests.integration.conftest import WORLD

from fs_integration.pipeline.run import Mode
from fs_integration.records import Scope


def stock_scope(site) -> Scope:
    run = next(run for run in site.direct.ledger.runs() if run.scope.mapping == "product_inventory")
    return Scope(run.scope.mapping, run.scope.task, "usmf")


def test_a_scheduled_run_moves_the_watermark_to_the_end_of_its_interval(stocked):
    assert stocked.direct.ledger.watermark(stock_scope(stocked)) == stocked.moment


def test_a_stateless_run_leaves_the_watermark_where_it_was(stocked):
    before = stocked.direct.ledger.watermark(stock_scope(stocked))
    stocked.run("product_inventory", mode=Mode.STATELESS, end=before + timedelta(hours=1))
    assert stocked.direct.ledger.watermark(stock_scope(stocked)) == before


def test_an_older_run_never_overwrites_what_a_newer_one_wrote(stocked):
    newest = stocked.levels()
    stocked.sandbox.control("POST", "/scm/activity", {"count": 5, "seed": 4})
    books = stocked.run("product_inventory", mode=Mode.STATELESS, end=stocked.moment - timedelta(days=3))
    assert stocked.written() == 0
    assert stocked.levels() == newest
    assert sum(own.skipped for own in books) > 0
    for own in books:
        assert own.read + own.generated == own.accounted


def test_an_old_scheduled_run_that_is_cleared_becomes_stateless(stocked):
    before = stocked.direct.ledger.watermark(stock_scope(stocked))
    newest = stocked.levels()
    stocked.sandbox.control("POST", "/scm/activity", {"count": 5, "seed": 5})
    stocked.run("product_inventory", end=before - timedelta(days=2), run_id="scheduled__old")
    assert stocked.direct.ledger.watermark(stock_scope(stocked)) == before
    assert stocked.levels() == newest


def test_an_older_run_does_not_overwrite_what_a_newer_one_found_unchanged(stocked):
    old = stocked.moment + timedelta(seconds=30)
    stocked.run("product_inventory")  # a minute later; nothing changed, so nothing was written
    newest = stocked.levels()
    rows = stocked.rows("finops", "WarehousesOnHandV2")
    stocked.replace("finops", "WarehousesOnHandV2", rows[: len(rows) * 8 // 10])
    stocked.sandbox.control("POST", "/scm/activity", {"count": 20, "seed": 6})
    books = stocked.run("product_inventory", end=old, run_id="scheduled__cleared")
    assert stocked.written() == 0
    assert stocked.levels() == newest
    assert sum(own.skipped for own in books) > 0
    assert sum(own.generated for own in books) == 0


def test_an_older_run_does_not_zero_what_a_newer_one_wrote(stocked):
    newest = stocked.levels()
    rows = stocked.rows("finops", "WarehousesOnHandV2")
    stocked.replace("finops", "WarehousesOnHandV2", rows[: len(rows) * 8 // 10])
    books = stocked.run("product_inventory", mode=Mode.STATELESS, end=stocked.moment - timedelta(days=3))
    assert sum(own.generated for own in books) == 0
    assert stocked.levels() == newest


def test_backfills_in_any_order_end_alike(snapshots, world, tmp_path):
    levels = []
    for order in ((1, 2, 3), (3, 1, 2), (2, 3, 1)):
        world.control("POST", "/reset", WORLD)
        site = snapshots["ready"].open(world, tmp_path / "-".join(map(str, order)))
        start = site.moment
        for day in order:
            site.run(
                "product_inventory", mode=Mode.STATELESS, end=start + timedelta(days=day), run_id=f"backfill__{day}"
            )
        levels.append(site.levels())
        assert site.direct.ledger.watermark(stock_scope(site)) is None
    assert levels[0]
    assert levels[0] == levels[1] == levels[2]
