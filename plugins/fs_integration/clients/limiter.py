"""How many requests of one user may be under way at one service, and from when on the next one may be sent.

The number starts at what the service recommends, grows by one per round of good answers, and is halved when the service
refuses for load or clearly slows down (docs/reliability.md, "How fast we ask"). While a pause the service asked for
lasts, nobody gets a place.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

log = logging.getLogger(__name__)

START = 8  # places where the service recommends no number
MOST = 52  # Dataverse answers no more than this many requests of one user at once ("Service protection API limits")
RECOMMENDED = "x-ms-dop-hint"
REQUESTS_LEFT = "x-ms-ratelimit-burst-remaining-xrm-requests"
SECONDS_LEFT = "x-ms-ratelimit-time-remaining-xrm-requests"
SAMPLES = 10  # answers of one kind before their time says something
_WEIGHT = 0.2  # of the newest answer in the running mean
_SLOWER, _SLOWER_SECONDS = 2.0, 0.05  # so many times the usual time, and so much more, is clearly slower
_PATIENCE_FOR_A_PLACE = 1.0  # seconds; a waiting caller looks up at least this often


@dataclass
class _Pace:
    """How long one kind of request takes. :param usual: lowest mean seen; :param recent: running mean, seconds."""

    usual: float = math.inf
    recent: float = 0.0
    answers: int = 0

    def slower(self, seconds: float) -> bool:
        """Note an answer and tell whether they have become clearly slower; what is slow now is the usual from then."""
        self.answers += 1
        self.recent = seconds if self.answers == 1 else self.recent + _WEIGHT * (seconds - self.recent)
        if self.answers < SAMPLES:
            return False
        rising = self.recent > self.usual * _SLOWER + _SLOWER_SECONDS
        self.usual = self.recent if rising else min(self.usual, self.recent)
        return rising


class Limiter:
    """The places for requests of one user at one service; safe for threads.

    :param now: clock in seconds that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._quiet_until = -math.inf
        self._places, self._fit = float(START), math.inf
        self._under_way = self._most_under_way = 0
        self._turns = self._halved_at = 0
        self._paces: dict[object, _Pace] = {}
        self.recommended: int | None = None

    @property
    def places(self) -> int:
        """Requests that may be under way at once."""
        return max(1, int(min(self._places, self._fit)))

    @property
    def turns(self) -> int:
        """Number of the turn given last."""
        return self._turns

    def pause_left(self) -> float:
        """Return the seconds until anything may be sent again; 0 when it may be sent now."""
        with self._changed:
            return max(self._quiet_until - self._now(), 0.0)

    def enter(self) -> int:
        """Take a place, or wait a moment for one; ``leave`` must follow when there was one.

        :returns: number of the turn, from 1 on; 0 when there was no place, or a pause lasts.
        """
        with self._changed:
            if self._quiet_until <= self._now() and self._under_way >= self.places:
                self._changed.wait(_PATIENCE_FOR_A_PLACE)
            if self._quiet_until > self._now() or self._under_way >= self.places:
                return 0
            self._turns += 1
            self._under_way += 1
            self._most_under_way = max(self._most_under_way, self._under_way)
            return self._turns

    def leave(self) -> None:
        """Give a place back."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def answered(self, turn: int, headers: Mapping[str, str], *, kind: object, seconds: float) -> None:
        """Note an answer that did not come too early and was no failure of the service.

        :param kind: what requests of about the same cost have in common; :param seconds: from request to end of answer.
        """
        with self._changed:
            self._take_hints(headers, seconds)
            slower = self._paces.setdefault(kind, _Pace()).slower(seconds)
            if turn <= self._halved_at:
                return
            if slower:
                self._halve("answers take longer and longer")
            elif self._most_under_way >= self.places and self._fit > self._places:
                self._places = min(self._places + 1 / self._places, float(MOST))
            self._changed.notify_all()

    def throttled(self, turn: int, retry_after: float | None) -> None:
        """Note that the service refused for load; of the requests under way then, only the first counts.

        :param turn: the request's turn; :param retry_after: seconds nothing may be sent, None when it did not say.
        """
        with self._changed:
            if turn > self._halved_at:
                self._halve("the service asked for less load")
            self._quiet(retry_after)

    def pause(self, seconds: float | None) -> None:
        """Note that the service asked for a pause for another reason than load."""
        with self._changed:
            self._quiet(seconds)

    def _quiet(self, seconds: float | None) -> None:
        self._quiet_until = max(self._quiet_until, self._now() + (seconds or 0.0))

    def _halve(self, reason: str) -> None:
        self._places = max(1.0, min(self._places, float(self._most_under_way)) / 2)
        self._halved_at, self._most_under_way = self._turns, 0
        log.info("Down to %d requests at once: %s", self.places, reason)

    def _take_hints(self, headers: Mapping[str, str], seconds: float) -> None:
        """Follow the recommendation from the start, and never send more than what is left of the limits holds."""
        hint = _number(headers.get(RECOMMENDED))
        if hint >= 1 and hint != math.inf:
            if self.recommended is None and not self._halved_at:
                self._places = min(hint, float(MOST))
            self.recommended = int(hint)
        self._fit = min(_number(headers.get(REQUESTS_LEFT)), _number(headers.get(SECONDS_LEFT)) / max(seconds, 0.001))


_LIMITERS: dict[tuple[str, str, Callable[[], float]], Limiter] = {}
_GUARD = threading.Lock()


def limiter_of(url: str, user: str, now: Callable[[], float] = time.monotonic) -> Limiter:
    """Return the one limiter of this process for a user of a service; it outlives the clients that use it.

    :param url: address of the environment; :param user: application id, because the limits count per user.
    """
    with _GUARD:
        return _LIMITERS.setdefault((url, user, now), Limiter(now))


def _number(text: str | None) -> float:
    """Read a header such as ``1,199.50``; what is missing or no number sets no bound, less than nothing is nothing."""
    try:
        number = float((text or "inf").replace(",", ""))
    except ValueError:
        return math.inf
    return math.inf if math.isnan(number) else max(number, 0.0)
