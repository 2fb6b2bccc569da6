"""The pages' content as one HTML file that needs no server, no network and no script."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from fs_integration.ledger import Ledger
from fs_integration.ledger.queries import open_lines
from fs_integration.ui.books import states
from fs_integration.ui.rendering import render, style_text

FILE = "index.html"
MOST_RUNS, MOST_LINES = 300, 1_000  # a report is read by people; the rest is in the ledger


def write_report(ledger: Ledger, folder: Path, *, title: str) -> Path:
    """Write the books of all runs and the open quarantine to ``folder/index.html`` and return that path.

    :param folder: is created; a report already there is replaced.
    """
    by_run = groupby(ledger.runs(newest=MOST_RUNS), key=lambda entry: (entry.dag_id, entry.run_id))
    page = render(
        "report.html", base="", here="", title=title, style=style_text(), areas=states(ledger),
        runs=[{"dag_id": dag_id, "run_id": run_id, "lines": list(own)} for (dag_id, run_id), own in by_run],
        found=open_lines(ledger.engine, page=1, size=MOST_LINES),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(page, encoding="utf-8")
    return path.resolve()
