"""Remember how long clients were told to wait, and tell which requests came before that time had passed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from sandbox.clock import Clock
from sandbox.http import Response

# A request that was on its way when the refusal left was not sent against it.
ON_ITS_WAY = timedelta(milliseconds=250)


class AnnouncedWaits:
    """The waits of one system: by client, from when it knows of a wait and until when it lasts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[str, list[tuple[datetime, datetime]]] = {}
        self._lock = threading.Lock()

    def is_early(self, client_id: str) -> bool:
        """Tell whether a request that arrives now comes before an announced time."""
        now = self._clock.now()
        with self._lock:
            return any(known < now < until for known, until in self._waits.get(client_id, []))

    def announce(self, client_id: str, response: Response | None) -> None:
        """Note an answer that leaves now; only a 429 with Retry-After announces a wait."""
        if not client_id or response is None or response.status != 429 or "Retry-After" not in response.headers:
            return
        now = self._clock.now()
        wait = (now + ON_ITS_WAY, _end_of(response.headers["Retry-After"], now))
        with self._lock:
            running = [(known, until) for known, until in self._waits.get(client_id, []) if until > now]
            self._waits[client_id] = [*running, wait]

    def reset(self) -> None:
        """Forget every wait."""
        with self._lock:
            self._waits.clear()


def _end_of(retry_after: str, now: datetime) -> datetime:
    """Give the end of a wait of so many seconds or until an HTTP date; a text that is neither announces none."""
    try:
        return now + timedelta(seconds=float(retry_after))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(retry_after).astimezone(UTC)
    except ValueError:
        return now
