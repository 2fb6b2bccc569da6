"""pytest plugin of this folder: which cell of the catalogue a test covers, and what it ended as."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.reliability import matrix
from tests.reliability.catalogue import CELLS, FAULTS, SHARED

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
CELL = "cell"
Outcome = Callable[[str], None]


def cases(fault: str) -> list[object]:
    """Return one parameter per area that a fault is tried in, marked as its cell."""
    return [pytest.param(area, marks=pytest.mark.fault(fault, area), id=area) for area in FAULTS[fault].areas]


def cells_of(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """Yield the cells that a test covers; ``@pytest.mark.fault(fault, area)``, the area being ``shared`` by default."""
    for mark in item.iter_markers("fault"):
        yield mark.args[0], mark.args[1] if len(mark.args) > 1 else SHARED


@pytest.fixture
def outcome(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Outcome:
    """Return what notes the outcome of the cell under test, once the test has made sure of it."""

    def note(code: str) -> None:
        for fault, area in cells_of(request.node):
            assert code in FAULTS[fault].outcomes, f"{fault} may end as {FAULTS[fault].outcomes}, not as {code}"
            record_property(f"{CELL}:{fault}:{area}", code)

    return note


class Found:
    """Collects outcomes from the reports of all workers; a complete set is written into the document."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or not report.passed:
            return
        for name, code in report.user_properties:
            kind, _, place = str(name).partition(":")
            if kind == CELL:
                fault, _, area = place.partition(":")
                self.codes.setdefault((fault, area), set()).add(str(code))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the matrix where every cell passed; a run of a part leaves the document as it is."""
        if hasattr(session.config, "workerinput") or exitstatus != 0 or set(self.codes) != set(CELLS):
            return
        found = {cell: "/".join(sorted(codes)) for cell, codes in self.codes.items()}
        matrix.write(DOCUMENT, found)
