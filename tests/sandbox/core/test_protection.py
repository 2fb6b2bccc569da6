"""Service protection: when a client gets 429, with which words, and how long it has to wait."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import PATHS

from sandbox.clock import Clock
from sandbox.limits import SystemLimits
from sandbox.protection import Protection

ME = "client"


class StillClock(Clock):
    """A clock that stands still between two advances."""

    def __init__(self) -> None:
        super().__init__()
        self._start = super().now()
        self._passed = self._start - self._start

    def now(self) -> Any:
        return self._start + self._passed

    def advance(self, seconds: float) -> None:
        self._passed += timedelta(seconds=seconds)


def protection(system: str = "dataverse", **limits: Any) -> tuple[Protection, StillClock]:
    clock = StillClock()
    return Protection(system, SystemLimits(page_size=1, **limits), clock), clock


def admitted(one: Protection, *, seconds: float = 0.0, client_id: str = ME) -> bool:
    """Send a request that takes so long, and tell whether it was admitted."""
    if one.admit(client_id) is not None:
        return False
    one.leave(client_id, seconds)
    return True


def refusal(one: Protection) -> tuple[int, str, str]:
    """Give Retry-After, code and message of the refusal that is due."""
    response = one.admit(ME)
    assert response is not None
    assert response.status == 429
    error = msgspec.json.decode(response.body)["error"]
    return int(response.headers["Retry-After"]), error["code"], error["message"]


def test_one_request_more_than_the_window_allows_waits_until_the_first_has_left_it() -> None:
    one, clock = protection(requests=3, window_seconds=300)
    assert admitted(one)
    clock.advance(100)
    assert admitted(one)
    assert admitted(one)
    expected = "Number of requests exceeded the limit of 3 over time window of 300 seconds."
    assert refusal(one) == (200, "0x80072322", expected)


def test_an_impatient_client_is_refused_again() -> None:
    one, clock = protection(requests=2, window_seconds=60)
    assert admitted(one)
    assert admitted(one)
    seconds, _, _ = refusal(one)
    clock.advance(seconds - 1)
    assert not admitted(one)


def test_a_patient_client_is_admitted_after_retry_after() -> None:
    one, clock = protection(requests=2, window_seconds=60)
    assert admitted(one)
    clock.advance(30)
    assert admitted(one)
    seconds, _, _ = refusal(one)
    clock.advance(seconds)
    assert admitted(one)


def test_hammering_lengthens_the_wait() -> None:
    one, clock = protection(requests=2, window_seconds=60)
    assert admitted(one)
    assert admitted(one)
    first, _, _ = refusal(one)
    clock.advance(20)
    refusal(one)
    second, _, _ = refusal(one)
    assert second > first - 20


def test_combined_execution_time_is_limited() -> None:
    one, clock = protection(execution_seconds=10, window_seconds=300)
    assert admitted(one, seconds=6)
    clock.advance(100)
    assert admitted(one, seconds=6)
    seconds, code, message = refusal(one)
    assert (seconds, code) == (200, "0x80072321")
    assert message.startswith("Combined execution time of incoming requests exceeded limit of 10 seconds")
    clock.advance(seconds)
    assert admitted(one)


def test_concurrent_requests_are_limited_and_free_again_when_one_ends() -> None:
    one, _ = protection(concurrency=2)
    assert one.admit(ME) is None
    assert one.admit(ME) is None
    assert refusal(one) == (1, "0x80072326", "Number of concurrent requests exceeded the limit of 2.")
    one.leave(ME, 0.1)
    assert one.admit(ME) is None


def test_clients_have_limits_of_their_own() -> None:
    one, _ = protection(requests=1)
    assert admitted(one)
    assert not admitted(one)
    assert admitted(one, client_id="another")


def test_an_overloaded_server_refuses_the_next_requests_whoever_asks() -> None:
    one, _ = protection("finops", overload_requests=2, overload_retry_after_seconds=30)
    message = "This request could not be processed at this time due to system experiencing high resource utilization."
    assert refusal(one) == (30, "", message)
    assert not admitted(one, client_id="another")
    assert admitted(one)


def test_overload_can_meet_every_nth_request() -> None:
    one, _ = protection("finops", overload_every=3)
    assert [admitted(one) for _ in range(7)] == [True, True, False, True, True, False, True]


def test_retry_after_can_be_left_out() -> None:
    one, _ = protection("finops", overload_requests=1, retry_after=False)
    response = one.admit(ME)
    assert response is not None
    assert "Retry-After" not in response.headers


def test_dataverse_tells_what_is_left_and_finance_does_not() -> None:
    one, _ = protection(requests=10, execution_seconds=100)
    admitted(one, seconds=2.5)
    assert one.remaining(ME) == {
        "x-ms-ratelimit-burst-remaining-xrm-requests": "9",
        "x-ms-ratelimit-time-remaining-xrm-requests": "97.50",
    }
    finance, _ = protection("finops", requests=10)
    assert finance.remaining(ME) == {}


def test_the_documented_dataverse_limits_hold_by_default(core: SandboxClient) -> None:
    limits = core.control("GET", "/limits")
    dataverse, finops = limits["dataverse"], limits["finops"]
    assert (dataverse["requests"], dataverse["execution_seconds"], dataverse["concurrency"]) == (6_000, 1_200, 52)
    assert (dataverse["window_seconds"], dataverse["page_size"], finops["page_size"]) == (300, 5_000, 10_000)
    assert (finops["requests"], finops["execution_seconds"], finops["concurrency"]) == (None, None, None)


def test_limits_set_through_the_control_api_hold_at_once_and_the_clock_frees_them(core: SandboxClient) -> None:
    core.control("POST", "/limits", {"dataverse": {"requests": 2}})
    statuses = [core.get("dataverse", PATHS["dataverse"]).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    core.control("POST", "/clock", {"advance_seconds": 301})
    assert core.get("dataverse", PATHS["dataverse"]).status_code == 200


def test_a_refused_write_writes_nothing(core: SandboxClient) -> None:
    core.control("POST", "/limits", {"dataverse": {"overload_requests": 1}})
    assert core.request("POST", "dataverse", PATHS["dataverse"], json={"id": 1}).status_code == 429
    assert len(core.state("dataverse", "things")) == 3


@pytest.mark.parametrize(("setting", "value"), [("latency_ms", 200), ("latency_us_per_row", 70_000)])
def test_latency_is_added_per_request_and_per_row(core: SandboxClient, setting: str, value: float) -> None:
    core.control("POST", "/limits", {"finops": {setting: value}})
    started = time.monotonic()
    assert core.get("finops", PATHS["finops"]).status_code == 200
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize(
    "changes",
    [
        {"sap": {}},
        {"finops": []},
        {"finops": {"pagesize": 5}},
        {"finops": {"page_size": 0}},
        {"finops": {"page_size": "5"}},
        {"finops": {"page_size": None}},
        {"finops": {"retry_after": 1}},
        {"entra": {"switches": {}}},
        {"dataverse": {"switches": {"plugins": False}}},
        {"dataverse": {"switches": []}},
    ],
)
def test_a_setting_that_does_not_exist_is_refused_and_nothing_changes(core: SandboxClient, changes: Any) -> None:
    before = core.control("GET", "/limits")
    answer = core.control_response("POST", "/limits", {"dataverse": {"page_size": 3}, **changes})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert core.control("GET", "/limits") == before


def test_a_switch_is_set_alone_and_a_reset_brings_its_default_back(core: SandboxClient) -> None:
    changed = core.control("POST", "/limits", {"dataverse": {"switches": {"plug_ins": False}}})
    assert changed["dataverse"]["switches"] == {"plug_ins": False}
    core.reset(scale=3)
    assert core.control("GET", "/limits")["dataverse"]["switches"] == {"plug_ins": True}
