"""The ledger's books as tables for a terminal: one line per area, all companies and tasks added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from fs_integration.ledger import RunEntry

OUTCOMES = ("created", "updated", "unchanged", "quarantined", "blocked", "skipped")
WRITTEN = ("created", "updated")
COLUMNS = ("read", "generated", *OUTCOMES, "drift")


def print_books(console: Console, title: str, runs: Iterable[RunEntry]) -> None:
    """Print what became of every row. :param runs: books of one pass."""
    table = Table("area", title=title, title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for area, counts in by_area(runs).items():
        table.add_row(area, *(str(counts[name] or "") for name in COLUMNS))
    console.print(table)


def by_area(runs: Iterable[RunEntry]) -> dict[str, Counter[str]]:
    """Add up the books of companies and tasks. :returns: area -> column -> rows, in the order of the runs."""
    areas: dict[str, Counter[str]] = {}
    for run in runs:
        counts = areas.setdefault(run.scope.mapping, Counter())
        counts.update({"read": run.rows_read, "generated": run.generated, "drift": run.drift})
        counts.update({name: int(run.outcomes.get(name, 0)) for name in OUTCOMES})
    return areas


def rows_written(runs: Iterable[RunEntry]) -> int:
    """Return how many rows the books call written."""
    return sum(counts[name] for counts in by_area(runs).values() for name in WRITTEN)


def print_held_back(console: Console, held: pd.DataFrame) -> None:
    """Print why rows are held back. :param held: open lines of the ledger's quarantine."""
    table = Table("area", "rows", "outcome", "reason", title="Rows held back, and why", title_justify="left")
    for column in table.columns[:-1]:
        column.no_wrap = True
    for (area, outcome, reason), lines in held.groupby(["mapping", "outcome", "reason"], sort=False):
        table.add_row(str(area), str(lines["row_key"].nunique()), str(outcome), str(reason))
    console.print(table)


def held_keys(held: pd.DataFrame) -> set[tuple[str, tuple[str, ...]]]:
    """Return area and source key of every row held back, blank parts of a key left out."""
    from fs_integration.frames import KEY_SEPARATOR, NULL_TEXT

    return {
        (area, tuple(part for part in key.split(KEY_SEPARATOR) if part not in ("", NULL_TEXT)))
        for area, key in zip(held["mapping"], held["row_key"], strict=True)
    }
