"""What every request to an emulated system passes: statistics, faults, service protection, latency."""

from __future__ import annotations

import time
from email.utils import format_datetime
from typing import Any, Protocol

from sandbox.announced import AnnouncedWaits
from sandbox.entra import InvalidToken
from sandbox.environment import Environment
from sandbox.faults import Faults
from sandbox.http import Request, Response
from sandbox.protection import Protection
from sandbox.stats import Stats


class Handler(Protocol):
    """Something that answers requests."""

    name: str

    def handle(self, request: Request) -> Response:
        """Answer one request."""


class Gateway:
    """Stand in front of one system.

    :param handler: the system; its name decides about settings and counters.
    """

    def __init__(self, handler: Handler, environment: Environment, faults: Faults, stats: Stats) -> None:
        self._handler = handler
        self._environment = environment
        self._faults = faults
        self._stats = stats
        self._limits: Any = getattr(environment.limits, handler.name)
        protected = handler.name in ("finops", "dataverse")
        self._protection = Protection(handler.name, self._limits, environment.clock) if protected else None
        self._waits = AnnouncedWaits(environment.clock)

    def handle(self, request: Request) -> Response:
        """Answer one request.

        :raises ConnectionDropped: when a fault breaks the connection.
        """
        name, client_id = self._handler.name, self._client(request)
        response: Response | None = None
        rows = 0
        self._stats.begin(name, early=self._waits.is_early(client_id))
        try:
            response = self._faults.handle(name, request, self._admit)
            rows = response.take_rows()
            response.headers.setdefault("Date", format_datetime(self._environment.clock.now(), usegmt=True))
            self._wait(rows)
            return response
        finally:
            self._waits.announce(client_id, response)
            self._stats.end(name, request, response, rows=rows, client_id=client_id)

    def reset(self) -> None:
        """Forget what clients did."""
        self._waits.reset()
        if self._protection is not None:
            self._protection.reset()

    def _admit(self, request: Request) -> Response:
        """Let a request of a known client pass the service protection."""
        client_id = self._client(request)
        if self._protection is None or not client_id:
            return self._handler.handle(request)
        refusal = self._protection.admit(client_id)
        if refusal is not None:
            return refusal
        started = time.monotonic()
        try:
            response = self._handler.handle(request)
        finally:
            self._protection.leave(client_id, time.monotonic() - started)
        response.headers.update(self._protection.remaining(client_id))
        return response

    def _client(self, request: Request) -> str:
        """Give the client id of a valid token, empty without one: the system itself refuses those."""
        token = request.headers.get("authorization", "").partition(" ")[2]
        if not token or self._handler.name == "entra":
            return ""
        try:
            return str(self._environment.issuer.claims(token).get("appid", ""))
        except InvalidToken:
            return ""

    def _wait(self, rows: int) -> None:
        per_row = getattr(self._limits, "latency_us_per_row", 0.0)
        seconds = self._limits.latency_ms / 1_000 + per_row * rows / 1_000_000
        if seconds > 0:
            time.sleep(seconds)
