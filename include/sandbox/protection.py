"""Service protection: admit a request or refuse it with 429 and the time to wait.

A request that comes before the announced time counts although it is refused, so that a client which ignores Retry-After
waits longer, as on the real services.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sandbox.clock import Clock
from sandbox.http import Response
from sandbox.limits import SystemLimits

_REQUESTS, _EXECUTION, _CONCURRENCY, _OVERLOAD = "requests", "execution_seconds", "concurrency", "overload"
_DATAVERSE_CODES = {
    _REQUESTS: "0x80072322",
    _EXECUTION: "0x80072321",
    _CONCURRENCY: "0x80072326",
    _OVERLOAD: "0x80072322",
}


@dataclass
class _Client:
    """What one client did lately: moments of its requests, and moments with durations of its executions."""

    requests: deque[float] = field(default_factory=deque)
    executions: deque[tuple[float, float]] = field(default_factory=deque)
    busy_seconds: float = 0.0
    running: int = 0
    blocked_until: float = 0.0

    def forget_before(self, moment: float) -> None:
        while self.requests and self.requests[0] <= moment:
            self.requests.popleft()
        while self.executions and self.executions[0][0] <= moment:
            self.busy_seconds -= self.executions.popleft()[1]


class Protection:
    """The service protection of one system.

    :param system: `finops` or `dataverse`; decides about the form of a refusal.
    :param limits: settings in force, read at every request.
    """

    def __init__(self, system: str, limits: SystemLimits, clock: Clock) -> None:
        self._system = system
        self._limits = limits
        self._clock = clock
        self._clients: dict[str, _Client] = {}
        self._seen = 0
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget what clients did."""
        with self._lock:
            self._clients.clear()
            self._seen = 0

    def admit(self, client_id: str) -> Response | None:
        """Begin a request: None admits it, and `leave` must follow; a response refuses it."""
        with self._lock:
            now = self._clock.now().timestamp()
            client = self._clients.setdefault(client_id, _Client())
            client.forget_before(now - self._limits.window_seconds)
            self._seen += 1
            if now < client.blocked_until:
                client.requests.append(now)
            exceeded = self._exceeded(client, now)
            if exceeded is None:
                client.requests.append(now)
                client.running += 1
            elif exceeded[0] == _REQUESTS:
                client.blocked_until = now + exceeded[1]
        return None if exceeded is None else self._refusal(*exceeded)

    def leave(self, client_id: str, seconds: float) -> None:
        """End an admitted request that took so many seconds."""
        with self._lock:
            client = self._clients.setdefault(client_id, _Client(running=1))
            client.running -= 1
            client.executions.append((self._clock.now().timestamp(), seconds))
            client.busy_seconds += seconds

    def remaining(self, client_id: str) -> Mapping[str, str]:
        """Give the headers in which Dataverse tells what is left of the limits."""
        if self._system != "dataverse":
            return {}
        with self._lock:
            client = self._clients.setdefault(client_id, _Client())
            left: dict[str, str] = {}
            if self._limits.requests is not None:
                requests = max(0, self._limits.requests - len(client.requests))
                left["x-ms-ratelimit-burst-remaining-xrm-requests"] = str(requests)
            if self._limits.execution_seconds is not None:
                seconds = max(0.0, self._limits.execution_seconds - client.busy_seconds)
                left["x-ms-ratelimit-time-remaining-xrm-requests"] = f"{seconds:,.2f}"
        return left

    def _exceeded(self, client: _Client, now: float) -> tuple[str, int] | None:
        """Give the limit that is exceeded and the seconds to wait."""
        limits = self._limits
        if self._overloaded():
            return _OVERLOAD, limits.overload_retry_after_seconds
        if limits.concurrency is not None and client.running >= limits.concurrency:
            return _CONCURRENCY, 1
        if limits.requests is not None and len(client.requests) >= limits.requests:
            # The request that must leave the window before another one fits into it.
            blocking = client.requests[len(client.requests) - limits.requests] if limits.requests else now
            return _REQUESTS, _wait(blocking, limits.window_seconds, now)
        if limits.execution_seconds is not None and client.busy_seconds > limits.execution_seconds:
            return _EXECUTION, _wait(client.executions[0][0], limits.window_seconds, now)
        return None

    def _overloaded(self) -> bool:
        limits = self._limits
        if limits.overload_requests > 0:
            limits.overload_requests -= 1
            return True
        return limits.overload_every is not None and self._seen % limits.overload_every == 0

    def _refusal(self, exceeded: str, seconds: int) -> Response:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if self._limits.retry_after:
            headers["Retry-After"] = str(seconds)
        return Response(429, msgspec.json.encode(self._body(exceeded)), headers)

    def _body(self, exceeded: str) -> dict[str, Any]:
        if self._system == "dataverse":
            return {"error": {"code": _DATAVERSE_CODES[exceeded], "message": self._message(exceeded)}}
        return {"error": {"code": "", "message": self._message(exceeded)}}

    def _message(self, exceeded: str) -> str:
        limits, window = self._limits, f"time window of {self._limits.window_seconds:g} seconds"
        if exceeded == _REQUESTS:
            return f"Number of requests exceeded the limit of {limits.requests} over {window}."
        if exceeded == _EXECUTION:
            return (
                f"Combined execution time of incoming requests exceeded limit of {limits.execution_seconds or 0:,.0f} "
                f"seconds over {window}. Decrease number of concurrent requests or reduce the duration of requests and "
                "try again later."
            )
        if exceeded == _CONCURRENCY:
            return f"Number of concurrent requests exceeded the limit of {limits.concurrency}."
        return "This request could not be processed at this time due to system experiencing high resource utilization."


def _wait(blocking: float, window_seconds: float, now: float) -> int:
    return max(1, math.ceil(blocking + window_seconds - now))
