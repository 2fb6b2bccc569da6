"""Tokens from a scripted Entra, asked for by the real msal: four credentials, caching, and plain words for refusals."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.clients.stub import FakeTime, Reply, Seen, Service, certificate, reply, running

from fs_integration.clients import token_session
from fs_integration.clients.settings import CredentialKind, ServiceSettings
from fs_integration.clients.token_session import MOST_BYTES
from fs_integration.clients.tokens import LONGEST_LIFE, TokenSource
from fs_integration.errors import (
    AuthenticationFailed,
    ConnectionSetupError,
    FsIntegrationError,
    NetworkFailure,
    ServiceUnavailable,
)

TENANT = "11111111-2222-4333-8444-555555555555"
RESOURCE = "https://contoso.operations.dynamics.com"


class Entra:
    """A token endpoint: hands out ``t1``, ``t2``, ... or answers what it was told."""

    def __init__(self, service: Service) -> None:
        self.service, self.life, self.told = service, 3600, list[Reply]()
        self.forms: list[dict[str, str]] = []
        service.answer = self.answer

    def answer(self, seen: Seen) -> Reply:
        root = f"{self.service.url}/{TENANT}"
        if seen.method == "GET":
            return reply(
                {
                    "issuer": f"{root}/v2.0",
                    "authorization_endpoint": f"{root}/authorize",
                    "token_endpoint": f"{root}/token",
                }
            )
        self.forms.append({name: values[0] for name, values in parse_qs(seen.body.decode()).items()})
        if self.told:
            return self.told.pop(0)
        return reply({"token_type": "Bearer", "access_token": f"t{len(self.forms)}", "expires_in": self.life})


def refused(code: int, error: str = "invalid_client", status: int = 401) -> Reply:
    text = f"AADSTS{code}: the secret 'geheim' is wrong"
    return reply({"error": error, "error_description": text, "error_codes": [code], "correlation_id": "corr-1"}, status)


@pytest.fixture
def entra(service: Service) -> Entra:
    return Entra(service)


def source(entra: Entra, fake_time: FakeTime, **settings: Any) -> TokenSource:
    given = {
        "base_url": RESOURCE, "tenant_id": TENANT, "client_id": "client", "client_secret": "geheim",
        "authority_host": entra.service.url, "instance_discovery": False, "ca_file": entra.service.ca_file, **settings,
    }  # fmt: skip
    return TokenSource(ServiceSettings(**given), clock=lambda: fake_time.moment)


def test_a_secret_is_sent_for_exactly_the_environment(entra: Entra, fake_time: FakeTime) -> None:
    assert source(entra, fake_time).token() == "t1"
    form = entra.forms[0]
    assert (form["grant_type"], form["scope"], form["client_secret"]) == (
        "client_credentials",
        f"{RESOURCE}/.default",
        "geheim",
    )


@pytest.mark.parametrize("given_as", ["text", "file", "protected file"])
def test_a_certificate_signs_an_assertion(given_as: str, entra: Entra, fake_time: FakeTime, tmp_path: Path) -> None:
    public, key = certificate(tmp_path, passphrase="geheim" if given_as == "protected file" else "")
    pem = key.read_text() + public.read_text()
    (tmp_path / "both.pem").write_text(pem)
    how = {"private_key": pem} if given_as == "text" else {"certificate_file": str(tmp_path / "both.pem")}
    passphrase = "geheim" if given_as == "protected file" else ""
    kind = CredentialKind.CERTIFICATE
    assert source(entra, fake_time, credential=kind, client_secret="", passphrase=passphrase, **how).token() == "t1"
    assert "client_secret" not in entra.forms[0]
    assert entra.forms[0]["client_assertion"].count(".") == 2


def test_a_pem_without_the_certificate_is_named_as_the_fault(entra: Entra, fake_time: FakeTime, tmp_path: Path) -> None:
    _, key = certificate(tmp_path)
    broken = source(entra, fake_time, credential=CredentialKind.CERTIFICATE, private_key=key.read_text())
    with pytest.raises(ConnectionSetupError, match="both the private key and the certificate"):
        broken.token()


def test_a_federated_token_is_read_anew_for_every_request(entra: Entra, fake_time: FakeTime, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("jwt-1\n")
    tokens = source(entra, fake_time, credential=CredentialKind.WORKLOAD_IDENTITY, federated_token_file=str(file))
    tokens.forget(tokens.token())
    file.write_text("jwt-2\n")
    tokens.token()
    assert [form["client_assertion"] for form in entra.forms] == ["jwt-1", "jwt-2"]


@pytest.fixture
def identity_endpoint() -> Iterator[Service]:
    yield from running(None, None)


@pytest.mark.parametrize(
    ("client_id", "asked"), [("", None), ("client", ["client"])], ids=["of the machine", "by client id"]
)
def test_a_managed_identity_asks_this_machine(
    client_id: str, asked: list[str] | None, identity_endpoint: Service, entra: Entra, fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity_endpoint.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    identity_endpoint.script = [
        reply({"access_token": "mi", "expires_on": "9999999999", "resource": RESOURCE, "token_type": "Bearer"})
    ]
    tokens = source(entra, fake_time, credential=CredentialKind.MANAGED_IDENTITY, client_id=client_id, ca_file=None)
    assert tokens.token() == "mi"
    query = parse_qs(urlsplit(identity_endpoint.seen[0].path).query)
    assert (query["resource"], query.get("client_id")) == ([RESOURCE], asked)
    assert entra.forms == []


def test_a_token_is_used_until_five_minutes_before_its_end(entra: Entra, fake_time: FakeTime) -> None:
    tokens = source(entra, fake_time)
    seen = []
    for moment in (0, 3299, 3301, 3302):
        fake_time.moment = moment
        entra.life = 7200 if moment else 3600
        seen.append(tokens.token())
    assert seen == ["t1", "t1", "t2", "t2"]


def test_a_token_that_never_lives_long_is_used_for_half_its_life(entra: Entra, fake_time: FakeTime) -> None:
    entra.life = 100
    tokens = source(entra, fake_time)
    seen = []
    for moment in (0, 49, 51):
        fake_time.moment = moment
        seen.append(tokens.token())
    assert seen == ["t1", "t1", "t2"]


def test_a_token_the_service_did_not_take_is_replaced_once(entra: Entra, fake_time: FakeTime) -> None:
    tokens = source(entra, fake_time)
    first = tokens.token()
    tokens.forget(first)
    second = tokens.token()
    tokens.forget(first)
    assert (first, second, tokens.token()) == ("t1", "t2", "t2")


def test_while_the_old_token_lives_a_failing_renewal_does_not_matter(entra: Entra, fake_time: FakeTime) -> None:
    tokens = source(entra, fake_time)
    tokens.token()
    fake_time.moment = 3400
    entra.told = [Reply(status=503)]
    assert tokens.token() == "t1"
    fake_time.moment = 3601
    entra.told = [Reply(status=503)]
    with pytest.raises(ServiceUnavailable):
        tokens.token()
    assert tokens.token() == "t4"


@pytest.mark.parametrize(
    ("answer", "family", "said"),
    [
        pytest.param(refused(7000215), AuthenticationFailed, "instead of its value", id="wrong secret"),
        pytest.param(refused(7000222), AuthenticationFailed, "expired", id="expired secret"),
        pytest.param(
            refused(700016, "unauthorized_client", 400), AuthenticationFailed, "not known in this", id="wrong client"
        ),
        pytest.param(refused(90002, "invalid_request", 400), AuthenticationFailed, "does not exist", id="wrong tenant"),
        pytest.param(refused(500011, "invalid_resource", 400), AuthenticationFailed, "address", id="wrong environment"),
        pytest.param(
            refused(123456, "invalid_request", 400), AuthenticationFailed, "Look the code up", id="unknown code"
        ),
        pytest.param(refused(90055, "invalid_request", 400), ServiceUnavailable, "tried again", id="too many requests"),
        pytest.param(
            refused(1, "temporarily_unavailable", 400), ServiceUnavailable, "tried again", id="says try later"
        ),
        pytest.param(Reply(status=503), ServiceUnavailable, "cannot give tokens now", id="503"),
        pytest.param(Reply(body=b"<html>", kind="text/html"), ServiceUnavailable, "no token answer", id="a web page"),
        pytest.param(
            Reply(body=b'{"a": 1}', cut=2),
            NetworkFailure,
            "No complete answer of https://127.0.0.1",
            id="cut connection",
        ),
    ],
)
def test_a_refusal_belongs_to_a_family_and_gives_advice(
    answer: Reply, family: type[FsIntegrationError], said: str, entra: Entra, fake_time: FakeTime
) -> None:
    entra.told = [answer] * 3
    with pytest.raises(family, match=said) as caught:
        source(entra, fake_time).token()
    assert "geheim" not in str(caught.value)


def test_an_authority_that_answers_with_a_redirect_is_asked_again_later(entra: Entra, fake_time: FakeTime) -> None:
    entra.service.answer = lambda _: Reply(status=302)
    with pytest.raises(ServiceUnavailable, match="sent us elsewhere"):
        source(entra, fake_time).token()


def test_a_refusal_keeps_the_code_and_what_support_asks_for(entra: Entra, fake_time: FakeTime) -> None:
    entra.told = [refused(7000215)]
    with pytest.raises(AuthenticationFailed) as caught:
        source(entra, fake_time).token()
    assert (caught.value.code, caught.value.request_id) == ("AADSTS7000215", "corr-1")


def test_after_a_refusal_was_mended_the_next_call_succeeds(entra: Entra, fake_time: FakeTime) -> None:
    entra.told = [refused(700016, "unauthorized_client", 400)]
    tokens = source(entra, fake_time)
    with pytest.raises(AuthenticationFailed):
        tokens.token()
    assert tokens.token() == "t2"


def test_an_authority_nobody_vouches_for_gets_no_secret(entra: Entra, fake_time: FakeTime) -> None:
    with pytest.raises(ConnectionSetupError, match="ca_file"):
        source(entra, fake_time, ca_file=None).token()
    assert entra.forms == []


def test_certificates_named_by_the_environment_do_not_get_in_the_way(
    entra: Entra, fake_time: FakeTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert source(entra, fake_time).token() == "t1"


def test_only_the_private_authority_is_asked(entra: Entra, fake_time: FakeTime) -> None:
    source(entra, fake_time).token()
    assert [urlsplit(seen.path).path for seen in entra.service.seen] == [
        f"/{TENANT}/v2.0/.well-known/openid-configuration", f"/{TENANT}/token",
    ]  # fmt: skip
    assert json.dumps(entra.forms)


DEEP = b"[" * 100_000 + b"]" * 100_000
ODD = {
    "nested without end": (Reply(body=DEEP), "no token answer"),
    "without end": (Reply(body=b" " * (MOST_BYTES + 1)), f"more than {MOST_BYTES} bytes"),
    "packed without end": (
        Reply(body=gzip.compress(b" " * MOST_BYTES) * 2, headers={"Content-Encoding": "gzip"}),
        f"more than {MOST_BYTES} bytes",
    ),
    "packed in another way": (Reply(body=b"x", headers={"Content-Encoding": "br"}), "no token answer"),
    "a list for a token": (reply({"access_token": ["geheim-token"]}), "no token;"),
    "nothing for a token": (reply({"access_token": ""}), "no token;"),
    "a token of two lines": (reply({"access_token": "geheim-token\r\nX: y"}), "no token;"),
    "a token of another alphabet": (reply({"access_token": "geheim-token\u0430"}), "no token;"),
    "codes that are none": (reply({"error": "x", "error_codes": 7}, 400), "was refused"),
    "codes of another alphabet": (
        reply({"error": "x", "error_codes": ["\u00b2", "9" * 5000, None]}, 400),
        "was refused",
    ),
    "an error without end": (reply({"error": "geheim" * 5000}, 400), "was refused"),
    "no life": (reply({"access_token": "t", "expires_in": "geheim"}), "ValueError"),
    "a token without end": (reply({"access_token": "geheim-token" * 5000}), "no token;"),
}


@pytest.mark.parametrize(("answer", "said"), ODD.values(), ids=ODD)
def test_an_odd_answer_is_named_and_never_repeated(
    answer: Reply, said: str, entra: Entra, fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    entra.told = [answer]
    with caplog.at_level("DEBUG"), pytest.raises(FsIntegrationError, match=said) as caught:
        source(entra, fake_time).token()
    assert "geheim" not in f"{caught.value} {caplog.text}"
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("life", [10**300, "3600", -5], ids=["for ever", "as text", "over"])
def test_an_odd_life_of_a_token_is_taken_as_far_as_it_makes_sense(life: Any, entra: Entra, fake_time: FakeTime) -> None:
    entra.life = life
    tokens = source(entra, fake_time)
    assert tokens.token().startswith("t")
    fake_time.moment = LONGEST_LIFE + 1
    assert tokens.token() != "t1"


def test_an_answer_that_drips_ends_at_the_deadline(
    entra: Entra, fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_session, "TOTAL_SECONDS", -1.0)
    with pytest.raises(NetworkFailure, match="did not end within"):
        source(entra, fake_time).token()
