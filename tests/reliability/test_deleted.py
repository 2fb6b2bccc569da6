"""Rows that are deleted at the source, D20: what the other side has of them stays, but stock that is gone is zero."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.reliability.catalogue import STOCK
from tests.reliability.plugin import cases
from tests.reliability.rows import KINDS, arriving, crew, head_of
from tests.reliability.site import Site, books_balance
from tests.reliability.test_cursors import put_all_into, remove
from tests.reliability.whole import written_by
from tests.worlds.model import Row, World
from tests.worlds.runner import VOLATILE

from fs_integration.spec.loader import load_mapping

STOCK_TABLE, NUMBER = "msdynce_externalproductinventories", "msdynce_externalproductinventoryid"


def target_rows(site: Site) -> dict[str, list[Row]]:
    """Return what the target tables of the area hold, without moments and counters."""
    dump = site.dump()
    names = {task.target.table for task in load_mapping(site.area).enabled_tasks}
    return {
        name: [{key: value for key, value in row.items() if key not in VOLATILE} for row in dump[name]]
        for name in names
    }


def delete_at_the_source(site: Site, world: World, row: Row) -> None:
    """Delete a row, its whole document where it has one; of stock all rows of its item."""
    kind = KINDS[site.area]
    head = head_of(world, site.area, row)
    gone = [head]
    if site.area in STOCK:
        gone = [one for one in world.finops[kind.rows] if one[kind.number] == head[kind.number]]
    for one in gone:
        remove(world, site.area, one)
    put_all_into(site, world)


@pytest.mark.parametrize("area", cases("D20"))
def test_what_is_deleted_at_the_source_stays_as_it_is_and_stock_becomes_zero(area, sites, outcome):
    """Every run after it ends well; the books say of how many rows the stock was zeroed."""
    world = crew(area)
    site = sites.make(area, world=world)
    site.run_area()
    before = target_rows(site)
    row = arriving(world, area)[0]
    delete_at_the_source(site, world, row)
    result = site.run_area()
    assert books_balance(result)
    generated = sum(own.generated for books, _ in result.values() for own in books)
    after = target_rows(site)
    if area not in STOCK:
        assert (after, written_by(result), generated) == (before, 0, 0)
        outcome("OK")
        return
    changed = [one for one in after[STOCK_TABLE] if one not in before[STOCK_TABLE]]
    assert changed
    assert len(changed) == generated
    zeroed = load_mapping(area).tasks[0].target.vanished.set
    assert all(one[name] == value for one in changed for name, value in zeroed.items())
    assert Counter(one[NUMBER] for one in after[STOCK_TABLE]) == Counter(one[NUMBER] for one in before[STOCK_TABLE])
    again = site.run_area()
    assert (target_rows(site), written_by(again)) == (after, 0)
    outcome("REP")
