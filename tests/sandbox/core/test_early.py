"""Requests that came before an announced Retry-After had passed: what counts and what does not."""

from __future__ import annotations

import pytest
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import PATHS
from tests.sandbox.core.test_protection import StillClock

from sandbox.announced import ON_ITS_WAY, AnnouncedWaits
from sandbox.http import Response

REFUSAL = {"Retry-After": "5"}
IN_TIME = ON_ITS_WAY.total_seconds() + 0.01


def waits() -> tuple[AnnouncedWaits, StillClock]:
    clock = StillClock()
    return AnnouncedWaits(clock), clock


@pytest.mark.parametrize(
    ("seconds", "early"),
    [(0.0, False), (IN_TIME, True), (4.99, True), (5.0, False), (60.0, False)],
    ids=["on its way", "ignored", "just before", "on time", "long after"],
)
def test_a_request_is_early_from_when_the_refusal_is_known_until_the_wait_is_over(seconds: float, early: bool) -> None:
    one, clock = waits()
    one.announce("a", Response(429, headers=dict(REFUSAL)))
    clock.advance(seconds)
    assert one.is_early("a") is early


@pytest.mark.parametrize(
    ("announced", "early"),
    [
        ("Fri, 01 Jan 2100 00:00:00 GMT", True), ("Thu, 01 Jan 2004 00:00:00 GMT", False), ("-5", False),
        ("soon", False),
    ],
    ids=["date", "date that is over", "less than nothing", "neither seconds nor date"],
)  # fmt: skip
def test_a_wait_may_be_a_date_and_what_is_none_announces_nothing(announced: str, early: bool) -> None:
    one, clock = waits()
    one.announce("a", Response(429, headers={"Retry-After": announced}))
    clock.advance(IN_TIME)
    assert one.is_early("a") is early


@pytest.mark.parametrize(
    "answer", [Response(503, headers=dict(REFUSAL)), Response(429), Response(204), None],
    ids=["another status", "no Retry-After", "success", "dropped"],
)  # fmt: skip
def test_only_a_refusal_with_retry_after_announces_a_wait(answer: Response | None) -> None:
    one, clock = waits()
    one.announce("a", answer)
    clock.advance(1)
    assert not one.is_early("a")


def test_a_short_wait_does_not_end_a_longer_one() -> None:
    one, clock = waits()
    one.announce("a", Response(429, headers={"Retry-After": "30"}))
    one.announce("a", Response(429, headers={"Retry-After": "1"}))
    clock.advance(20)
    assert one.is_early("a")


def test_waits_are_per_client_and_a_reset_forgets_them() -> None:
    one, clock = waits()
    one.announce("a", Response(429, headers=dict(REFUSAL)))
    clock.advance(1)
    assert (one.is_early("a"), one.is_early("b")) == (True, False)
    one.reset()
    assert not one.is_early("a")


@pytest.mark.parametrize(("seconds", "early"), [(10, 1), (301, 0)], ids=["ignored", "waited"])
def test_statistics_tell_the_early_requests(core: SandboxClient, seconds: int, early: int) -> None:
    core.control("POST", "/limits", {"dataverse": {"requests": 1}})
    statuses = [core.get("dataverse", PATHS["dataverse"]).status_code for _ in range(2)]
    core.control("POST", "/clock", {"advance_seconds": seconds})
    core.get("dataverse", PATHS["dataverse"])
    assert (statuses, core.control("GET", "/stats")["dataverse"]["early_requests"]) == ([200, 429], early)
