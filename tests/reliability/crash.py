"""Kill a run at a point, let time pass, recover, and compare with a run that nobody killed."""

from __future__ import annotations

import functools
import threading

from tests.reliability.site import Result, Site, Sites, assert_as_in_peace, assert_one_run_as_in_peace
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


def assert_survives(area: str, sites: Sites, *numbers: int) -> None:
    """Kill at a point, and at further ones while recovering; recover, compare.

    Every third point is recovered by the next run, the others by a further try of the same one.
    """
    again = numbers[0] % 3 != 0
    site = sites.make(area, SMALLEST[area], name="killed")
    site.pipeline = Tried.of(site.pipeline)
    try:
        assert killed_at(site, numbers[0]), f"there is no point {numbers[0]}"
        for number in numbers[1:]:
            site.clock.sleep(LEASE_SECONDS + 1)
            sites.restart(site)
            killed_at(site, number, again=again)
        confirmed = any(site.watermarks())
        result = recover(site, sites, again=again)
        # The next run reads on from where the dead one had confirmed everything, so it counts fewer rows than a run in
        # peace; what both systems hold is the same.
        compare = assert_as_in_peace if confirmed and not again else assert_one_run_as_in_peace
        compare(site, sites, result, SMALLEST[area])
    except (AssertionError, FsIntegrationError) as exc:
        exc.add_note(f"{area} was killed at {numbers}")
        raise
