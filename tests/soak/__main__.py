"""``make soak``: all areas under random faults, activity and kills, then the books.

``ARGS="--runs 1000"`` ends after so many trials, ``ARGS="--minutes 60"`` after so much time, whichever is first;
``ARGS="--first 4711 --runs 1"`` repeats one trial. In the end all areas run in a real Airflow, where secrets are looked
for too.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.reliability.site import Sites
from tests.soak.in_airflow import secrets_kept_by_airflow
from tests.soak.trial import FINDINGS, Report, Trial

from fs_integration.ledger import Ledger, open_engine
from sandbox.runtime import Options, Sandbox

SHOWN = 2000  # characters of what a finding saw
EVERY = 50  # trials between two lines of progress
console = Console()
_sandbox: Sandbox | None = None


def _open_sandbox() -> None:
    """Give a worker its own sandbox, for as long as it lives."""
    global _sandbox
    _sandbox = Sandbox(Options(port=0, scale="tiny", empty=True))
    _sandbox.start()


def _trial(seed: int) -> Report:
    assert _sandbox is not None
    with tempfile.TemporaryDirectory(prefix="soak") as name:
        folder = Path(name)
        empty = folder / "empty.db"
        engine = open_engine(f"sqlite:///{empty}")
        Ledger(engine).migrate()
        engine.dispose()
        sites = Sites(_sandbox, folder, empty)
        try:
            return Trial(seed, sites, folder).run()
        finally:
            sites.close()


class Soak:
    """The reports so far.

    :param runs: how many trials at most; :param minutes: how long trials are begun.
    """

    def __init__(self, runs: int, minutes: float) -> None:
        self._runs, self._until, self._began = runs, time.monotonic() + minutes * 60, time.monotonic()
        self.reports: list[Report] = []

    def run(self, first: int, workers: int) -> None:
        """Run trials side by side."""
        seeds = iter(range(first, first + self._runs))
        with ProcessPoolExecutor(max_workers=workers, initializer=_open_sandbox) as pool:
            going: set[Future[Report]] = {pool.submit(_trial, seed) for seed in itertools.islice(seeds, workers)}
            while going:
                done, going = wait(going, return_when=FIRST_COMPLETED)
                for future in done:
                    self._note(future.result())
                if time.monotonic() < self._until:
                    going |= {pool.submit(_trial, seed) for seed in itertools.islice(seeds, len(done))}

    def _note(self, report: Report) -> None:
        self.reports.append(report)
        for name, seen in report.findings.items():
            console.print(f"[red]seed {report.seed}, {report.area}: {name}[/red]", *(text[:SHOWN] for text in seen[:5]),
                          sep="\n  ", markup=True)  # fmt: skip
        if len(self.reports) % EVERY == 0:
            console.print(f"{len(self.reports)} trials in {time.monotonic() - self._began:.0f} s, "
                          f"{sum(bool(one.findings) for one in self.reports)} with findings")  # fmt: skip

    def conclude(self) -> int:
        """Print the books of the soak. :returns: 0 when nothing was found."""
        ends = sum((report.ends for report in self.reports), Counter())
        areas = Counter(report.area for report in self.reports)
        table = Table("What", "How often", title=f"{len(self.reports)} trials, {sum(ends.values())} runs")
        for word, count in (*sorted(areas.items()), *ends.most_common()):
            table.add_row(word, str(count))
        for name in FINDINGS:
            table.add_row(name, str(sum(len(report.findings.get(name, [])) for report in self.reports)))
        console.print(table)
        return int(any(report.findings for report in self.reports))


def main() -> int:
    """Soak. :returns: 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000_000, help="end after so many trials")
    parser.add_argument("--minutes", type=float, default=10.0, help="begin no trial after so many minutes")
    parser.add_argument("--first", type=int, default=1, help="seed of the first trial")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="trials side by side")
    parser.add_argument("--no-airflow", action="store_true", help="leave out the part in a real Airflow")
    given = parser.parse_args()
    soak = Soak(given.runs, given.minutes)
    soak.run(given.first, given.workers)
    failed = soak.conclude()
    if given.no_airflow:
        return failed
    console.print("All areas in Airflow, three passes (2 to 3 minutes) ...")
    kept = secrets_kept_by_airflow()
    console.print(f"Secrets in what Airflow keeps: {len(kept)}", *kept, sep="\n  ")
    return int(failed or bool(kept))


if __name__ == "__main__":
    sys.exit(main())
