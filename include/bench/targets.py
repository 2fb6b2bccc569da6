"""The targets: what was promised, what was measured, met or missed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.profiles import WINDOW_SECONDS
from bench.programs.wire import ROWS_PER_REQUEST
from bench.run import Measurement

NOT_MEASURED, MET, MISSED = "not measured", "pass", "miss"
Line = tuple[str, str]  # profile and program
TOLERANCE = 1e-9
MANY_ROWS, NEARLY_ALL = 1_000_000, 0.9  # the unusual rows of the world are taken out
NO_LINE: Line = ("", "")
COMPANIES = 3  # of the sandbox; each is loaded by itself, so each may send one request that is not full


@dataclass(frozen=True)
class Target:
    """One target with its outcome.

    :param limit: what was promised; :param at_least: more is better.
    :param value: None when it was not measured, not a number when the run it needs did not end well.
    """

    title: str
    limit: float
    at_least: bool
    value: float | None

    @property
    def promised(self) -> str:
        """Say the limit in words."""
        return f"{'at least' if self.at_least else 'at most'} {self.limit:g}"

    @property
    def outcome(self) -> str:
        """Say ``pass``, ``miss`` or ``not measured``."""
        if self.value is None:
            return NOT_MEASURED
        ahead = self.value - self.limit if self.at_least else self.limit - self.value
        return MET if ahead >= -TOLERANCE else MISSED

    def to_dict(self) -> dict[str, Any]:
        """Return the target as JSON has it."""
        value = None if self.value is None or math.isnan(self.value) else self.value
        return {**asdict(self), "value": value, "outcome": self.outcome}


class Figures:
    """The measurements by profile and program."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self._lines = {(one.profile, one.program): one for one in measurements if one.verdict is not None}

    def ratio(self, above: Line, below: Line, figure: Callable[[Measurement], float]) -> float | None:
        """Divide a figure of one line by that of another; None when one is missing."""
        one, other = self.value(above, figure), self.value(below, figure)
        if one is None or other is None:
            return None
        return one / other if other else math.nan

    def value(self, line: Line, figure: Callable[[Measurement], float | None]) -> float | None:
        """Return a figure of a line, None when the line is missing; a run that did not end well has no figures."""
        one = self._lines.get(line)
        if one is None:
            return None
        return figure(one) if one.ended_well else math.nan

    def faults(self, line: Line) -> float | None:
        """Return how many rows are not as they must be, None when the line is missing."""
        one = self._lines.get(line)
        if one is None or one.verdict is None:
            return None
        found = one.verdict
        return math.nan if one.note else found.missing + found.extra + found.wrong + found.twice


def targets(measurements: Sequence[Measurement]) -> list[Target]:
    """Judge every target."""
    figures = Figures(measurements)
    return [*_speed(figures), *_limits(figures), *_change(figures), *_growth(figures), *_faults(figures)]


def _speed(figures: Figures) -> list[Target]:
    def rate(one: Measurement) -> float:
        return one.rate

    ours = ("wide", "ours")
    return [
        _more("upsert, wide area: rows/s against the hand-tuned one", 0.8, figures.ratio(ours, ("wide", "hand"), rate)),
        _more("the same against the sequential client", 6, figures.ratio(ours, ("wide", "sequential"), rate)),
        _more("the same against the row-by-row script", 500, figures.ratio(ours, ("wide", "rows"), rate)),
        _less("whole pipeline, wide area: time against the minimal script", 1.6,
              figures.ratio(("wide", "pipeline"), ("wide", "minimal"), lambda one: one.wall)),
        _less("whole pipeline, no latency: CPU against the minimal script", 3,
              figures.ratio(("none", "pipeline"), ("none", "minimal"), lambda one: one.cpu)),
    ]  # fmt: skip


def _limits(figures: Figures) -> list[Target]:
    line = ("throttled", "ours")
    unlimited = figures.value(("none", "ours"), lambda one: one.seconds)
    share = figures.value(line, lambda one: _allowed_share(one, unlimited))
    return [
        _more("throttled: share of the rate that the limits allow", 0.9, share),
        _less("throttled: requests before Retry-After had passed", 0, figures.value(line, lambda one: one.early)),
        _less("throttled: rows lost", 0, figures.faults(line)),
    ]


def _change(figures: Figures) -> list[Target]:
    def beyond(one: Measurement) -> float:
        return one.write_requests - math.ceil(one.changed / ROWS_PER_REQUEST)

    found = []
    for profile in ("none", "wide"):
        line = (profile, "again")
        writes = figures.value(line, lambda one: one.writes_per_change)
        found.append(_less(f"1 % changed, {profile}: writes per changed row", 1.0, writes))
        title = f"1 % changed, {profile}: requests that write, beyond those the rows fill"
        found.append(_less(title, COMPANIES - 1, figures.value(line, beyond)))
    return found


def _growth(figures: Figures) -> list[Target]:
    def each(one: Measurement) -> float:
        return one.wall / one.rows

    most, fewer = ("many", "most"), ("many", "fewer")
    rows = figures.value(most, lambda one: one.rows)
    if rows is not None and rows < MANY_ROWS * NEARLY_ALL:  # promised for many rows: fewer prove nothing
        most = NO_LINE
    return [
        _less("1,000,000 rows: peak memory in MiB", 600, figures.value(most, lambda one: one.peak)),
        _less("1,000,000 rows: peak memory against 200,000", 1.3, figures.ratio(most, fewer, lambda one: one.peak)),
        _less("1,000,000 rows: seconds per row against the comparison's", 1.15,
              figures.ratio(most, ("none", "pipeline"), each)),
    ]  # fmt: skip


def _faults(figures: Figures) -> list[Target]:
    found = []
    for program, title in (("ours", "our client"), ("pipeline", "whole pipeline")):
        state = figures.faults(("chaos", program))
        time = figures.ratio(("chaos", program), ("wide", program), lambda one: one.seconds)
        found.append(_less(f"chaos, {title}: rows missing, extra, wrong or twice", 0, state))
        found.append(_less(f"chaos, {title}: time against the fault-free run", 2, time))
    return found


def _allowed_share(one: Measurement, unlimited: float | None) -> float | None:
    """Divide the time of a client that sends whatever the limits let pass at once by the time this one took.

    In no window of time may more requests pass than are allowed, so each request waits a window for the one so many
    before it.

    :param unlimited: seconds that the client takes without limits: what comes last still has to be done.
    """
    if unlimited is None:
        return None
    waits = (one.passed - 1) // one.allowed
    last = one.passed - waits * one.allowed
    return (waits * WINDOW_SECONDS + unlimited * last / one.passed) / one.seconds


def _more(title: str, limit: float, value: float | None) -> Target:
    return Target(title, limit, at_least=True, value=value)


def _less(title: str, limit: float, value: float | None) -> Target:
    return Target(title, limit, at_least=False, value=value)
