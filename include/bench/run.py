"""Run one program under one profile and note what it did."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.check import Verdict, verdict
from bench.competitors import Job, Program
from bench.environments import NotInstalled, interpreter
from bench.measure import Cost, measured
from bench.profiles import Profile
from bench.programs.wire import ROWS_PER_REQUEST, TABLE
from bench.world import World, expected

CHANGED_PERCENT = 1
UPSERT_SECONDS, WHOLE_SECONDS = 120.0, 900.0  # after which a program is stopped
INCLUDE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measurement:
    """One line of the table.

    :param rows: that the target had to receive or to hold; :param changed: rows that differed before the run.
    :param seconds: from the first request to the end; :param wall: of the whole process; :param cpu: seconds.
    :param peak: MiB; :param requests: to all systems; :param write_requests: that wrote stock.
    :param writes: rows they wrote; :param refused: answers 429; :param early: sent before ``Retry-After`` had passed.
    :param allowed: requests per window that the limits let pass, 0 without limits; :param passed: those that did.
    :param note: why there are no figures, or what the program said when it gave up.
    """

    profile: str
    program: str
    title: str
    job: str
    rows: int = 0
    changed: int = 0
    seconds: float = 0.0
    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    requests: int = 0
    write_requests: int = 0
    writes: int = 0
    refused: int = 0
    early: int = 0
    allowed: int = 0
    passed: int = 0
    verdict: Verdict | None = None
    note: str = ""

    @property
    def rate(self) -> float:
        """Rows per second, over the rows that arrived as they should."""
        lost = self.verdict.missing + self.verdict.wrong if self.verdict else 0
        return (self.rows - lost) / self.seconds if self.seconds else 0.0

    @property
    def ended_well(self) -> bool:
        """Whether the program ended without an error and left exactly what it must."""
        return self.verdict is not None and self.verdict.exact and not self.note

    @property
    def writes_per_change(self) -> float:
        """Writes per row that had changed."""
        return self.writes / self.changed if self.changed else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON has them."""
        return {**asdict(self), "rows_per_second": self.rate, "writes_per_changed_row": self.writes_per_change}


def run(one: World, program: Program, profile: Profile, environments: Path) -> Measurement:
    """Run a program; what goes wrong with it is part of what is measured."""
    name = f"{profile.name}-{program.name}"
    line: dict[str, Any] = {
        "profile": profile.name,
        "program": program.name,
        "title": program.title,
        "job": program.job.value,
    }
    try:
        python = interpreter(program.requirement, environments) if program.requirement else sys.executable
    except NotInstalled as exc:
        return Measurement(**line, note=f"{program.requirement} could not be installed: {exc}")
    again = program.job is Job.AGAIN
    wanted = program.rows(len(one.rows), throttled=profile.throttled)
    changed = one.change(CHANGED_PERCENT) if again else wanted
    rows = len(one.rows) if again else changed
    home = f"{profile.name}-pipeline" if again else ""
    job = one.job(name, rows=rows, home=home)
    limits = profile.limits(math.ceil(len(one.rows) / ROWS_PER_REQUEST))
    one.begin(limits, profile.faults(program.requests(wanted)), empty=not again)
    command = [python, "-m", f"bench.programs.{program.module}", str(job), *program.arguments]
    limit = UPSERT_SECONDS if program.job is Job.UPSERT else WHOLE_SECONDS
    cost = measured(command, log=one.folder / f"{name}.log", environment=_environment(program), limit=limit)
    statistics = one.end()
    outcome = verdict(expected(one.rows[:rows]), one.found())
    return Measurement(
        **line, rows=rows, changed=changed, allowed=limits["dataverse"]["requests"] or 0, verdict=outcome,
        note=cost.error, **_figures(cost), **_counts(statistics),
    )  # fmt: skip


def _environment(program: Program) -> dict[str, str]:
    """Return the environment of the process: a throwaway one sees this package's benchmark only, not its libraries."""
    if not program.requirement:
        return dict(os.environ)
    return {**os.environ, "PYTHONPATH": str(INCLUDE), "DLT_TELEMETRY": "0", "RUNTIME__DLTHUB_TELEMETRY": "false"}


def _figures(cost: Cost) -> dict[str, Any]:
    seconds = cost.answer.get("seconds", cost.wall)
    return {"seconds": seconds, "wall": cost.wall, "cpu": cost.cpu, "peak": cost.answer.get("peak", 0.0)}


def _counts(statistics: dict[str, Any]) -> dict[str, Any]:
    systems = list(statistics.values())
    dataverse = statistics.get("dataverse", {"requests": 0, "statuses": {}, "entity_sets": {}})
    table = dataverse["entity_sets"].get(TABLE, {"methods": {}, "rows_written": 0})
    return {
        "requests": sum(system["requests"] for system in systems),
        "write_requests": sum(count for method, count in table["methods"].items() if method != "GET"),
        "writes": table["rows_written"],
        "refused": sum(system["statuses"].get("429", 0) for system in systems),
        "early": sum(system["early_requests"] for system in systems),
        "passed": dataverse["requests"] - dataverse["statuses"].get("429", 0),
    }
