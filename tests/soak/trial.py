"""One trial: a small world, rows that come meanwhile, faults, kills; its end is compared with a run in peace."""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.reliability.crash import Killed, Killer
from tests.reliability.site import Result, Site, Sites, books_balance, world_of
from tests.reliability.tried import Tried
from tests.soak.canaries import secrets_in
from tests.soak.chance import Activity, faults_by, kill_by
from tests.worlds.test_worlds import AREAS

from fs_integration.errors import FsIntegrationError
from fs_integration.pipeline.writer import LEASE_SECONDS
from fs_integration.points import watched

log = logging.getLogger(__name__)

DEADLINE = timedelta(hours=2)  # of a try, as ``execution_timeout`` of the tasks; pauses count as if they had passed
MOST_TRIES = 6  # of a round; the last one meets no fault
WORLDS = 400  # seeds of worlds per area
FINDINGS = (
    "lost rows", "duplicate effects", "wrong values", "silent skips", "books that do not balance", "open leases",
    "unfinished files", "runs beyond their deadline", "secrets", "unexpected errors",
)  # fmt: skip


@dataclass
class Report:
    """What a trial found.

    :ivar runs: tries of runs; :ivar ends: how they ended, by word; :ivar findings: by name, with what was seen.
    """

    seed: int
    area: str
    runs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    findings: dict[str, list[str]] = field(default_factory=dict)

    def found(self, name: str, *seen: str) -> None:
        """Note a finding."""
        assert name in FINDINGS, name
        if seen:
            self.findings.setdefault(name, []).extend(seen)


class Trial:
    """A trial; the seed decides everything in it.

    :param folder: everything that the package leaves behind is below it, its log included.
    """

    def __init__(self, seed: int, sites: Sites, folder: Path) -> None:
        self.area = list(AREAS)[seed % len(AREAS)]
        self.report = Report(seed, self.area)
        self._sites, self._folder, self._seed = sites, folder, seed
        self._rounds = Random(f"rounds {seed}").randrange(1, 4)

    def run(self) -> Report:
        """Run the world in peace, then under fire, and compare."""
        with logged(self._folder / "soak.log"):
            try:
                self._try()
            except Exception:
                self.report.found("unexpected errors", traceback.format_exc(limit=-3))
        self.report.found("secrets", *secrets_in(self._folder))
        return self.report

    def _try(self) -> None:
        peace = self._site("peace")
        for number in range(self._rounds):
            self._begin_round(peace, number)
            peace.run_area()
        wanted, held = peace.state(), held_back(peace)
        site = self._site("fire")
        site.pipeline = Tried.of(site.pipeline)
        random = Random(f"fire {self._seed}")
        for number in range(self._rounds):
            self._begin_round(site, number)
            self._books(self._round(site, random))
        self._books(self._next_run(site))  # what a fault had held back travels
        self._compare(site, wanted, held)

    def _site(self, name: str) -> Site:
        world = world_of(self.area, Random(f"world {self._seed}").randrange(WORLDS))
        self._activity = Activity.of(self.area, world, Random(f"activity {self._seed}"))
        return self._sites.make(self.area, world=world, name=name)

    def _begin_round(self, site: Site, number: int) -> None:
        if number:
            site.clock.sleep(60.0)
            self._activity.happen(site, last=number == self._rounds - 1)
        elif self._rounds == 1:
            self._activity.happen(site, last=True)
        site.moment = site.clock.moment()

    def _round(self, site: Site, random: Random) -> Result:
        """Run until a run gets through, anew or once more, as a scheduler and a person would."""
        again = False
        for number in range(1, MOST_TRIES + 1):
            site.heal()
            if number < MOST_TRIES:
                site.faults(*faults_by(random))
            result = self._attempt(site, kill_by(random) if number < MOST_TRIES else None, again=again)
            if result is not None:
                site.heal()
                return result
            site.clock.sleep(LEASE_SECONDS + 1)
            again = random.random() < 0.5
        raise AssertionError(f"{MOST_TRIES} tries of a round failed, the last one without any fault")

    def _attempt(self, site: Site, kill: int | None, *, again: bool) -> Result | None:
        """Run once. :returns: None when the run was killed or ended with an error of the package's own."""
        self.report.runs += 1
        began, slept = time.monotonic(), site.clock.slept
        try:
            with watched(Killer(kill) if kill else _nobody):
                result = site.run_again() if again else self._next_run(site)
            self.report.ends["succeeded"] += 1
            return result
        except Killed:
            self._sites.restart(site)
            self.report.ends["killed"] += 1
        except FsIntegrationError as exc:
            log.exception("The run ended")
            self.report.ends[type(exc).__name__] += 1
        finally:
            lasted = time.monotonic() - began + site.clock.slept - slept
            if lasted > DEADLINE.total_seconds():
                self.report.found("runs beyond their deadline", f"{lasted:.0f} s")
        return None

    def _next_run(self, site: Site) -> Result:
        site.moment = site.clock.moment()
        return site.run_area()

    def _books(self, result: Result) -> None:
        if not books_balance(result):
            self.report.found("books that do not balance", str({name: books for name, (books, _) in result.items()}))

    def _compare(self, site: Site, wanted: Counter[str], held: Counter[str]) -> None:
        now, after = site.state(), held_back(site)
        missing, more = list((wanted - now).elements()), list((now - wanted).elements())
        if len(missing) > len(more):
            self.report.found("lost rows", *missing)
        elif len(more) > len(missing):
            self.report.found("duplicate effects", *more)
        else:
            self.report.found(
                "wrong values", *(f"{is_now} instead of {was}" for is_now, was in zip(more, missing, strict=True))
            )
        self.report.found("silent skips", *map(str, (held - after).elements()), *map(str, (after - held).elements()))
        self.report.found("open leases", *site.open_leases())
        self.report.found("unfinished files", *site.unfinished_files())


def _nobody(name: str) -> None:
    """Watch a run without killing it."""


def held_back(site: Site) -> Counter[str]:
    """Return what is held back: task, company, key, rule and outcome of each open line."""
    lines = site.pipeline.ledger.open_quarantine()
    return Counter(
        "|".join(map(str, line))
        for line in lines[["task", "legal_entity", "row_key", "rule", "outcome"]].itertuples(index=False)
    )


@contextmanager
def logged(file: Path) -> Iterator[None]:
    """Write everything that any library says into a file, but what the sandbox says of itself."""
    handler = logging.FileHandler(file)
    handler.addFilter(lambda record: not record.name.startswith("sandbox"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()
