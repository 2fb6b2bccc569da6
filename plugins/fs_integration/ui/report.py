"""The pages' content as one HTML file that needs no server, no network and no script."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from fs_integration.ledger import Ledger
from fs_integration.ui.rendering import render, style_text

FILE = "index.html"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MOST_ROWS = 1_000  # a report is read by people; the rest is in the ledger


def write_report(ledger: Ledger, folder: Path, *, title: str) -> Path:
    """Write the books of all runs and the open quarantine to ``folder/index.html`` and return that path.

    :param folder: is created; a report already there is replaced.
    """
    lines = ledger.overview()
    held = ledger.find_quarantine(page=1, size=MOST_ROWS)
    by_run = groupby(ledger.runs(started_after=BEGINNING), key=lambda line: (line.dag_id, line.run_id))
    runs = [{"dag_id": dag_id, "run_id": run_id, "lines": list(own)} for (dag_id, run_id), own in by_run]
    page = render(
        "report.html", base="", here="", title=title, style=style_text(), lines=lines, runs=runs, rows=held.rows,
        held=held.total,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(page, encoding="utf-8")
    return path.resolve()
