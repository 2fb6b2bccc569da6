"""CSV for people, who open it in a spreadsheet: no cell of it is a formula there.

Only for people. What programs exchange is written elsewhere and left as it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

Cell = str | int | float | datetime | None
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
)  # a spreadsheet takes text that begins so for a formula, or hides how it begins


def people_csv(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table as CSV text, lines ended as spreadsheets end them."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([harmless(head) for head in heads])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return written.getvalue()


def harmless(cell: Cell) -> str:
    """Return a cell as text that no spreadsheet carries out: an apostrophe before what would be a formula.

    Numbers stay numbers: a minus sign before digits is no formula. Text that only looks like a number is text.
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA) else text
