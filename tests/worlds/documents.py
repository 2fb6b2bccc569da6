"""What documents of Field Service have in common: days in a time zone, and lines that travel together or not at all."""

from __future__ import annotations

from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from tests.worlds.model import BLOCKED, QUARANTINED, WRITTEN, Row

MOMENTS = (
    "2026-01-01T03:30:00Z", "2026-03-29T00:59:59Z", "2026-03-29T22:30:00Z", "2026-07-14T23:59:59Z",
    "2026-11-01T08:30:00Z", "2025-12-31T22:00:00Z", "2024-02-29T12:00:00Z",
)  # fmt: skip


def some_moment(random: Random) -> str:
    return random.choice(MOMENTS)


def day_of(moment: str, zone: str) -> str:
    """Return the day of a moment in a time zone, as F&O writes days."""
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d}T12:00:00Z"


def incomplete(rows: list[Row], outcomes: dict[str, str], *, key: str, document: str) -> None:
    """Hold back the lines whose document has lost a line; one that must be corrected counts before one that waits."""
    for outcome in (QUARANTINED, BLOCKED):
        lost = {row[document] for row in rows if outcomes[row[key]] == outcome}
        for row in rows:
            if row[document] in lost and outcomes[row[key]] == WRITTEN:
                outcomes[row[key]] = outcome
