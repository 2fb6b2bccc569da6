"""``make bench``: what our client and pipeline cost beside other clients, measured in one run against one sandbox.

Targets are ratios, because machines differ and are noisy. Airflow's own cost per task is not part of it: the steps run
in one process without Airflow, which makes the memory peak an upper bound of what a single task needs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench.chart import write_chart
from bench.competitors import LEFT_OUT, PROGRAMS, Program
from bench.document import write_document
from bench.measure import BenchError
from bench.profiles import PROFILES, Profile
from bench.report import machine, print_measurements, print_targets, write_json
from bench.run import Measurement, run
from bench.targets import MISSED, targets
from bench.world import world
from local.services import ServiceError

EXIT_MET, EXIT_MISSED, EXIT_BROKEN = 0, 1, 2
console = Console(width=200)


def main() -> int:
    options = _options()
    started = time.monotonic()
    console.print(f"{machine()}; {options.rows:,} rows", highlight=False)
    with tempfile.TemporaryDirectory(prefix="fs-bench-") as name:
        try:
            measurements = list(_measure(options, Path(name)))
        except (BenchError, ServiceError) as exc:
            console.print(f"[red]{exc}")
            return EXIT_BROKEN
    judged = targets(measurements)
    print_measurements(console, measurements)
    print_targets(console, judged)
    write_json(options.json, measurements, judged)
    write_chart(options.chart, measurements)
    if options.docs:
        write_document(options.docs, measurements, judged)
    minutes = (time.monotonic() - started) / 60
    console.print(f"Figures: {options.json}; chart: {options.chart}; {minutes:.1f} minutes", highlight=False)
    return EXIT_MISSED if any(target.outcome == MISSED for target in judged) else EXIT_MET


def _measure(options: argparse.Namespace, folder: Path) -> Iterator[Measurement]:
    """Run every program under every profile, then the pipeline over many rows."""
    environments = folder / "environments"
    with world(options.rows, folder) as one:
        for profile in (PROFILES[name] for name in options.profile):
            for program in _chosen(profile, options.only):
                console.print(f"  {profile.name}: {program.title} ...", highlight=False)
                yield run(one, program, profile, environments)
    if options.many:
        pipeline = next(program for program in PROGRAMS if program.name == "pipeline")
        for name, rows in (("fewer", options.many // 5), ("most", options.many)):
            console.print(f"  many: {rows:,} rows ...", highlight=False)
            with world(rows, folder) as one:
                measured = run(one, pipeline, replace(PROFILES["none"], name="many"), environments)
                yield replace(measured, program=name)


def _chosen(profile: Profile, only: list[str]) -> list[Program]:
    """Return the programs of a profile; a second run of the pipeline needs the first."""
    wanted = {*only, "pipeline"} if "again" in only else set(only)
    left_out = LEFT_OUT.get(profile.name, set())
    return [program for program in PROGRAMS if program.name in wanted and program.name not in left_out]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="stock rows of the comparison")
    parser.add_argument("--many", type=int, default=1_000_000, help="stock rows of the memory measurement, 0: none")
    names = [program.name for program in PROGRAMS]
    parser.add_argument("--profile", nargs="+", choices=list(PROFILES), default=list(PROFILES), metavar="PROFILE",
                        help=f"of {', '.join(PROFILES)}; all by default")  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="PROGRAM",
                        help=f"of {', '.join(names)}; all by default")  # fmt: skip
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="figures")
    parser.add_argument("--chart", type=Path, default=Path("build/bench.svg"), help="chart of rows per second")
    parser.add_argument("--docs", type=Path, help="put the tables into this document too: docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
