"""Copies of one good row that differ in one value each, and what the plain reference is told of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.reliability.rows import KINDS, arriving, assert_judged, clone, crew, judge, parts_of, spoil
from tests.reliability.site import Sites
from tests.worlds.model import Row, World

BAD = object()  # the row must be held back
ABSENT = object()  # the column is not there
SAME = object()  # the reference is told what the world holds


@dataclass(frozen=True)
class Variant:
    """One copy.

    :param column: what differs; :param value: what the world holds; :param told: what the reference is told instead.
    """

    column: str
    value: Any
    told: Any = SAME


def try_variants(area: str, sites: Sites, variants: Iterable[Variant]) -> None:
    """Run an area on a world with these copies and compare with the reference."""
    world, told = worlds_with(area, variants)
    assert len(arriving(told, area)) > 1
    site = sites.make(area, world=world)
    assert_judged(site, site.run_area(), judge(area, told))


def worlds_with(area: str, variants: Iterable[Variant]) -> tuple[World, World]:
    """Return the world to run, and the one to ask the reference about."""
    world, told = crew(area), crew(area)
    models = arriving(world, area)[0], arriving(told, area)[0]
    for number, variant in enumerate(variants, start=1):
        _put(world, area, models[0], variant, f"V{number}", variant.value)
        _put(told, area, models[1], variant, f"V{number}", variant.value if variant.told is SAME else variant.told)
    return world, told


def _put(world: World, area: str, model: Row, variant: Variant, number: str, value: Any) -> None:
    head = clone(world, area, model, number)
    rows = [head, *parts_of(world, area, head)]
    if value is BAD:
        spoil(world, area, rows[-1] if KINDS[area].heads != KINDS[area].rows else head)
        return
    row = next((one for one in rows if variant.column in one), head)
    if value is ABSENT:
        row.pop(variant.column, None)
    else:
        row[variant.column] = value


def numbered(area: str, numbers: Iterable[str], *, told: Callable[[str], str] = str) -> tuple[World, World]:
    """Return a world with copies of a row under these numbers, and the one to ask the reference about."""
    world, other = crew(area), crew(area)
    for number in numbers:
        clone(world, area, arriving(world, area)[0], number)
    other = copy.deepcopy(world)
    kind = KINDS[area]
    for row in other.tables(kind.system)[kind.heads]:
        row[kind.number] = told(row[kind.number])
    return world, other
