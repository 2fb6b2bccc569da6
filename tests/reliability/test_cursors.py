"""Where a run reads on, and what it reads page by page: S1, S3 to S6.

The cursor is the watermark in the ledger. Sources of Dataverse are read from it on; those of Finance & Operations are
read whole, and the watermark says only which run was the newest.
"""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.reliability.between import (
    NEXT,
    AfterFirstPage,
    Answer,
    answer_with,
    is_read_of,
    page_of,
    small_pages,
    standing_between,
)
from tests.reliability.plugin import cases
from tests.reliability.rows import KINDS, PARTS, arriving, assert_holds, clone, crew, head_of, judge, parts_of, spoil
from tests.reliability.site import (
    Site,
    assert_as_in_peace,
    assert_one_run_as_in_peace,
    books_balance,
    open_ledger,
    world_of,
)
from tests.reliability.steps import tasks_of
from tests.reliability.test_order_of_runs import CHANGES, writing_requests
from tests.worlds.model import Row, World

from fs_integration.errors import MappingError, ServiceUnavailable
from fs_integration.records import Interval
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import ChangedSince, Mapping, MappingTask
from sandbox.http import Request, Response

SECOND = timedelta(seconds=1)
RELEASED = "CDSReleasedDistinctProducts"


def change(site: Site, world: World, number: int, moment: datetime | None = None) -> None:
    """Change the source row of this number among those that arrive, as a person does; by default for the next run."""
    name, value = CHANGES[site.area]
    row = arriving(world, site.area)[number]
    row[name] = f"{value} {number}" if isinstance(value, str) else value + number
    stamp(world, site.area, head_of(world, site.area, row), moment or site.moment)
    put_all_into(site, world)


def aged_crew(area: str) -> World:
    """Return a world of an area whose rows have been as they are for an hour."""
    world = crew(area)
    age(world, datetime.now(UTC) - timedelta(hours=1))
    return world


def age(world: World, moment: datetime) -> None:
    """Let a moment be the one at which every row of Dataverse was changed."""
    for row in itertools.chain.from_iterable(world.dataverse.values()):
        row["modifiedon"] = wire(moment)


def wire(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def remove(world: World, area: str, head: Row) -> None:
    """Remove a row, its whole document where it has one."""
    tables = world.tables(KINDS[area].system)
    gone = [head, *parts_of(world, area, head)]
    for name in (KINDS[area].heads, *(name for name, _ in PARTS.get(KINDS[area].heads, ()))):
        tables[name] = [row for row in tables[name] if not any(row is one for one in gone)]


def stamp(world: World, area: str, head: Row, moment: datetime) -> None:
    """Say that a document, or a row that stands alone, was changed at a moment."""
    if KINDS[area].system == "dataverse":
        for one in (head, *parts_of(world, area, head)):
            one["modifiedon"] = wire(moment)


def put_all_into(site: Site, world: World) -> None:
    """Put the source rows of an area, documents whole, into the running systems."""
    kind = KINDS[site.area]
    names = [kind.heads, kind.rows, *(name for name, _ in PARTS.get(kind.heads, ()))]
    for name in dict.fromkeys(names):
        site.landscape.replace(kind.system, name, world.tables(kind.system)[name])
    if site.area == "product_inventory":  # stock of a new item needs its product
        site.landscape.replace("finops", RELEASED, world.finops[RELEASED])
        site.landscape.replace("dataverse", "products", world.dataverse["products"])


def back_to(site: Site, copied: Any) -> None:
    """Restore the ledger of a site from a copy."""
    site.pipeline.ledger.engine.dispose()
    for file in site.home.glob("ledger.db-*"):
        file.unlink()
    shutil.copy(copied, site.home / "ledger.db")
    site.pipeline.ledger = open_ledger(site.home, site.clock)


@pytest.mark.parametrize("area", cases("S1"))
def test_a_forgotten_ledger_is_found_again_in_the_target(area, sites, outcome):
    world = aged_crew(area)
    site = sites.make(area, world=world)
    site.run_area()
    change(site, world, 0)
    site.pipeline.ledger.forget(area)
    assert set(site.watermarks()) == {None}
    result = site.run_area()
    assert books_balance(result)
    assert_holds(site, judge(area, world))
    assert None not in site.watermarks()
    outcome("OK")


@pytest.mark.parametrize("area", cases("S1"))
def test_a_ledger_restored_from_an_old_copy_catches_up(area, sites, outcome, tmp_path):
    world = aged_crew(area)
    site = sites.make(area, world=world)
    site.run_area()
    site.pipeline.ledger.engine.dispose()
    shutil.copy(site.home / "ledger.db", tmp_path / "old.db")
    old = site.watermarks()
    change(site, world, 0)
    site.run_area()
    back_to(site, tmp_path / "old.db")
    assert site.watermarks() == old
    change(site, world, 1)
    result = site.run_area()
    assert books_balance(result)
    assert_holds(site, judge(area, world))
    outcome("OK")


@pytest.mark.parametrize("area", cases("S3"))
def test_pages_that_go_in_a_circle_stop_the_run_which_the_next_one_completes(area, sites, outcome):
    def circle(request: Request, answer: Answer) -> Response:
        response = answer(request)
        if not is_read_of(request, KINDS[area].rows) or response.status != 200:
            return response
        link = f"{request.base_url}{request.path}?{request.query}"
        return answer_with(response, {**page_of(response), NEXT: link})

    site = sites.make(area)
    with standing_between(site, KINDS[area].system, circle), pytest.raises(ServiceUnavailable, match="in a circle"):
        site.run_area()
    assert_as_in_peace(site, sites, site.run_area())
    outcome("RES")


@pytest.mark.parametrize("area", cases("S3"))
def test_an_empty_page_is_not_the_end(area, sites, outcome):
    emptied, mark = [], "&$skiptoken=empty"

    def empty_first(request: Request, answer: Answer) -> Response:
        is_first = mark not in request.query and "skiptoken" not in request.query
        request.query = request.query.replace(mark, "")
        response = answer(request)
        entity_set = request.path.rpartition("/")[2]
        known = site.landscape.entity_sets[KINDS[area].system]
        if request.method != "GET" or entity_set not in known or response.status != 200 or not is_first:
            return response
        emptied.append(entity_set)
        link = f"{request.base_url}{request.path}?{request.query}{mark}"
        return answer_with(response, {"value": [], NEXT: link})

    site = sites.make(area)
    with standing_between(site, KINDS[area].system, empty_first):
        result = site.run_area()
    assert KINDS[area].rows in emptied
    assert_one_run_as_in_peace(site, sites, result)
    outcome("OK")


@pytest.mark.parametrize("area", cases("S4"))
def test_rows_added_changed_and_removed_while_pages_are_read_arrive_once(area, sites, outcome):
    """A row that is skipped over, or changes too late for this run, is read by the next one."""
    world = aged_crew(area)
    bad = clone(world, area, arriving(world, area)[0], "XX-8")
    spoil(world, area, [bad, *parts_of(world, area, bad)][-1] if KINDS[area].heads != KINDS[area].rows else bad)
    site = sites.make(area, world=world)

    def shift() -> None:
        remove(world, area, bad)
        stamp(world, area, clone(world, area, arriving(world, area)[0], "A-0"), site.moment + SECOND)
        change(site, world, 1, site.moment + SECOND)

    shifting = AfterFirstPage(area, shift)
    with small_pages(site, 1), standing_between(site, KINDS[area].system, shifting):
        run_tasks(site, without_overlap(area), "while it changes", site.moment)
    assert shifting.done
    assert shifting.pages > 1
    run_tasks(site, without_overlap(area), "after it", site.moment + 2 * SECOND)
    assert_holds(site, judge(area, world))
    outcome("OK")


@pytest.mark.parametrize("area", cases("S5"))
def test_rows_of_one_moment_are_read_once_on_whichever_side_of_page_and_watermark(area, sites, outcome):
    world = world_of(area)
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    age(world, moment)
    site = sites.make(area, world=world)
    by_changes = any(task.source.changed_since for task in load_mapping(area).enabled_tasks)
    with small_pages(site, 1):
        read, _ = run_tasks(site, without_overlap(area), "up to that moment", moment)
        assert not (by_changes and read)
        read, _ = run_tasks(site, without_overlap(area), "from that moment on", moment + SECOND)
        assert read
    assert_as_in_peace(site, sites, {})
    assert run_tasks(site, without_overlap(area), "later", moment + 2 * SECOND)[1] == 0
    assert_as_in_peace(site, sites, {})
    outcome("OK")


@pytest.mark.parametrize("area", cases("S6"))
def test_a_table_without_the_column_of_changes_stops_the_run(area, sites, outcome):
    site = sites.make(area)
    before = site.state()
    mapping = with_cursor(area, ChangedSince(field="lastchange"))
    with pytest.raises(MappingError, match=r"has no column `lastchange`") as caught:
        run_tasks(site, mapping, "no such column", site.moment)
    assert mapping.enabled_tasks[0].source.entity in str(caught.value)
    assert "changed_since" in str(caught.value)
    assert (site.state(), writing_requests(site)) == (before, 0)
    assert_as_in_peace(site, sites, site.run_area())
    outcome("STOP")


@pytest.mark.parametrize("area", cases("S6"))
def test_a_table_without_a_modification_date_is_read_whole(area, sites, outcome):
    site = sites.make(area)
    mapping = with_cursor(area, None)
    read, written = run_tasks(site, mapping, "first", site.moment)
    assert written
    assert_as_in_peace(site, sites, {})
    assert run_tasks(site, mapping, "second", site.moment + SECOND) == (read, 0)
    assert_as_in_peace(site, sites, {})
    outcome("OK")


def run_tasks(site: Site, mapping: Mapping, name: str, end: datetime) -> tuple[int, int]:
    """Run an area up to a moment. :returns: how many rows were read, and how many written."""
    read = written = 0
    for task in tasks_of(site, name, window=Interval(None, end), area=mapping):
        task.go()
        assert task.balance()
        read += sum(own.read for own in task.books)
        written += sum(own.created + own.updated for own in task.books)
    return read, written


def with_cursor(area: str, cursor: ChangedSince | None) -> Mapping:
    """Return the mapping of an area that reads by this column, or whole."""
    mapping = load_mapping(area)
    tasks = [_cursor(task, cursor) for task in mapping.tasks]
    return mapping.model_copy(update={"tasks": tuple(tasks)})


def without_overlap(area: str) -> Mapping:
    """Return the mapping of an area that reads from the watermark on, and not a while before it."""
    mapping = load_mapping(area)
    tasks = [
        _cursor(task, task.source.changed_since and task.source.changed_since.model_copy(update={"overlap_minutes": 0}))
        for task in mapping.tasks
    ]
    return mapping.model_copy(update={"tasks": tuple(tasks)})


def _cursor(task: MappingTask, cursor: ChangedSince | None) -> MappingTask:
    return task.model_copy(update={"source": task.source.model_copy(update={"changed_since": cursor})})
