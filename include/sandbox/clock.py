"""The sandbox's clock: real time plus what the control API advanced it by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Tell the time in UTC; token lifetimes, throttling windows and timestamps of rows follow it."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """Give the current moment, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock; negative seconds move it back."""
        self._offset += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Return to real time."""
        self._offset = timedelta(0)
