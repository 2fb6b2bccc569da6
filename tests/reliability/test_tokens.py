"""Tokens that expire or are refused, T4 and T5: in every area."""

from __future__ import annotations

import pytest
from tests.reliability.plugin import cases
from tests.reliability.site import Site
from tests.reliability.trouble import assert_untouched, both, recover, run_stopped, run_through

from fs_integration.errors import AuthenticationFailed, TransientServiceError

TOKENS = {"system": "entra", "method": "POST", "path_regex": "/token"}


def refused(code: int) -> dict[str, object]:
    """Return what the token service answers when it refuses, by the number of its AADSTS code."""
    body = f'{{"error": "invalid_client", "error_description": "AADSTS{code}: refused", "error_codes": [{code}]}}'
    return {**TOKENS, "action": "status", "times": None, "args": {"status": 401, "body": body}}


@pytest.mark.parametrize("area", cases("T4"))
def test_a_token_that_expires_meanwhile_is_renewed(area, sites, outcome):
    site = sites.make(area)
    run_through(site, sites, *both(area, "expire_token"))
    assert site.clock.pauses == []  # renewed at once, not waited for
    outcome("OK")


@pytest.mark.parametrize("area", cases("T5"))
def test_a_token_service_that_is_down_stops_the_run_until_it_is_back(area, sites, outcome):
    """A web page is no refusal, whatever its status."""
    site = sites.make(area)
    run_stopped(site, TransientServiceError, "https://127.0.0.1",
                {**TOKENS, "action": "html", "args": {"status": 200}},
                {**TOKENS, "action": "html", "nth": 2, "times": None, "args": {"status": 503}})  # fmt: skip
    assert_untouched(site)
    recover(site, sites)
    outcome("RES")


@pytest.mark.parametrize("area", cases("T5"))
@pytest.mark.parametrize("code", [7000215, 65001], ids=["wrong secret", "consent revoked"])
def test_a_refusal_of_the_token_service_is_not_tried_again(area, code, sites, outcome):
    site = sites.make(area)
    run_stopped(site, AuthenticationFailed, f"AADSTS{code}", refused(code))
    assert asked_for_tokens(site) == 1
    assert site.clock.pauses == []
    assert_untouched(site)
    outcome("STOP")


def asked_for_tokens(site: Site) -> int:
    """Return how many requests for a token were refused."""
    return sum(fault["hit"] for fault in site.landscape.faults.describe())
