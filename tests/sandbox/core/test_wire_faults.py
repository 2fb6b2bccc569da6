"""Faults of the wire: what a client meets and what the system has done by then."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import PATHS
from tests.sandbox.core.test_faults import THINGS, add_thing, has_thing, order, status

LINK = "@odata.nextLink"


def things(core: SandboxClient) -> int:
    return sum(row == {"id": 99} for row in core.state("dataverse", "things"))


@pytest.mark.parametrize(
    ("args", "location"),
    [
        ({}, f"https://attacker.example{THINGS}?$top=1"),
        ({"host": "https://other.example:8443"}, f"https://other.example:8443{THINGS}?$top=1"),
        ({"host": ""}, f"{THINGS}?$top=1"),
        ({"location": "/login"}, "/login"),
    ],
    ids=["foreign host", "named host", "same host", "given whole"],
)
def test_redirect_sends_the_client_elsewhere_and_does_nothing(
    core: SandboxClient, args: dict[str, Any], location: str
) -> None:
    order(core, "redirect", args={"status": 307, **args})
    answer = core.request("POST", "dataverse", f"{THINGS}?$top=1", json={"id": 99}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, location)
    assert not has_thing(core)


def test_drip_sends_byte_by_byte(core: SandboxClient) -> None:
    whole = core.get("dataverse", THINGS).content
    order(core, "drip", args={"seconds": 0.001})
    started = time.monotonic()
    assert core.get("dataverse", THINGS).content == whole
    assert time.monotonic() - started >= 0.001 * len(whole)


def test_drip_ends_when_the_client_gives_up(core: SandboxClient) -> None:
    order(core, "drip", args={"seconds": 0.05})
    url = core.urls["dataverse"] + THINGS
    headers = {"Authorization": f"Bearer {core.token('dataverse')}"}
    with requests.get(url, headers=headers, stream=True, timeout=5, verify=core.ca_file) as answer:
        assert len(answer.raw.read(1)) == 1
    assert status(core) == 200


def test_late_commit_is_carried_out_just_before_the_request_it_waits_for(core: SandboxClient) -> None:
    order(core, "late_commit", method="POST", args={"before": r"^GET .*\$top=2"})
    with pytest.raises(requests.ConnectionError):
        add_thing(core)
    assert core.get("dataverse", f"{THINGS}?$top=1").status_code == 200
    assert things(core) == 0
    assert core.get("dataverse", f"{THINGS}?$top=2").status_code == 200
    assert things(core) == 1
    core.get("dataverse", f"{THINGS}?$top=2")
    assert things(core) == 1, "once only"


def test_late_commit_waits_by_default_for_the_next_request_of_the_system(core: SandboxClient) -> None:
    order(core, "late_commit", method="POST")
    with pytest.raises(requests.ConnectionError):
        add_thing(core)
    core.get("finops", PATHS["finops"])
    assert things(core) == 0
    assert add_thing(core).status_code == 204
    assert things(core) == 2, "the repetition of the client and, before it, the late one"


def test_a_late_commit_is_forgotten_with_the_faults(core: SandboxClient) -> None:
    order(core, "late_commit", method="POST")
    with pytest.raises(requests.ConnectionError):
        add_thing(core)
    core.control("DELETE", "/faults")
    assert status(core) == 200
    assert things(core) == 0


def test_duplicate_does_the_work_twice_and_answers_once(core: SandboxClient) -> None:
    order(core, "duplicate", method="POST", args={"answer": 2})
    assert add_thing(core).status_code == 204
    assert things(core) == 2


def test_inflate_unpacks_to_far_more_than_was_sent(core: SandboxClient) -> None:
    order(core, "inflate", args={"bytes": 5_000_000})
    with core.get("dataverse", THINGS, stream=True) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < 20_000
        assert sum(len(piece) for piece in answer.iter_content(65_536)) >= 5_000_000


def test_bad_json_is_half_of_the_true_answer_with_a_fitting_length(core: SandboxClient) -> None:
    whole = core.get("dataverse", THINGS).content
    order(core, "bad_json")
    answer = core.get("dataverse", THINGS)
    assert (answer.status_code, answer.content) == (200, whole[: len(whole) // 2])


def test_bad_json_may_be_given_and_comes_after_the_work(core: SandboxClient) -> None:
    order(core, "bad_json", method="POST", args={"body": "{]"})
    answer = add_thing(core)
    assert (answer.status_code, answer.text, has_thing(core)) == (200, "{]", True)


@pytest.mark.parametrize("by", [1, 1000])
def test_wrong_length_announces_more_than_comes(core: SandboxClient, by: int) -> None:
    order(core, "wrong_length", args={"by": by})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        _ = core.get("dataverse", THINGS).content


def test_wrong_length_may_announce_less_and_closes_the_connection(core: SandboxClient) -> None:
    whole = core.get("dataverse", THINGS).content
    order(core, "wrong_length", args={"by": -4})
    assert core.get("dataverse", THINGS).content == whole[:-4]
    assert status(core) == 200


@pytest.mark.parametrize("path", [THINGS, f"{THINGS}?$top=2"])
def test_repeat_next_link_leads_back_to_the_same_page(core: SandboxClient, path: str) -> None:
    order(core, "repeat_next_link", times=None)
    page = core.get("dataverse", path).json()
    assert page[LINK] == core.urls["dataverse"] + path
    assert len(page["value"]) == 3


def test_repeat_next_link_adds_a_link_where_there_is_none(core: SandboxClient) -> None:
    order(core, "bad_json", args={"body": '{"value":[]}'})
    order(core, "repeat_next_link")
    assert core.get("dataverse", THINGS).json() == {"value": [], LINK: core.urls["dataverse"] + THINGS}


def test_empty_page_has_no_rows_and_leads_to_the_rows(core: SandboxClient) -> None:
    order(core, "empty_page", times=2)
    link, seen = core.urls["dataverse"] + THINGS + "?$top=2", set()
    for rows in (0, 0, 3):
        seen.add(link)
        page = core.get("dataverse", link.removeprefix(core.urls["dataverse"])).json()
        assert len(page["value"]) == rows
        link = page[LINK]
        assert link not in seen
