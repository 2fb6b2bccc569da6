"""What a person sees: the measured table and the targets, on the terminal and as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.check import Verdict
from bench.profiles import PROFILES
from bench.run import Measurement
from bench.targets import MET, MISSED, Target

COLUMNS = (
    "program", "rows", "rows/s", "s", "CPU s", "peak MiB", "requests", "429s", "early", "writes/change",
    "missing/extra/wrong/twice", "note",
)  # fmt: skip
STYLES = {MET: "green", MISSED: "bold red"}


def print_measurements(console: Console, measurements: Sequence[Measurement]) -> None:
    """Print one table per profile."""
    for name in dict.fromkeys(one.profile for one in measurements):
        table = Table(*COLUMNS, title=profile_title(name), title_justify="left")
        for one in measurements:
            if one.profile == name:
                table.add_row(*cells(one), style="" if one.ended_well else "yellow")
        console.print(table)


def print_targets(console: Console, targets: Sequence[Target]) -> None:
    """Print every target with pass or miss."""
    table = Table("target", "promised", "measured", "", title="Targets", title_justify="left")
    for target in targets:
        measured = "-" if target.value is None else "failed" if math.isnan(target.value) else f"{target.value:.3g}"
        table.add_row(target.title, target.promised, measured, target.outcome, style=STYLES.get(target.outcome, ""))
    console.print(table)


def write_json(path: Path, measurements: Sequence[Measurement], targets: Sequence[Target]) -> None:
    """Write all figures with the date and the class of the machine."""
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "measurements": [one.to_dict() for one in measurements],
        "targets": [target.to_dict() for target in targets],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def machine() -> str:
    """Say what kind of machine this is: cores, processor, system, Python."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def profile_title(name: str) -> str:
    """Return the words for a profile."""
    return PROFILES[name].title if name in PROFILES else "no latency, many rows"


def cells(one: Measurement) -> list[str]:
    """Return a line of the table."""
    if one.verdict is None:
        return [one.title, *[""] * (len(COLUMNS) - 2), one.note]
    return [
        one.title, f"{one.rows:,}", f"{one.rate:,.0f}", f"{one.seconds:.1f}", f"{one.cpu:.1f}", f"{one.peak:.0f}",
        str(one.requests), str(one.refused), str(one.early), f"{one.writes_per_change:.2f}", _verdict(one.verdict),
        one.note[:60],
    ]  # fmt: skip


def _verdict(found: Verdict) -> str:
    return "exact" if found.exact else f"{found.missing}/{found.extra}/{found.wrong}/{found.twice}"
