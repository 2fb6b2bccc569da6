"""The measured tables as Markdown, and their place in docs/performance.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import BenchError
from bench.report import COLUMNS, cells, machine, profile_title
from bench.run import Measurement
from bench.targets import Target

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write_document(path: Path, measurements: Sequence[Measurement], targets: Sequence[Target]) -> None:
    """Put the tables between the two marks of a document. :raises BenchError: it has no such place."""
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError(f"{path} has no place for the figures; it must hold the lines {BEGIN} and {END}.")
    body = "\n".join([BEGIN, *_tables(measurements), *_verdicts(targets), END])
    path.write_text(before + body + after, encoding="utf-8")


def _tables(measurements: Sequence[Measurement]) -> list[str]:
    rows = max((one.rows for one in measurements), default=0)
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = [f"Measured {date}, {rows:,} rows; {machine()}; clients and sandbox share the cores.", ""]
    for name in dict.fromkeys(one.profile for one in measurements):
        lines += [f"**{profile_title(name)}**", "", _line(COLUMNS), "|" + "---|" * len(COLUMNS)]
        lines += [_line(cells(one)) for one in measurements if one.profile == name]
        lines.append("")
    return lines


def _verdicts(targets: Sequence[Target]) -> list[str]:
    lines = ["**Targets**", "", "| target | promised | measured | |", "|---|---|---|---|"]
    for target in targets:
        value = "" if target.value is None or math.isnan(target.value) else f"{target.value:.3g}"
        lines.append(_line([target.title, target.promised, value, target.outcome]))
    return lines


def _line(content: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in content) + " |"
