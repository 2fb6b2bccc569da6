"""One area in a small random world, served by a sandbox over TLS: run it, disturb it, compare it with a run in peace.

The sandbox runs in this process, so that its truth can be read directly; requests still go over real sockets. Time is
virtual for the package: a pause costs nothing and shows in ``Site.clock``.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select
from tests.worlds.model import Row, World
from tests.worlds.runner import VOLATILE, Fates, Place, Watched, connections_of
from tests.worlds.test_worlds import AREAS as WORLDS

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.patience import Time
from fs_integration.clients.settings import Limits, ServiceSettings
from fs_integration.ledger import Ledger, open_engine
from fs_integration.ledger.tables import LeaseRow
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.reconcile import Books
from fs_integration.pipeline.run import Mode, scopes_of
from fs_integration.records import Selection
from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.loader import load_mapping
from fs_integration.staging import StagingArea, run_key
from local.direct import SECRET, settings_of
from local.services import Sandbox as Address
from sandbox.clock import Clock
from sandbox.faults import Fault
from sandbox.landscape import Landscape
from sandbox.runtime import Sandbox

Result = dict[str, tuple[list[Books], Fates]]
# Small worlds of each area in which rows are created and rows are held back, in two companies where that is small.
SEEDS = {
    "accounts": 10, "warehouses": 1, "products": 4, "projects": 4, "inventory_adjustments": 4, "inventory_transfers": 0,
    "work_orders": 11, "product_inventory": 4, "agreement_invoices": 4,
}  # fmt: skip
LEDGER = "ledger.db"
BY_CHANCE = VOLATILE | {"createdon"}


@dataclass
class VirtualTime:
    """Seconds that pass when somebody sleeps, and otherwise as on any clock.

    :ivar also: further clocks that move along.
    """

    slept: float = 0.0
    also: list[Clock] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        with self._guard:
            self.slept += seconds
            self.pauses.append(seconds)
            for clock in self.also:
                clock.advance(seconds)

    def moment(self) -> datetime:
        """Return the moment it would be had all pauses really passed."""
        return datetime.now(UTC) + timedelta(seconds=self.slept)

    def time(self) -> Time:
        return Time(now=self.now, sleep=self.sleep, jitter=lambda: 0.5)


@dataclass
class Site(Place):
    """A world, its pipeline and the area under test.

    :ivar home: ledger, staging area and Data Docs, removed with the test's folder.
    """

    area: str = ""
    clock: VirtualTime = field(default_factory=VirtualTime)
    home: Path = Path()
    start: dict[str, list[Row]] = field(default_factory=dict)

    def faults(self, *faults: dict[str, Any]) -> None:
        """Put faults into force (docs/sandbox.md, "Faults")."""
        self.landscape.faults.add([Fault.read(values) for values in faults])

    def heal(self) -> None:
        """End all faults."""
        self.landscape.faults.clear()

    def run_area(self, *, mode: Mode = Mode.SCHEDULED) -> Result:
        """Run the area under test once."""
        return self.run(self.area, mode=mode)

    def replay(self, chosen: Selection, *, seen: str = "") -> Result:
        """Offer rows held back of the area under test again, as `quarantine replay` does."""
        return self.run(self.area, mode=Mode.STATELESS, replay=chosen, seen=seen)

    def watermarks(self) -> list[datetime | None]:
        """Return up to where each task of each company has been read."""
        ledger, area = self.pipeline.ledger, load_mapping(self.area)
        return [
            ledger.watermark(scope)
            for task in area.enabled_tasks
            for scope in scopes_of(area.mapping, task.name, self.pipeline.companies)
        ]

    def run_again(self) -> Result:
        """Run the area's last run once more, as Airflow does when a task is tried again or cleared."""
        self.count -= 1
        return self.run_area()

    def state(self) -> Counter[str]:
        """Return every row of both systems in a form that equal end states share: without what differs by chance."""
        known = json.dumps(self.start, default=str)
        found: Counter[str] = Counter()
        for name, rows in self.dump().items():
            for row in rows:
                found[f"{name} {json.dumps(_plain(row, known), default=str, sort_keys=True)}"] += 1
        return found

    def open_leases(self) -> list[str]:
        """Return the names of leases that somebody holds and whose time has not run out."""
        now = self.clock.moment()
        with self.pipeline.ledger.engine.connect() as connection:
            held = connection.execute(select(LeaseRow.name, LeaseRow.expires_at).where(LeaseRow.holder != "")).all()
        return [name for name, expires_at in held if expires_at > now]

    def unfinished_files(self) -> list[str]:
        """Return files that the last run began and did not finish; what a killed run leaves stays in its folder."""
        return [str(file) for file in self.home.rglob(f"{run_key(f'run-{self.count}')}/**/*.part")]


def _plain(row: Row, known: str) -> dict[str, Any]:
    """Leave out moments and counters; an id that the run made up is any id."""
    return {
        name: "<new>" if _is_id(value) and str(value) not in known else value
        for name, value in row.items()
        if name not in BY_CHANCE and value not in (None, "")
    }


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 36 and value.count("-") == 4


def books_balance(result: Result) -> bool:
    """Tell whether every row that was read or made ended in exactly one outcome, and nothing drifted or is missing."""
    books = [own for entries, _ in result.values() for own in entries]
    return all(own.read + own.generated == own.accounted and own.drift == own.missing == 0 for own in books)


def outcomes(result: Result) -> dict[str, Counter[str]]:
    """Return by task how many source rows are in the target, held back, or not meant to travel."""
    return {task: sum((_sums(own) for own in books), Counter()) for task, (books, _) in result.items()}


def _sums(own: Books) -> Counter[str]:
    arrived = own.created + own.updated + own.unchanged
    return Counter(arrived=arrived, quarantined=own.quarantined, skipped=own.skipped, blocked=own.blocked)


class Sites:
    """Makes sites; one sandbox serves all of them, one after the other.

    :param empty_ledger: file of a ledger in which nothing is written yet.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, empty_ledger: Path) -> None:
        self._sandbox, self._folder, self._empty = sandbox, folder, empty_ledger
        self._open: list[Ledger] = []
        self._peace: dict[tuple[str, int | None], tuple[Counter[str], Result]] = {}

    def make(self, area: str, seed: int | None = None, *, name: str = "site", world: World | None = None,
             secret: str = SECRET, **extra: Any) -> Site:  # fmt: skip
        """Put the world of an area and a seed into the sandbox and open a pipeline that has not run yet.

        :param world: this one instead; :param extra: further fields of both connections (docs/connections.md).
        """
        world = world or world_of(area, seed)
        home = self._folder / f"{name}{len(self._open)}"
        home.mkdir(parents=True)
        shutil.copy(self._empty, home / LEDGER)
        clock = VirtualTime()
        pipeline = self._open_pipeline(home, clock, connections_of(world), secret=secret, **extra)
        self._open.append(pipeline.ledger)
        landscape = self._quiet_landscape(clock)
        place = Place.settle(landscape, pipeline, world)
        # Runs speak for now, as the rows of the world were modified now; an earlier moment would read none of them.
        site = Site(landscape, pipeline, area=area, clock=clock, home=home)
        site.start = place.dump()
        return site

    @contextmanager
    def revived(self, site: Site, home: Path, *, systems: dict[str, Any], slept: float) -> Iterator[Site]:
        """Go on with a site from what was kept of it; the home is removed in the end.

        :param home: its ledger, staging area and Data Docs; :param systems: backup of both systems.
        :param slept: seconds that had passed.
        """
        clock = VirtualTime(slept)
        pipeline = self._open_pipeline(home, clock, site.pipeline.connections)
        landscape = self._quiet_landscape(clock)
        landscape.environment.clock.advance(slept)
        landscape.restore(systems)
        try:
            yield replace(site, pipeline=pipeline, clock=clock, home=home)
        finally:
            pipeline.ledger.engine.dispose()
            shutil.rmtree(home)

    def _open_pipeline(self, home: Path, clock: VirtualTime, connections: ConnectionSet, **extra: Any) -> Watched:
        return Watched(
            clients(self._sandbox, clock, **extra), StagingArea(home / "staging"), open_ledger(home, clock),
            home / "data_docs", connections,
        )  # fmt: skip

    def _quiet_landscape(self, clock: VirtualTime) -> Landscape:
        """Return the landscape without faults and counts, at real time, and let its clock follow the site's."""
        landscape = self._sandbox.landscape
        landscape.faults.clear()
        landscape.environment.clock.reset()
        landscape.environment.limits.reset()
        landscape.stats.reset()
        clock.also.append(landscape.environment.clock)
        return landscape

    def in_peace(self, area: str, seed: int | None = None) -> tuple[Counter[str], Result]:
        """Return end state and books of a run without any fault; made once per area and seed."""
        if (area, seed) not in self._peace:
            site = self.make(area, seed, name="peace")
            result = site.run_area()
            assert any(own.created for books, _ in result.values() for own in books), (
                "a world without a write proves nothing"
            )
            self._peace[area, seed] = site.state(), result
        return self._peace[area, seed]

    def restart(self, site: Site, **extra: Any) -> None:
        """Give a site new clients, as in a new process: nothing that the old ones had in memory is left."""
        site.pipeline.clients = clients(self._sandbox, site.clock, **extra)

    def close(self) -> None:
        for ledger in self._open:
            ledger.engine.dispose()
        self._open.clear()


def world_of(area: str, seed: int | None = None) -> World:
    """Return the random world of an area, good and bad rows in it. :param seed: that of ``SEEDS`` when left out."""
    return WORLDS[area].build(Random(f"{area} {SEEDS[area] if seed is None else seed}"))


def open_ledger(home: Path, clock: VirtualTime) -> Ledger:
    """Open the ledger of a home; its leases run out in virtual time."""
    return Ledger(open_engine(f"sqlite:///{home / LEDGER}"), clock=clock.moment)


def clients(
    sandbox: Sandbox, clock: VirtualTime, *, secret: str = SECRET, page_bytes: int = Limits.page_bytes, **extra: Any
) -> Clients:
    """Return clients of a sandbox whose pauses are virtual. :param page_bytes: largest answer they take."""
    address = Address(sandbox.urls, sandbox.ca_file)
    made: dict[str, ServiceSettings] = {
        name: settings_of(address, name, secret=secret, **extra) for name in ("finops", "dataverse")
    }
    made = {name: replace(one, limits=replace(one.limits, page_bytes=page_bytes)) for name, one in made.items()}
    return Clients(
        finance_operations=FinanceOperationsClient(made["finops"], clock=clock.time()),
        dataverse=DataverseClient(made["dataverse"], clock=clock.time()),
    )


def assert_as_in_peace(site: Site, sites: Sites, result: Result, seed: int | None = None) -> None:
    """Make sure that a run, or the one that recovered from it, left what a run without a fault leaves."""
    now = site.state()  # before the run in peace, which may have to be made first, in the same sandbox
    state, _ = sites.in_peace(site.area, seed)
    assert now == state, {"more": list((now - state).items())[:5], "less": list((state - now).items())[:5]}
    assert books_balance(result)
    assert site.open_leases() == []
    assert site.unfinished_files() == []


def assert_one_run_as_in_peace(site: Site, sites: Sites, result: Result, seed: int | None = None) -> None:
    """The same for a run that read everything itself: its rows ended as those of a run without a fault did, too."""
    assert_as_in_peace(site, sites, result, seed)
    assert outcomes(result) == outcomes(sites.in_peace(site.area, seed)[1])
