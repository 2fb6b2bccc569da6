"""The one way out: what is repeated, what is refused, and that no token ever leaves for another place."""

from __future__ import annotations

import gzip
import logging
import traceback

import msgspec
import pytest
from tests.unit.clients.stub import FakeTime, FakeTokens, Reply, Service, reply

from fs_integration.clients.settings import Limits
from fs_integration.clients.transport import Call, Transport
from fs_integration.clients.unpacking import PIECE
from fs_integration.errors import (
    AnswerTooLarge,
    AuthenticationFailed,
    ConnectionSetupError,
    ForeignLinkRefused,
    NetworkFailure,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
)

DECODE = msgspec.json.Decoder(dict).decode
GOOD = reply({"value": 1})
UNREADABLE = [
    pytest.param(Reply(body=b'{"value": [1, 2'), id="json that ends early"),
    pytest.param(Reply(body=b"<html>sign in</html>", kind="text/html"), id="a web page with status 200"),
    pytest.param(Reply(body=b'{"value": 1}', cut=3), id="a connection cut inside the body"),
    pytest.param(Reply(status=503, body=b"<html>gone</html>", kind="text/html"), id="a gateway page with status 503"),
    pytest.param(Reply(status=502, body=b""), id="502 without a body"),
    pytest.param(
        reply({"error": {"code": "0x80044339", "message": "lock"}}, status=400), id="a lock the service names"
    ),
]


@pytest.mark.parametrize("bad", UNREADABLE)
def test_an_answer_that_is_none_is_asked_for_again(bad: Reply, service: Service, transport: Transport) -> None:
    service.script = [bad, GOOD]
    assert transport.get("Warehouses", dict) == {"value": 1}
    assert len(service.seen) == 2


@pytest.mark.parametrize("bad", UNREADABLE)
def test_an_answer_that_stays_unreadable_ends_as_a_passing_failure(
    bad: Reply, service: Service, transport: Transport
) -> None:
    service.script = [bad] * 4
    with pytest.raises((ServiceUnavailable, NetworkFailure)):
        transport.get("Warehouses", dict)
    assert len(service.seen) == 4


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        pytest.param("7", 7, 8, id="seconds"),
        pytest.param("Fri, 01 Jan 2000 00:00:00 GMT", 0, 1, id="a date that is past"),
        pytest.param("-5", 5, 10, id="a negative number is no answer"),
        pytest.param("soon", 5, 10, id="a word is no answer"),
    ],
)
def test_a_throttled_request_waits_as_long_as_the_service_says(
    header: str, least: float, most: float, service: Service, transport: Transport, fake_time: FakeTime
) -> None:
    service.script = [reply({}, 429, Retry_After=header), GOOD]
    transport.get("Warehouses", dict)
    assert least <= sum(fake_time.slept) <= most


def test_a_pause_longer_than_the_budget_fails_at_once_and_says_how_long(
    service: Service, transport: Transport, fake_time: FakeTime
) -> None:
    service.script = [reply({}, 429, Retry_After="86400")]
    with pytest.raises(Throttled) as caught:
        transport.get("Warehouses", dict)
    assert fake_time.slept == []
    assert caught.value.retry_after == 3600


def test_during_a_pause_other_requests_wait_too(service: Service, transport: Transport, fake_time: FakeTime) -> None:
    service.script = [reply({}, 429, Retry_After="900"), GOOD]
    with pytest.raises(Throttled):
        transport.get("Warehouses", dict)
    with pytest.raises(Throttled, match="another 900 s"):
        transport.get("Sites", dict)
    assert len(service.seen) == 1
    fake_time.moment += 500
    transport.get("Sites", dict)
    assert fake_time.slept == [400]


def test_pauses_grow_and_the_number_of_tries_is_bounded(
    service: Service, transport: Transport, fake_time: FakeTime
) -> None:
    service.script = [Reply(status=503)] * 4
    with pytest.raises(ServiceUnavailable):
        transport.get("Warehouses", dict)
    assert fake_time.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("status", "family"),
    [(400, RequestRefused), (403, PermissionDenied), (404, NotFound), (412, RequestRefused)],
)
def test_a_clear_no_is_not_asked_again(
    status: int, family: type[Exception], service: Service, transport: Transport
) -> None:
    service.script = [reply({"error": {"code": "0x1", "message": "no"}}, status, x_ms_service_request_id="abc")]
    with pytest.raises(family) as caught:
        transport.get("Warehouses", dict)
    assert len(service.seen) == 1
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, "0x1", "abc")


def test_an_expired_token_is_renewed_once(service: Service, transport: Transport) -> None:
    service.script = [reply({}, 401), GOOD]
    transport.get("Warehouses", dict)
    assert [request.headers["authorization"] for request in service.seen] == ["Bearer token-1", "Bearer token-2"]


def test_a_token_that_is_refused_twice_ends_the_call(service: Service, transport: Transport) -> None:
    service.script = [reply({}, 401), reply({}, 401)]
    with pytest.raises(AuthenticationFailed):
        transport.get("Warehouses", dict)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("{other}/data/Warehouses", id="another port"),
        pytest.param("https://example.org/data/Warehouses", id="another host"),
        pytest.param("http://127.0.0.1:{port}/data/Warehouses", id="another scheme"),
        pytest.param("{own}/admin/secrets", id="another path"),
        pytest.param("{own}/data/../admin", id="a path that climbs out"),
        pytest.param("{own}/data/%2e%2e/admin", id="an encoded path that climbs out"),
        pytest.param("{own}/database/x", id="a path that only begins alike"),
        pytest.param("//example.org/data/x", id="a link without scheme"),
        pytest.param("https://127.0.0.1:{port}@example.org/data/x", id="a host hidden behind a name"),
        pytest.param("https://user@127.0.0.1:{port}/data/x", id="a user name in the link"),
        pytest.param("https://[broken/data", id="no address at all"),
    ],
)
def test_no_link_leads_to_another_place(
    link: str, service: Service, other_service: Service, transport: Transport
) -> None:
    port = service.url.rpartition(":")[2]
    other_service.answer = lambda _: GOOD
    service.answer = lambda _: GOOD
    with pytest.raises(ForeignLinkRefused):
        transport.get(link.format(other=other_service.url, own=service.url, port=port), dict)
    assert (service.seen, other_service.seen) == ([], [])


def test_a_link_back_to_the_service_is_followed(service: Service, transport: Transport) -> None:
    service.script = [GOOD]
    transport.get(f"{service.url.replace('https', 'HTTPS')}/data/Warehouses?$skiptoken=%3Cx%20/%3E", dict)
    assert service.seen[0].path == "/data/Warehouses?$skiptoken=%3Cx%20/%3E"


def test_a_redirect_elsewhere_is_refused_before_anything_is_sent_there(
    service: Service, other_service: Service, transport: Transport
) -> None:
    service.script = [reply(None, 302, Location=f"{other_service.url}/data/Warehouses")]
    with pytest.raises(ForeignLinkRefused):
        transport.get("Warehouses", dict)
    assert other_service.seen == []


def test_a_redirect_inside_the_service_is_followed_for_a_read(service: Service, transport: Transport) -> None:
    service.script = [reply(None, 307, Location="/data/Sites"), GOOD]
    assert transport.get("Warehouses", dict) == {"value": 1}


def test_a_redirect_is_never_followed_for_a_write(service: Service, transport: Transport) -> None:
    service.script = [reply(None, 307, Location="/data/Sites")]
    with pytest.raises(ForeignLinkRefused):
        transport.send(Call("POST", "Warehouses", body=b"{}"))
    assert len(service.seen) == 1


def test_redirects_in_a_circle_end(service: Service, transport: Transport) -> None:
    service.answer = lambda _: reply(None, 302, Location="/data/Warehouses")
    with pytest.raises(ServiceUnavailable):
        transport.get("Warehouses", dict)


def test_a_certificate_nobody_vouches_for_stops_everything(service: Service, fake_time: FakeTime) -> None:
    service.answer = lambda _: GOOD
    stranger = Transport(f"{service.url}/data", FakeTokens(), clock=fake_time.clock())
    with pytest.raises(ConnectionSetupError, match="ca_file"):
        stranger.get("Warehouses", dict)
    assert service.seen == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_named_by_the_environment_do_not_win(
    variable: str, service: Service, fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, service.ca_file)
    stranger = Transport(f"{service.url}/data", FakeTokens(), clock=fake_time.clock())
    with pytest.raises(ConnectionSetupError):
        stranger.get("Warehouses", dict)


def test_a_write_that_must_not_happen_twice_is_not_sent_again_after_a_cut(
    service: Service, transport: Transport
) -> None:
    service.script = [Reply(body=b'{"value": 1}', cut=2), GOOD]
    with pytest.raises(NetworkFailure, match="not known whether"):
        transport.send(Call("POST", "Export", body=b"{}", repeatable=False))
    assert len(service.seen) == 1


def test_a_write_that_was_throttled_surely_did_not_happen_and_is_sent_again(
    service: Service, transport: Transport
) -> None:
    service.script = [reply({}, 429, Retry_After="1"), GOOD]
    transport.send(Call("POST", "Export", body=b"{}", repeatable=False))
    assert len(service.seen) == 2


def test_every_try_asks_first_whether_it_may(service: Service, transport: Transport) -> None:
    service.script = [Reply(status=503), reply({}, 401), GOOD]
    asked: list[int] = []
    transport.send(Call("POST", "x", body=b"{}", before=lambda: asked.append(len(service.seen))))
    assert asked == [0, 1, 2]


@pytest.mark.parametrize("body", [gzip.compress(b" " * 50_000_000), gzip.compress(b" " * PIECE) * 50])
def test_an_answer_that_unpacks_beyond_the_limit_is_not_read_on(
    service: Service, fake_time: FakeTime, body: bytes
) -> None:
    service.answer = lambda _: Reply(body=body, headers={"Content-Encoding": "gzip"})
    small = Transport(
        f"{service.url}/data", FakeTokens(), ca_file=service.ca_file, limits=Limits(page_bytes=1_000_000),
        clock=fake_time.clock(),
    )  # fmt: skip
    with pytest.raises(AnswerTooLarge, match="larger than"):
        small.get("Warehouses", dict)
    assert len(service.seen) == 1


def test_an_answer_packed_in_another_way_than_asked_for_is_asked_for_again(
    service: Service, transport: Transport
) -> None:
    service.script = [
        Reply(body=b"x", headers={"Content-Encoding": "br"}),
        Reply(body=gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"}),
    ]
    assert transport.get("Warehouses", dict) == {"a": 1}


def test_a_service_that_cannot_be_reached_is_a_network_failure(fake_time: FakeTime) -> None:
    nowhere = Transport("https://127.0.0.1:1/data", FakeTokens(), limits=Limits(attempts=2), clock=fake_time.clock())
    with pytest.raises(NetworkFailure, match="no connection"):
        nowhere.send(Call("POST", "x", repeatable=False))
    assert len(fake_time.slept) == 1


def test_neither_tokens_nor_signatures_reach_the_log_or_the_message(
    service: Service, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="fs_integration")
    service.script = [reply({"value": 1}, x_ms_service_request_id="id-77"), *[Reply(status=503)] * 4]
    transport.get("Warehouses?sig=geheim", dict)
    with pytest.raises(ServiceUnavailable) as caught:
        transport.get("Warehouses?sig=geheim", dict)
    text = caplog.text + str(caught.value)
    signature = "ge" + "heim"
    assert "id-77" in text
    unreachable = Transport("https://127.0.0.1:1", None, limits=Limits(attempts=1))
    with pytest.raises(NetworkFailure) as cut:
        unreachable.get(f"package?sig={signature}", dict)
    text += "".join(traceback.format_exception(cut.value))
    assert not [word for word in ("geheim", "token-1") if word in text]


def test_no_cookie_ties_us_to_one_server(service: Service, transport: Transport) -> None:
    service.script = [reply({"value": 1}, Set_Cookie="ARRAffinity=one; Path=/"), GOOD]
    transport.get("Warehouses", dict)
    transport.get("Warehouses", dict)
    assert "cookie" not in service.seen[1].headers
