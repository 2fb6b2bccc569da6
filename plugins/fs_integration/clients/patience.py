"""How long and how often: when a request is sent again, how long we wait before, and when we stop."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import tenacity

from fs_integration.clients.settings import Limits
from fs_integration.errors import Throttled, TransientServiceError

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
FIRST_PAUSE_THROTTLED = 10.0  # a busy service that does not say how long needs more than a cut connection
LONGEST_PAUSE = 120.0


@dataclass
class Time:
    """Clock, sleep and chance, so that tests need none of them."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


class Patience:
    """The patience of one client with one service; its threads share the pauses the service asks for."""

    def __init__(self, limits: Limits, clock: Time) -> None:
        self._limits, self._time = limits, clock
        self._lock = threading.Lock()
        self._quiet_until = 0.0

    def deadline(self) -> float:
        """Return the moment at which a request that begins now must be over."""
        return self._time.now() + self._limits.total

    def retrying(self, deadline: float, may_repeat: Callable[[BaseException], bool]) -> tenacity.Retrying:
        """Return what calls a function until it succeeds, may not be repeated, or the limits are reached."""
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(may_repeat),
            stop=tenacity.stop_after_attempt(self._limits.attempts) | _Beyond(self._time, deadline),
            wait=self._pause,
            sleep=self._time.sleep,
            before_sleep=_log_repetition,
            reraise=True,
        )

    def be_quiet(self, seconds: float | None) -> None:
        """Note that the service asked all of us for a pause."""
        with self._lock:
            self._quiet_until = max(self._quiet_until, self._time.now() + (seconds or 0.0))

    def stay_quiet(self, deadline: float) -> None:
        """Wait out a pause the service asked for; a request during it would lengthen it.

        :raises Throttled: the pause ends after the deadline.
        """
        with self._lock:
            rest = self._quiet_until - self._time.now()
        if self._time.now() + rest > deadline:
            raise Throttled(f"The service asked for a pause of another {rest:.0f} s.", status=429, retry_after=rest)
        if rest > 0:
            self._time.sleep(rest)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Return what the service asked for, else a pause that doubles; chance keeps writers from coming together."""
        exc = state.outcome.exception() if state.outcome else None
        asked = exc.retry_after if isinstance(exc, TransientServiceError) else None
        if asked is not None:
            return asked + self._time.jitter()
        first = FIRST_PAUSE_THROTTLED if isinstance(exc, Throttled) else FIRST_PAUSE
        return float(min(first * 2 ** (state.attempt_number - 1), LONGEST_PAUSE) * (0.5 + self._time.jitter() / 2))


class _Beyond(tenacity.stop.stop_base):
    """Stop when the next pause would end after the deadline: waiting for nothing helps nobody."""

    def __init__(self, clock: Time, deadline: float) -> None:
        self._time, self._deadline = clock, deadline

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        return self._time.now() + (state.upcoming_sleep or 0.0) > self._deadline


def _log_repetition(state: tenacity.RetryCallState) -> None:
    exc = state.outcome.exception() if state.outcome else None
    log.warning("Try %d failed, next in %.1f s: %s", state.attempt_number, state.upcoming_sleep, exc)
