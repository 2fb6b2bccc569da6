"""The control API: reset, state, statistics, clock, activity, and clear refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import PATHS


def test_health_names_the_world_and_the_addresses(core: SandboxClient) -> None:
    assert core.control("GET", "/health") == {
        "status": "ok",
        "urls": core.urls,
        "seed": 7,
        "scale": 3,
        "empty": False,
    }


def test_the_control_api_needs_neither_tls_nor_token(core: SandboxClient) -> None:
    assert core.urls["control"].startswith("http://127.0.0.1:")
    assert requests.get(core.urls["control"] + "/health", timeout=10).status_code == 200


def test_a_reset_builds_the_world_of_seed_and_scale(core: SandboxClient) -> None:
    assert core.control("POST", "/reset", {"seed": 5, "scale": 2}) == {"seed": 5, "scale": 2, "empty": False}
    assert core.state("finops", "things") == core.state("dataverse", "things") == [{"id": 5}, {"id": 6}]


def test_a_reset_without_body_repeats_the_world(core: SandboxClient) -> None:
    core.put_state("finops", "things", [])
    core.control("POST", "/reset")
    assert core.state("finops", "things") == [{"id": 7}, {"id": 8}, {"id": 9}]


def test_an_empty_world_stays_a_choice_of_one_reset(core: SandboxClient) -> None:
    core.control("POST", "/reset", {"empty": True})
    assert core.state("finops", "things") == []
    core.control("POST", "/reset", {})
    assert len(core.state("finops", "things")) == 3


def test_a_reset_ends_faults_limits_counts_and_clock(core: SandboxClient) -> None:
    core.control("POST", "/faults", [{"action": "status", "times": None}])
    core.control("POST", "/limits", {"finops": {"page_size": 1, "requests": 1}})
    core.control("POST", "/clock", {"advance_seconds": 86_400})
    core.get("finops", PATHS["finops"])
    core.reset(scale=3)
    assert core.control("GET", "/stats") == {}
    assert core.control("GET", "/faults") == []
    assert core.control("GET", "/limits")["finops"]["page_size"] == 10_000
    assert [core.get("finops", PATHS["finops"]).status_code for _ in range(3)] == [200, 200, 200]


def test_tokens_survive_a_reset(core: SandboxClient) -> None:
    token = core.token("finops")
    core.reset(scale=3)
    assert core.token("finops") == token
    assert core.get("finops", PATHS["finops"]).status_code == 200


def test_state_goes_out_and_in_as_lines(core: SandboxClient) -> None:
    rows: list[dict[str, Any]] = [{"id": 1, "quantity": 0.1}, {"id": 2, "name": "Grüße"}]
    core.put_state("finops", "things", rows)
    assert core.state("finops", "things") == rows


def test_a_fraction_comes_back_exactly_as_it_was_written(core: SandboxClient) -> None:
    url = f"{core.urls['control']}/state/finops/things"
    core.session.put(url, data=b'{"q":0.1000000000000000055}\n', timeout=10).raise_for_status()
    assert core.session.get(url, timeout=10).content == b'{"q":0.1000000000000000055}\n'


def test_a_large_state_comes_in_pieces_and_whole(core: SandboxClient) -> None:
    core.reset(scale=1_801)
    assert [row["id"] for row in core.state("finops", "things")] == list(range(7, 7 + 1_801))


def test_state_is_counted_and_limited_nowhere(core: SandboxClient) -> None:
    core.control("POST", "/limits", {"finops": {"page_size": 1, "requests": 1}})
    assert len(core.state("finops", "things")) == 3
    assert core.control("GET", "/stats") == {}


def test_statistics_count_requests_rows_statuses_and_clients(core: SandboxClient) -> None:
    core.get("finops", PATHS["finops"])
    core.request("POST", "finops", PATHS["finops"], json={"id": 1})
    core.get("finops", "/data/others(1)")
    core.session.get(core.urls["finops"] + "/elsewhere", timeout=10)
    stats = core.control("GET", "/stats")["finops"]
    assert (stats["requests"], stats["rows"], stats["peak_concurrency"]) == (4, 3 + 1 + 4, 1)
    assert stats["statuses"] == {"200": 2, "204": 1, "401": 1}
    assert stats["methods"] == {"GET": 3, "POST": 1}
    assert stats["clients"] == {core.client_id: 3, "anonymous": 1}
    assert {name: counts["requests"] for name, counts in stats["entity_sets"].items()} == {
        "other": 1,
        "others": 1,
        "things": 2,
    }
    assert stats["entity_sets"]["things"]["rows"] == 4
    assert stats["entity_sets"]["things"]["rows_written"] == 1


def test_statistics_see_how_many_requests_ran_at_once(core: SandboxClient) -> None:
    core.control("POST", "/limits", {"finops": {"latency_ms": 300}})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: core.get("finops", PATHS["finops"]), range(4)))
    assert core.control("GET", "/stats")["finops"]["peak_concurrency"] == 4


def test_resetting_the_statistics_starts_from_nothing(core: SandboxClient) -> None:
    core.get("finops", PATHS["finops"])
    core.control("POST", "/stats/reset")
    assert core.control("GET", "/stats") == {}


def test_stock_activity_is_passed_on(core: SandboxClient) -> None:
    assert core.control("POST", "/scm/activity", {"count": 5, "seed": 2}) == {"changed": 5, "seed": 2}
    assert core.control("POST", "/scm/activity") == {"changed": 25, "seed": 1}


def test_work_of_technicians_is_passed_on(core: SandboxClient) -> None:
    assert core.control("POST", "/fieldservice/activity", {"count": 5, "seed": 2}) == {"done": 5, "seed": 2}
    assert core.control("POST", "/fieldservice/activity") == {"done": 100, "seed": 1}


def test_the_jobs_of_supply_chain_management_are_passed_on(core: SandboxClient) -> None:
    assert core.control("POST", "/scm/post-integration-journals") == {"journals": 2}
    assert core.control("POST", "/scm/post-sales-orders") == {"orders": 2}


REFUSED: dict[str, tuple[str, str, Any, int]] = {
    "unknown path": ("GET", "/nothing", None, 404),
    "wrong method": ("DELETE", "/health", None, 405),
    "unknown system": ("GET", "/state/sap/things", None, 404),
    "unknown entity set": ("GET", "/state/finops/nothing", None, 404),
    "wrong method on state": ("POST", "/state/finops/things", {}, 405),
    "state that is no rows": ("PUT", "/state/finops/things", [1], 400),
    "unknown member": ("POST", "/reset", {"sead": 1}, 400),
    "scale that the world refuses": ("POST", "/reset", {"scale": "huge"}, 400),
    "seed that is no number": ("POST", "/reset", {"seed": "x"}, 400),
    "clock without number": ("POST", "/clock", {"advance_seconds": "1"}, 400),
    "activity without number": ("POST", "/scm/activity", {"count": -1}, 400),
    "a body that is no object": ("POST", "/limits", [1], 400),
}


@pytest.mark.parametrize("fact", REFUSED)
def test_a_wrong_control_request_is_refused_in_words(core: SandboxClient, fact: str) -> None:
    method, path, body, status = REFUSED[fact]
    answer = core.control_response(method, path, body)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert len(core.state("finops", "things")) == 3


def test_a_body_that_is_no_json_is_refused(core: SandboxClient) -> None:
    answer = core.session.post(core.urls["control"] + "/limits", data=b"{", timeout=10)
    assert answer.status_code == 400
    assert "no JSON" in answer.json()["error"]
