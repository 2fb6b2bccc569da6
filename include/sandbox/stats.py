"""Count what clients asked for: requests, rows, statuses, bytes and peak concurrency, per system and entity set."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.http import Request, Response

_ENTITY_SET = re.compile(r"/(?:data|api/data/v[\d.]+)/([^/(?]+)")
_OTHER = "other"


@dataclass
class _Tally:
    """Counts of one entity set, or of a whole system."""

    requests: int = 0
    rows: int = 0
    rows_written: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)

    def add(self, request: Request, response: Response | None, rows: int) -> None:
        self.requests += 1
        self.rows += rows
        self.rows_written += rows if request.method != "GET" else 0
        self.bytes_in += len(request.body)
        self.bytes_out += len(response.body) if response is not None else 0
        self.statuses[str(response.status) if response is not None else "dropped"] += 1
        self.methods[request.method] += 1

    def describe(self) -> dict[str, Any]:
        """Give the counts as JSON."""
        return {
            "requests": self.requests,
            "rows": self.rows,
            "rows_written": self.rows_written,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "statuses": dict(self.statuses),
            "methods": dict(self.methods),
        }


class _System(_Tally):
    """Counts of a system: its entity sets, its clients, and how many requests ran at once."""

    def __init__(self) -> None:
        super().__init__()
        self.peak_concurrency = 0
        self.early_requests = 0
        self.entity_sets: dict[str, _Tally] = {}
        self.clients: Counter[str] = Counter()


class Stats:
    """The counters of all systems."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._systems: dict[str, _System] = {}
        self._running: Counter[str] = Counter()

    def begin(self, system: str, *, early: bool = False) -> None:
        """Note that a request started. :param early: it came before an announced Retry-After had passed."""
        with self._lock:
            self._running[system] += 1
            counts = self._systems.setdefault(system, _System())
            counts.early_requests += early
            counts.peak_concurrency = max(counts.peak_concurrency, self._running[system])

    def end(self, system: str, request: Request, response: Response | None, *, rows: int, client_id: str) -> None:
        """Note that a request ended; without a response its connection was dropped."""
        with self._lock:
            self._running[system] -= 1
            counts = self._systems.setdefault(system, _System())
            counts.add(request, response, rows)
            counts.clients[client_id or "anonymous"] += 1
            counts.entity_sets.setdefault(entity_set(request.path), _Tally()).add(request, response, rows)

    def reset(self) -> None:
        """Start counting anew; running requests still count towards concurrency."""
        with self._lock:
            self._systems.clear()

    def describe(self) -> dict[str, Any]:
        """Give all counts by system."""
        with self._lock:
            return {
                name: {
                    **counts.describe(),
                    "peak_concurrency": counts.peak_concurrency,
                    "early_requests": counts.early_requests,
                    "clients": dict(counts.clients),
                    "entity_sets": {key: tally.describe() for key, tally in sorted(counts.entity_sets.items())},
                }
                for name, counts in self._systems.items()
            }


def entity_set(path: str) -> str:
    """Name the entity set (or `$batch`, `$metadata`, a function) that a path addresses; `other` for anything else."""
    match = _ENTITY_SET.match(path)
    return match[1] if match else _OTHER
