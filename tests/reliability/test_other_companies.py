"""Rows of another company, D19: neither read nor written, whatever numbers they have."""

from __future__ import annotations

import copy

import pytest
from tests.reliability.plugin import cases
from tests.reliability.rows import KINDS, assert_judged, clone, crew, head_of, judge, parts_of, rows_of
from tests.worlds.model import Row, World
from tests.worlds.pieces import ROOT_UNIT, unit_id

COMPANY = "dataAreaId"
OTHER = "zz01"  # a company that the connection set does not serve
UNIT = "owningbusinessunit"


def with_another_company(world: World, area: str) -> World:
    """Return a world in which another company has all rows of Finance & Operations, and all documents, as well."""
    mixed = copy.deepcopy(world)
    first = world.companies[0].name
    for table in mixed.finops.values():
        table += [{**row, COMPANY: OTHER} for row in table if row.get(COMPANY) == first]
    mixed.dataverse["businessunits"].append(
        {"businessunitid": unit_id(OTHER), "name": OTHER.upper(), "parentbusinessunitid": ROOT_UNIT}
    )
    if KINDS[area].system == "dataverse":
        for row in {id(head_of(mixed, area, one)): one for one in rows_of(mixed, area)}.values():
            _copy_document(mixed, area, row)
    return mixed


def _copy_document(world: World, area: str, row: Row) -> None:
    """Give the other company a document of the same number."""
    number = head_of(world, area, row)[KINDS[area].number]
    head = clone(world, area, row, f"{OTHER}{number}")
    head[KINDS[area].number] = number
    for one in (head, *parts_of(world, area, head)):
        one[UNIT] = unit_id(OTHER)


@pytest.mark.parametrize("area", cases("D19"))
def test_rows_of_a_company_that_is_not_served_are_neither_read_nor_touched(area, sites, outcome):
    """It has rows of the same keys on both sides; one of them read, or taken for ours, would change what is written."""
    world = crew(area)
    mixed = with_another_company(world, area)
    added = sum(map(len, (*mixed.finops.values(), *mixed.dataverse.values())))
    assert added > 1 + sum(map(len, (*world.finops.values(), *world.dataverse.values())))
    site = sites.make(area, world=mixed)
    foreign = rows_of_the_other(site.dump())
    assert_judged(site, site.run_area(), judge(area, world))
    assert rows_of_the_other(site.dump()) == foreign
    outcome("OK")


def rows_of_the_other(dump: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Return what belongs to the other company."""
    return {
        name: [row for row in rows if row.get(COMPANY) == OTHER or row.get(UNIT) == unit_id(OTHER)]
        for name, rows in dump.items()
    }
