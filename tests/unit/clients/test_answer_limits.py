"""Answers that are nested, long or odd beyond all measure are refused in plain words, and soon."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from tests.unit.clients.stub import Reply, Service

from fs_integration.clients.answers import error_of, retry_after
from fs_integration.clients.package_errors import row_errors
from fs_integration.clients.tenant import tenant_of
from fs_integration.clients.transport import Transport
from fs_integration.errors import RequestRefused, ServiceUnavailable

DEEP = b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
LONG = 5_000_000  # characters
SOON = 2.0  # seconds of CPU time; what is not linear takes minutes


def test_an_answer_nested_without_end_is_no_answer(service: Service, transport: Transport) -> None:
    service.script = [Reply(body=DEEP)] * 4
    with pytest.raises(ServiceUnavailable, match=r"something unreadable.*never taken for an empty result"):
        transport.get("Warehouses", dict)


def test_an_error_nested_without_end_is_decided_by_its_status() -> None:
    exc = error_of("GET contoso/data", 400, {}, DEEP)
    assert isinstance(exc, RequestRefused)
    assert len(str(exc)) < 1000


@pytest.mark.parametrize("claims", [DEEP, b"[" * 100_000], ids=["whole", "cut"])
def test_a_token_nested_without_end_has_no_tenant(claims: bytes) -> None:
    assert tenant_of(f"e.{base64.urlsafe_b64encode(claims).decode()}.s") == ""


def test_a_list_of_errors_nested_without_end_holds_no_row() -> None:
    assert row_errors(DEEP.decode()) == []


def repeated(piece: str) -> str:
    return piece * (LONG // len(piece))


@pytest.mark.parametrize(
    "message",
    [repeated("validateWrite failed on "), repeated("Error: Update has been canceled"), repeated("'."), repeated("<a")],
    ids=["beginnings", "ends", "quotes", "tags"],
)
@pytest.mark.parametrize("form", ['{"error":{"code":"","message":"%s"}}', '{"Message":"%s"}', "<html>%s"])
def test_a_message_without_end_is_cut_before_it_is_looked_at(form: str, message: str) -> None:
    started = time.process_time()
    exc = error_of("GET contoso/data", 400, {}, (form % message).encode())
    assert time.process_time() - started < SOON
    assert len(str(exc)) < 3000


@pytest.mark.parametrize(
    "text",
    [
        repeated('{"RecordId":"'), '{"RecordId":"' + repeated('","Field":"'),
        '{"RecordId":"","Field":"' + repeated('","ErrorMessage":"'), "[" + repeated("{ ") + repeated(" ") + "x",
        '{"RecordId":"","Field":"","ErrorMessage":"' + repeated('"} ') + "x", '{"RecordId":"' + repeated('" '),
    ],
    ids=["beginnings", "fields", "messages", "blanks", "ends", "quotes"],
)  # fmt: skip
def test_a_list_of_errors_without_end_is_read_in_one_go(text: str) -> None:
    started = time.process_time()
    row_errors(text)
    assert time.process_time() - started < SOON


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1e999", 3600.0), ("nan", None), ("-1", None), ("9" * 400, 3600.0),
     ("Mon, 1 Jan " + "9" * 30 + " 00:00:00 GMT", None), ("Mon, 1 Jan 99999 00:00:00 GMT", None), ("soon", None)],
)  # fmt: skip
def test_an_odd_wait_is_none_or_the_longest(text: str, seconds: Any) -> None:
    assert retry_after({"Retry-After": text}) == seconds
