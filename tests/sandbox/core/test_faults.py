"""Faults hit the requests they name, and do what they say."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import PATHS

THINGS = PATHS["dataverse"]


def order(core: SandboxClient, action: str, **values: Any) -> None:
    core.control("POST", "/faults", [{"system": "dataverse", "action": action, **values}])


def status(core: SandboxClient) -> int:
    return core.get("dataverse", THINGS).status_code


def add_thing(core: SandboxClient) -> requests.Response:
    return core.request("POST", "dataverse", THINGS, json={"id": 99})


def has_thing(core: SandboxClient) -> bool:
    return {"id": 99} in core.state("dataverse", "things")


def test_status_answers_instead_of_the_system(core: SandboxClient) -> None:
    order(
        core, "status", method="POST", args={"status": 429, "retry_after": 7, "code": "0x80072322", "message": "slow"}
    )
    answer = add_thing(core)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"error": {"code": "0x80072322", "message": "slow"}}
    assert not has_thing(core)


def test_status_takes_a_body_and_headers_word_for_word(core: SandboxClient) -> None:
    args = {"status": 503, "body": "<down>", "headers": {"Content-Type": "text/plain", "X-A": "b"}}
    order(core, "status", args=args)
    answer = core.get("dataverse", THINGS)
    assert (answer.text, answer.headers["Content-Type"], answer.headers["X-A"]) == ("<down>", "text/plain", "b")


def test_drop_before_breaks_the_connection_and_does_nothing(core: SandboxClient) -> None:
    order(core, "drop_before", method="POST")
    with pytest.raises(requests.ConnectionError):
        add_thing(core)
    assert not has_thing(core)
    assert core.control("GET", "/stats")["dataverse"]["statuses"] == {"dropped": 1}


def test_drop_after_commit_breaks_the_connection_after_the_write(core: SandboxClient) -> None:
    order(core, "drop_after_commit", method="POST")
    with pytest.raises(requests.ConnectionError):
        add_thing(core)
    assert has_thing(core)


def test_delay_holds_the_answer_back(core: SandboxClient) -> None:
    order(core, "delay", args={"seconds": 0.3})
    started = time.monotonic()
    assert status(core) == 200
    assert time.monotonic() - started >= 0.3


def test_delay_answer_holds_back_the_answer_of_what_is_done(core: SandboxClient) -> None:
    order(core, "delay_answer", method="POST", args={"seconds": 0.3})
    url, headers = core.urls["dataverse"] + THINGS, {"Authorization": f"Bearer {core.token('dataverse')}"}
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json={"id": 99}, headers=headers, timeout=0.1, verify=core.ca_file)
    assert has_thing(core)


def test_truncate_announces_more_than_it_sends(core: SandboxClient) -> None:
    order(core, "truncate", args={"bytes": 5})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        _ = core.get("dataverse", THINGS).content


def test_html_is_a_gateways_page(core: SandboxClient) -> None:
    order(core, "html", args={"status": 200})
    answer = core.get("dataverse", THINGS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_foreign_next_link_points_to_another_host_and_keeps_the_rest(core: SandboxClient) -> None:
    own = core.get("dataverse", THINGS).json()["@odata.nextLink"]
    order(core, "foreign_next_link")
    foreign = core.get("dataverse", THINGS).json()
    assert foreign["@odata.nextLink"] == own.replace(core.urls["dataverse"], "https://attacker.example")
    assert len(foreign["value"]) == 3


def test_expire_token_makes_the_client_ask_for_a_new_one(core: SandboxClient) -> None:
    order(core, "expire_token")
    assert status(core) == 401
    assert status(core) == 401, "the old token stays expired"
    core.forget_tokens()
    assert status(core) == 200


def test_nth_and_times_choose_the_requests_in_a_row(core: SandboxClient) -> None:
    order(core, "status", nth=2, times=2)
    assert [status(core) for _ in range(5)] == [200, 503, 503, 200, 200]
    (fault,) = core.control("GET", "/faults")
    assert (fault["matched"], fault["hit"]) == (5, 2)


def test_without_times_a_fault_hits_once_and_with_null_for_ever(core: SandboxClient) -> None:
    order(core, "status")
    assert [status(core) for _ in range(3)] == [503, 200, 200]
    order(core, "status", times=None)
    assert [status(core) for _ in range(3)] == [503, 503, 503]


def test_deleting_the_faults_ends_them(core: SandboxClient) -> None:
    order(core, "status", times=None)
    assert core.control("DELETE", "/faults") == []
    assert status(core) == 200


@pytest.mark.parametrize(
    "elsewhere", [{"system": "finops"}, {"method": "POST"}, {"path_regex": "others"}, {"path_regex": r"\$top=2"}]
)
def test_a_fault_leaves_other_requests_alone(core: SandboxClient, elsewhere: dict[str, str]) -> None:
    order(core, "status", **elsewhere)
    assert status(core) == 200


def test_path_regex_sees_the_decoded_path_and_query(core: SandboxClient) -> None:
    order(core, "status", path_regex=r"things\?\$filter=name eq 'A/1'")
    assert core.get("dataverse", f"{THINGS}?%24filter=name%20eq%20'A%2F1'").status_code == 503


def test_the_token_service_has_faults_too(core: SandboxClient) -> None:
    fault = {"system": "entra", "path_regex": "/token$", "action": "status", "args": {"status": 503}}
    core.control("POST", "/faults", [fault])
    assert core.ask_token({"scope": f"{core.urls['finops']}/.default"}).status_code == 503


def test_two_faults_can_meet_in_one_request(core: SandboxClient) -> None:
    order(core, "delay", args={"seconds": 0.2})
    order(core, "drop_after_commit", method="POST")
    started = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        add_thing(core)
    assert time.monotonic() - started >= 0.2
    assert has_thing(core)


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "explode"},
        {"action": "status", "system": "sap"},
        {"action": "status", "path_regex": "("},
        {"action": "status", "nth": 0},
        {"action": "status", "times": "2"},
        {"action": "status", "path": "/x"},
        {"action": "status", "args": {"seconds": 1}},
        {"action": "batch_part", "args": {"how": "explode"}},
        {"action": "duplicate", "args": {"answer": 3}},
        {"action": "late_commit", "args": {"before": "("}},
        {"system": "finops"},
        "status",
    ],
)
def test_a_fault_that_could_never_happen_is_refused_and_none_is_set(core: SandboxClient, fault: Any) -> None:
    answer = core.control_response("POST", "/faults", [{"action": "delay"}, fault])
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert core.control("GET", "/faults") == []
