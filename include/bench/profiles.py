"""The circumstances of a measurement: latency, limits and faults of the sandbox (docs/sandbox.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any

WIDE_AREA = {"latency_ms": 50, "latency_us_per_row": 200}
NO_LATENCY = {"latency_ms": 0, "latency_us_per_row": 0}
NO_LIMITS = {"requests": None, "execution_seconds": None, "concurrency": None}
# Dataverse allows 6,000 requests and 1,200 seconds in 300 s. A run of a minute never meets that, so the window is
# shorter here and lets a third of a run's requests pass.
WINDOW_SECONDS = 10
WINDOWS = 3
FAULT_RATE = 0.1  # of the requests of a run
LEAST_REACH = 20  # a short run meets a fault too
FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "status", "args": {"status": 503, "retry_after": 1}},
    {"action": "status", "args": {"status": 429, "retry_after": 1, "code": "0x80072322"}},
    {"action": "html", "args": {"status": 502}},
    {"action": "drop_before"},
    {"action": "drop_after_commit"},
    {"action": "truncate"},
    {"action": "delay", "args": {"seconds": 1}},
)


@dataclass(frozen=True)
class Profile:
    """:param throttled: service-protection limits are on; :param faulty: requests meet random faults."""

    name: str
    title: str
    latency: dict[str, int]
    throttled: bool = False
    faulty: bool = False

    def limits(self, requests: int) -> dict[str, Any]:
        """Return the settings of the sandbox. :param requests: that all rows take in bulk."""
        dataverse: dict[str, Any] = {**self.latency, **NO_LIMITS, "window_seconds": 300}
        if self.throttled:
            dataverse |= {
                "requests": window_requests(requests), "window_seconds": WINDOW_SECONDS,
                "execution_seconds": 4 * WINDOW_SECONDS, "concurrency": 52,
            }  # fmt: skip
        latency = self.latency["latency_ms"]
        return {"dataverse": dataverse, "finops": {**self.latency, **NO_LIMITS}, "entra": {"latency_ms": latency}}

    def faults(self, requests: int, seed: int = 7) -> list[dict[str, Any]]:
        """Return the faults of a run of so many requests: the same ones for every program."""
        if not self.faulty:
            return []
        random = Random(seed)
        reach = max(LEAST_REACH, 2 * requests)
        return [
            {"system": system, "nth": number, "times": 1, **random.choice(FAULTS)}
            for system in ("dataverse", "finops")
            for number in sorted(random.sample(range(2, reach), int(reach * FAULT_RATE)))
        ]  # fmt: skip


def window_requests(requests: int) -> int:
    """Return how many requests the throttled profile lets pass in a window."""
    return max(2, math.ceil(requests / WINDOWS))


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("none", "no latency", NO_LATENCY),
        Profile("wide", "wide area: 50 ms and 0.2 ms per row", WIDE_AREA),
        Profile("throttled", "service-protection limits on", NO_LATENCY, throttled=True),
        Profile("chaos", "wide area and random faults", WIDE_AREA, faulty=True),
    )
}
