"""What the token service refuses, with Microsoft's codes, and how long and for whom its tokens hold."""

from __future__ import annotations

import base64
from datetime import timedelta

import jwt
import pytest
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import PATHS

from sandbox.clock import Clock
from sandbox.entra import CLIENT_ID, TENANT_ID, UNMAPPED_CLIENT_ID, InvalidToken, TokenIssuer

REFUSALS = {
    "no grant type": ({"grant_type": ""}, 400, "invalid_request", 900144),
    "no client id": ({"client_id": ""}, 400, "invalid_request", 900144),
    "no scope": ({"scope": ""}, 400, "invalid_request", 900144),
    "another grant": ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    "resource of the old endpoint": ({"resource": "https://a"}, 400, "invalid_request", 901002),
    "unknown client": ({"client_id": "00000000-0000-4000-8000-00000000eeee"}, 400, "unauthorized_client", 700016),
    "neither secret nor assertion": ({"client_secret": ""}, 401, "invalid_client", 7000218),
    "wrong secret": ({"client_secret": "sandbox-secre"}, 401, "invalid_client", 7000215),
    "scope without /.default": ({"scope": "https://a/user"}, 400, "invalid_scope", 70011),
    "two scopes": ({"scope": "https://a/.default https://b/.default"}, 400, "invalid_scope", 70011),
    "unknown resource": ({"scope": "https://a/.default"}, 400, "invalid_resource", 500011),
    "assertion without its type": ({"client_assertion": "x"}, 400, "invalid_request", 900144),
    "garbled assertion": (
        {
            "client_assertion": "x",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        },
        401,
        "invalid_client",
        50027,
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_request_is_refused_with_microsofts_code(core: SandboxClient, case: str) -> None:
    fields, status, error, code = REFUSALS[case]
    answer = core.ask_token({"scope": f"{core.urls['finops']}/.default", **fields})
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= body.keys()


@pytest.mark.parametrize(("tenant", "code"), [("unknown.example", 90002), ("common", 9001023)])
def test_a_token_needs_a_concrete_tenant_that_exists(core: SandboxClient, tenant: str, code: int) -> None:
    answer = core.ask_token({"scope": f"{core.urls['finops']}/.default"}, tenant=tenant)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [code])


def test_secret_and_client_may_come_as_http_basic(core: SandboxClient) -> None:
    encoded = base64.b64encode(f"{CLIENT_ID}:{core.client_secret}".encode()).decode()
    answer = core.session.post(
        f"{core.urls['entra']}/{TENANT_ID}/oauth2/v2.0/token",
        data={"grant_type": "client_credentials", "scope": f"{core.urls['finops']}/.default"},
        headers={"Authorization": f"Basic {encoded}"},
        timeout=10,
    )
    assert answer.status_code == 200


def test_a_token_carries_audience_tenant_and_client(core: SandboxClient) -> None:
    claims = jwt.decode(core.token("finops"), options={"verify_signature": False})
    assert claims["aud"] == core.urls["finops"]
    assert (claims["tid"], claims["appid"], claims["ver"]) == (TENANT_ID, CLIENT_ID, "1.0")
    assert claims["oid"]
    assert claims["exp"] - claims["iat"] == 3599


@pytest.mark.parametrize("spelling", ["{url}/", "{upper}"])
def test_the_audience_repeats_the_mistakes_of_the_scope(core: SandboxClient, spelling: str) -> None:
    resource = spelling.format(url=core.urls["finops"], upper=core.urls["finops"].upper())
    token = core.ask_token({"scope": f"{resource}/.default"}).json()["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == resource


def test_the_published_key_verifies_a_token(core: SandboxClient) -> None:
    keys = core.session.get(f"{core.urls['entra']}/{TENANT_ID}/discovery/v2.0/keys", timeout=10).json()["keys"]
    key = jwt.PyJWK(keys[0])
    assert jwt.decode(core.token("finops"), key, algorithms=["RS256"], audience=core.urls["finops"])


def test_the_second_client_gets_tokens_too(core: SandboxClient) -> None:
    answer = core.ask_token({"client_id": UNMAPPED_CLIENT_ID, "scope": f"{core.urls['finops']}/.default"})
    assert answer.status_code == 200


def test_refresh_in_is_sent_when_set(core: SandboxClient) -> None:
    core.control("POST", "/limits", {"entra": {"refresh_in_seconds": 60}})
    assert core.ask_token({"scope": f"{core.urls['finops']}/.default"}).json()["refresh_in"] == 60


def test_a_system_refuses_a_token_after_the_clock_passed_its_end(core: SandboxClient) -> None:
    assert core.get("dataverse", PATHS["dataverse"]).status_code == 200
    core.control("POST", "/clock", {"advance_seconds": 3600})
    assert core.get("dataverse", PATHS["dataverse"]).status_code == 401


def test_the_issuer_refuses_foreign_and_garbled_tokens() -> None:
    issuer, foreign = TokenIssuer(Clock()), TokenIssuer(Clock())
    for token in ("", "x", foreign.issue(CLIENT_ID, "https://a", 3599)):
        with pytest.raises(InvalidToken, match="not one of this tenant"):
            issuer.claims(token)


def test_an_expired_token_stays_expired_after_it_was_known() -> None:
    clock = Clock()
    issuer = TokenIssuer(clock)
    token = issuer.issue(CLIENT_ID, "https://a", 60)
    assert issuer.claims(token)["aud"] == "https://a"
    clock.advance(timedelta(seconds=61).total_seconds())
    with pytest.raises(InvalidToken, match="expired"):
        issuer.claims(token)
