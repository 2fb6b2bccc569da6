"""A bar chart of rows per second as plain SVG, for the documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.profiles import PROFILES
from bench.run import Measurement

WIDTH, LABELS, ROW, HEAD = 820, 250, 22, 34
COLOURS = {True: "#1f6f8b", False: "#a9b4bd"}
OURS = ("ours", "pipeline", "again")
FIRST_DECADE = 0  # the axis begins at 1 row per second


def write_chart(path: Path, measurements: Sequence[Measurement]) -> None:
    """Write the chart: profiles one below the other, a bar per program, length by the logarithm of the rate."""
    shown = [one for one in measurements if one.rate >= 1 and one.profile in PROFILES]
    decades = max(1, math.ceil(math.log10(max((one.rate for one in shown), default=10))) - FIRST_DECADE)
    parts: list[str] = []
    top = HEAD
    for name in dict.fromkeys(one.profile for one in shown):
        parts.append(_text(0, top + 16, PROFILES[name].title, weight="bold"))
        top += ROW + 4
        for one in (line for line in shown if line.profile == name):
            parts += _bar(one, top, decades)
            top += ROW
        top += 12
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_document(parts, top, decades), encoding="utf-8")


def _bar(one: Measurement, top: int, decades: int) -> list[str]:
    length = max(2.0, math.log10(one.rate) / decades * _scale_width())
    lost = "" if one.verdict is None or one.verdict.exact else f", {one.verdict.missing} rows missing"
    colour = COLOURS[one.program in OURS]
    return [
        _text(12, top + 15, one.title),
        f'<rect x="{LABELS}" y="{top + 3}" width="{length:.1f}" height="{ROW - 6}" fill="{colour}"/>',
        _text(LABELS + length + 6, top + 15, f"{one.rate:,.0f}{lost}"),
    ]


def _document(parts: Sequence[str], height: int, decades: int) -> str:
    lines = []
    for decade in range(decades + 1):
        x = LABELS + decade / decades * _scale_width()
        lines.append(f'<line x1="{x:.1f}" y1="{HEAD}" x2="{x:.1f}" y2="{height}" stroke="#e3e7ea"/>')
    title = _text(0, 18, "Rows per second (each line of the grid is ten times the one before)", weight="bold")
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13" role="img" aria-label="Rows per second by profile and program">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>', *lines, title, *parts, "</svg>", "",
    ])  # fmt: skip


def _text(x: float, y: float, text: str, *, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y}" font-weight="{weight}" fill="#20303a">{escape(text)}</text>'


def _scale_width() -> int:
    """The room for bars; the rest of the line is for the figure behind the longest one."""
    return WIDTH - LABELS - 190
