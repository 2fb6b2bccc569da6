"""Kill a run at a point, let time pass, recover, and compare with a run that nobody killed.

A kill is tried in two ways. ``killed_at`` raises what nobody may catch, so that the run really ends there. ``Camera``
takes a picture of what a kill at a point would leave, in a run that goes on: one run serves all points.
"""

from __future__ import annotations

import functools
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.reliability.site import LEDGER, Result, Site, Sites, assert_as_in_peace, assert_one_run_as_in_peace
from tests.reliability.tried import Tried

from fs_integration.errors import FsIntegrationError
from fs_integration.pipeline.writer import LEASE_SECONDS
from fs_integration.points import watched

# Worlds as small as they come that still create, update or hold back rows: each point of each area costs a run.
SMALLEST = {
    "accounts": 11, "warehouses": 10, "products": 4, "projects": 10, "inventory_adjustments": 9,
    "inventory_transfers": 4, "work_orders": 11, "product_inventory": 4, "agreement_invoices": 4,
}  # fmt: skip


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the package may catch it."""


class Killer:
    """Ends everything at a point: the thread that passes it, and all others at their next one.

    :param at: number of the point, from 1 on.
    """

    def __init__(self, at: int) -> None:
        self._at, self._guard = at, threading.Lock()
        self.passed: list[str] = []

    def __call__(self, name: str) -> None:
        with self._guard:
            if len(self.passed) + 1 >= self._at:
                raise Killed(name)
            self.passed.append(name)


@dataclass(frozen=True)
class Picture:
    """What a kill at a point leaves.

    :param number: of the point, from 1 on; :param name: of the point.
    :param home: copy of ledger, staging area and Data Docs; :param systems: backup of both systems.
    :param done: what ended steps returned; :param slept: virtual seconds that had passed.
    """

    number: int
    name: str
    home: Path
    systems: dict[str, Any]
    done: dict[tuple[Any, ...], Any]
    slept: float


class Camera:
    """Takes a picture at each ``step``-th point from ``start`` on; threads that reach a point wait meanwhile.

    :param start: number of the first, from 1 on.
    """

    def __init__(self, site: Site, *, start: int, step: int) -> None:
        self._site, self._start, self._step, self._guard = site, start, step, threading.Lock()
        self._passed = 0
        self.pictures: list[Picture] = []

    def __call__(self, name: str) -> None:
        with self._guard:
            self._passed += 1
            beyond = self._passed - self._start
            if beyond >= 0 and beyond % self._step == 0:
                self.pictures.append(self._take(name))

    def _take(self, name: str) -> Picture:
        site = self._site
        assert isinstance(site.pipeline, Tried)
        home = site.home.with_name(f"{site.home.name}-{self._passed}")
        done, systems = dict(site.pipeline.done), site.landscape.backup()
        for part in ("staging", "data_docs"):
            if (site.home / part).exists():
                shutil.copytree(site.home / part, home / part, copy_function=_copy)
        home.mkdir(exist_ok=True)
        with closing(sqlite3.connect(site.home / LEDGER)) as source, closing(sqlite3.connect(home / LEDGER)) as copy:
            source.backup(copy)  # what is committed, whatever another thread is in the middle of
        return Picture(self._passed, name, home, systems, done, site.clock.slept)


def _copy(source: str, target: str) -> None:
    """Copy a file, if another thread has not just renamed it; then a kill would have met it unfinished."""
    with suppress(FileNotFoundError):
        shutil.copyfile(source, target)


@functools.cache
def points_of(area: str, sites: Sites) -> tuple[str, ...]:
    """Return the names of the points that a run of the area's smallest world passes, in their order."""
    names: list[str] = []
    site = sites.make(area, SMALLEST[area], name="count")
    with watched(names.append):
        site.run_area()
    return tuple(names)


def killed_at(site: Site, number: int, *, again: bool = False) -> bool:
    """Run the area and kill it at a point. :returns: whether it got that far."""
    try:
        with watched(Killer(number)):
            if again:
                site.run_again()
            else:
                site.run_area()
    except Killed:
        return True
    return False


def recover(site: Site, sites: Sites, *, again: bool) -> Result:
    """Begin anew in a new process once the leases of the dead one have run out.

    :param again: try the same run again from the task that was killed, as Airflow does; else the next run.
    """
    site.clock.sleep(LEASE_SECONDS + 1)
    sites.restart(site)
    return site.run_again() if again else site.run_area()


def pictures_of(area: str, sites: Sites, *, start: int, step: int) -> tuple[Site, list[Picture]]:
    """Run the area's smallest world, and take a picture at each ``step``-th point from ``start`` on."""
    site = sites.make(area, SMALLEST[area], name="pictured")
    site.pipeline = Tried.of(site.pipeline)
    camera = Camera(site, start=start, step=step)
    with watched(camera):
        site.run_area()
    return site, camera.pictures


@contextmanager
def noted(text: str) -> Iterator[None]:
    """Add to what fails inside the block where that was."""
    try:
        yield
    except (AssertionError, FsIntegrationError) as exc:
        exc.add_note(text)
        raise


def is_tried_again(number: int) -> bool:
    """Every third point is recovered by the next run, the others by a further try of the same one."""
    return number % 3 != 0


def assert_recovers(site: Site, sites: Sites, picture: Picture) -> None:
    """Go on from what a kill leaves; recover, compare."""
    with (
        noted(f"{site.area} was killed at {picture.number}, {picture.name}"),
        sites.revived(site, picture.home, systems=picture.systems, slept=picture.slept) as left,
    ):
        left.pipeline = Tried.of(left.pipeline, done=dict(picture.done), tries=1)
        _recover_as_in_peace(left, sites, again=is_tried_again(picture.number))


def _recover_as_in_peace(site: Site, sites: Sites, *, again: bool) -> None:
    confirmed = any(site.watermarks())
    result = recover(site, sites, again=again)
    # The next run reads on from where the dead one had confirmed everything, so it counts fewer rows than a run in
    # peace; what both systems hold is the same.
    compare = assert_as_in_peace if confirmed and not again else assert_one_run_as_in_peace
    compare(site, sites, result, SMALLEST[site.area])


def assert_survives(area: str, sites: Sites, *numbers: int) -> None:
    """Kill at a point, and at further ones while recovering; recover, compare."""
    again = is_tried_again(numbers[0])
    site = sites.make(area, SMALLEST[area], name="killed")
    site.pipeline = Tried.of(site.pipeline)
    with noted(f"{area} was killed at {numbers}"):
        assert killed_at(site, numbers[0]), f"there is no point {numbers[0]}"
        for number in numbers[1:]:
            site.clock.sleep(LEASE_SECONDS + 1)
            sites.restart(site)
            killed_at(site, number, again=again)
        _recover_as_in_peace(site, sites, again=again)
