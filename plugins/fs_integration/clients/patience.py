"""How long and how often: when a request is sent again, how long we wait before, and when we stop."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import tenacity

from fs_integration.clients.limiter import Limiter
from fs_integration.clients.settings import Limits
from fs_integration.errors import Throttled, TransientServiceError

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
FIRST_PAUSE_THROTTLED = 10.0  # a busy service that does not say how long needs more than a cut connection
LONGEST_PAUSE = 120.0


@dataclass
class Time:
    """Clock, sleep and chance, handed in so that tests need none of them (R11 in docs/reliability.md)."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass
class Deadline:
    """The moment at which a request with all its repetitions must be over; waiting for a place does not count."""

    moment: float


class Patience:
    """The patience of one client with one service; all users of a limiter share its pauses and its places."""

    def __init__(self, limits: Limits, clock: Time, limiter: Limiter) -> None:
        self._limits, self._time, self.limiter = limits, clock, limiter

    def deadline(self) -> Deadline:
        """Return the deadline of a request that begins now."""
        return Deadline(self._time.now() + self._limits.total)

    def retrying(self, deadline: Deadline, may_repeat: Callable[[BaseException], bool]) -> tenacity.Retrying:
        """Return what calls a function until it succeeds, may not be repeated, or the limits are reached."""
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(may_repeat),
            stop=tenacity.stop_after_attempt(self._limits.attempts) | _Beyond(self._time, deadline),
            wait=self._pause,
            sleep=self._time.sleep,
            before_sleep=_log_repetition,
            reraise=True,
        )

    @contextmanager
    def turn(self, deadline: Deadline, before: Callable[[], None] | None) -> Iterator[int]:
        """Send one request inside: there is a place for it, no pause lasts, and ``before`` had nothing against it.

        :raises Throttled: a pause the service asked for ends after the deadline.
        """
        number = self._admitted(deadline, before)
        try:
            yield number
        except TransientServiceError as exc:
            self._note(number, exc)
            raise
        finally:
            self.limiter.leave()

    def be_quiet(self, exc: TransientServiceError) -> None:
        """Note that the service could not carry out a part of a request."""
        self._note(self.limiter.turns, exc)

    def _note(self, turn: int, exc: TransientServiceError) -> None:
        if isinstance(exc, Throttled):
            self.limiter.throttled(turn, exc.retry_after)
        else:
            self.limiter.pause(exc.retry_after)

    def _admitted(self, deadline: Deadline, before: Callable[[], None] | None) -> int:
        """Return the number of our turn; a pause that began while ``before`` ran is waited out first."""
        while True:
            number = self._place(deadline)
            try:
                if before is not None:
                    before()
                if not self.limiter.pause_left():
                    return number
            except BaseException:
                self.limiter.leave()
                raise
            self.limiter.leave()

    def _place(self, deadline: Deadline) -> int:
        while True:
            self._stay_quiet(deadline)
            began = self._time.now()
            number = self.limiter.enter()
            deadline.moment += self._time.now() - began
            if number:
                return number

    def _stay_quiet(self, deadline: Deadline) -> None:
        """Wait out a pause the service asked for, unless it ends after the deadline (R13 in docs/reliability.md).

        A request during it would lengthen it.
        """
        while rest := self.limiter.pause_left():
            if self._time.now() + rest > deadline.moment:
                raise Throttled(f"The service asked for a pause of another {rest:.0f} s.", status=429, retry_after=rest)
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

    def __init__(self, clock: Time, deadline: Deadline) -> None:
        self._time, self._deadline = clock, deadline

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        return self._time.now() + (state.upcoming_sleep or 0.0) > self._deadline.moment


def _log_repetition(state: tenacity.RetryCallState) -> None:
    exc = state.outcome.exception() if state.outcome else None
    log.warning("Try %d failed, next in %.1f s: %s", state.attempt_number, state.upcoming_sleep, exc)
