"""More rows than memory, W6: what a run holds does not grow with its source, and running out of it loses nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from tests.reliability.between import small_pages
from tests.reliability.crash import SMALLEST, noted, points_of, recover
from tests.reliability.rows import arriving, crew
from tests.reliability.site import assert_as_in_peace
from tests.reliability.steps import tasks_of
from tests.reliability.tried import Tried
from tests.worlds.model import Row, World

from fs_integration.points import watched
from fs_integration.records import Interval
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping

AREA = "warehouses"
BATCH_ROWS = 200
ROWS = 3_600  # 18 batches
SAMPLED = 6  # points of each area at which memory runs out; W1 tries them all with a kill
AREAS_SHORT = ("accounts", "inventory_adjustments", "product_inventory")  # one of each way to write
READS = ("http.send GET", "http.answered GET")
KILOBYTE = "description " * 85


@dataclass
class Taken:
    """Notes at every side effect how many bytes columns take. :ivar most: more than before, at most."""

    before: int = field(default_factory=pa.total_allocated_bytes)
    most: int = 0

    def __call__(self, name: str) -> None:
        self.most = max(self.most, pa.total_allocated_bytes() - self.before)


def world_of_many(rows: int) -> World:
    """Return a world with so many warehouses of one company, a kilobyte each."""
    world = crew(AREA)
    model: Row = arriving(world, AREA)[0]
    world.companies = [company for company in world.companies if company.name == model["dataAreaId"]]
    made = [{**model, "WarehouseId": f"{number:06}", "WarehouseName": KILOBYTE} for number in range(rows)]
    world.finops["Warehouses"] = made
    return world


def in_small_batches() -> Mapping:
    mapping = load_mapping(AREA)
    tasks = [
        task.model_copy(update={"source": task.source.model_copy(update={"batch_rows": BATCH_ROWS})})
        for task in mapping.tasks
    ]
    return mapping.model_copy(update={"tasks": tuple(tasks)})


@pytest.mark.fault("W6")
def test_a_run_never_holds_its_whole_source(sites, outcome):
    site, taken = sites.make(AREA, world=world_of_many(ROWS), name="many"), Taken()
    with small_pages(site, BATCH_ROWS), watched(taken):
        for task in tasks_of(site, "many", window=Interval(None, datetime.now(UTC)), area=in_small_batches()):
            task.go()
            assert len(task.refs) == ROWS // BATCH_ROWS
            assert task.balance()
            assert sum(own.created for own in task.books) == ROWS
    assert BATCH_ROWS * len(KILOBYTE) < taken.most < ROWS * len(KILOBYTE) / 2
    outcome("OK")


class OutOfMemory:
    """Lets memory run out at a point, once; other threads go on. :param at: number of the point, from 1 on."""

    def __init__(self, at: int) -> None:
        self._left, self._guard = at, threading.Lock()

    def __call__(self, name: str) -> None:
        with self._guard:
            self._left -= 1
            if self._left == 0:
                raise MemoryError(name)


@pytest.mark.fault("W6")
@pytest.mark.parametrize("area", AREAS_SHORT)
def test_a_run_that_runs_out_of_memory_is_completed(area, sites, outcome):
    names = points_of(area, sites)
    writes = [number for number, name in enumerate(names, 1) if not name.startswith(READS)]
    for number in writes[:: len(writes) // SAMPLED]:
        site = sites.make(area, SMALLEST[area], name="short")
        site.pipeline = Tried.of(site.pipeline)
        with noted(f"{area} ran out of memory at {number}, {names[number - 1]}"):
            with pytest.raises(MemoryError), watched(OutOfMemory(number)):
                site.run_area()
            assert_as_in_peace(site, sites, recover(site, sites, again=number % 2 == 0), SMALLEST[area])
    outcome("RES")
