"""What the overview shows of each area and company: its last run, its watermark and what is held back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fs_integration.ledger import Ledger, RunEntry, breakers
from fs_integration.ledger.queries import held_rows, latest_runs


@dataclass(frozen=True)
class AreaState:
    """:param held: rows held back now, also by earlier runs."""

    run: RunEntry
    watermark: datetime | None
    held: int


def states(ledger: Ledger) -> list[AreaState]:
    """Return one line per area, task and company that ever ran."""
    watermarks, held = ledger.watermarks(), held_rows(ledger.engine)
    return [
        AreaState(run, watermark=watermarks.get(run.scope), held=held.get(run.scope, 0))
        for run in latest_runs(ledger.engine)
    ]


def pauses(ledger: Ledger, mappings: set[str]) -> list[breakers.State]:
    """Return which of these areas pause, or did and have not succeeded since."""
    return [each for each in breakers.states(ledger) if each.until is not None and each.breaker.area in mappings]
