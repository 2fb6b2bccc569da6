"""Answers that are nested, long or odd beyond all measure are refused in plain words, and soon."""

from __future__ import annotations

import base64
import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.clients.stub import Reply, Service

from fs_integration.clients.answers import error_of, retry_after
from fs_integration.clients.limiter import MOST, RECOMMENDED, REQUESTS_LEFT, SECONDS_LEFT, Limiter
from fs_integration.clients.multipart import Operation, read_batch
from fs_integration.clients.package_errors import failed_rows, row_errors
from fs_integration.clients.packages import rows_of
from fs_integration.clients.tenant import tenant_of
from fs_integration.clients.transport import Transport
from fs_integration.errors import FsIntegrationError, RequestRefused, ServiceUnavailable
from fs_integration.spec.mapping import PackageExport

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


# Words of the formats, so that what is made of them gets past the first look.
WORDS = (
    b"--b", b"--b--", b"\r\n", b"\n", b'"', b",", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xff", b"A", b"B", b"=",
    b"Content-ID: 1", b"Content-ID: " + b"9" * 5000, b"HTTP/1.1 204 x", b"HTTP/1.1 99999", b"; boundary=b",
    b"Content-Type: multipart/mixed", b"{", b"}", b"[", b"x" * 200_000, b"\xc3\x28", b'"RecordId"', b"\xd9\xa1",
)  # fmt: skip
OPERATIONS = [[Operation("POST", "Warehouses", b"{}")], [Operation("POST", "Warehouses", b"{}")]]
EXPORT = PackageExport(project="P", data_entity="E", columns={"A": "a", "B": "b"})


def zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("rows.csv", content)
    return target.getvalue()


READERS: dict[str, Callable[[bytes], Any]] = {
    "an answer to $batch": lambda body: read_batch(
        "multipart/mixed; boundary=b", b"--b\r\n" + body + b"\r\n--b--", OPERATIONS
    ),
    "a file of failed rows": lambda body: failed_rows(b"A,B\n" + body, ["A", "B"], "The file"),
    "a file of failed rows, from its head on": lambda body: failed_rows(body, ["A", "B"], "The file"),
    "a list of errors": lambda body: row_errors(body.decode("utf-8", "replace")),
    "an exported file": lambda body: rows_of(zipped(b"A,B\n" + body), EXPORT, company="usmf"),
    "an exported file, from its head on": lambda body: rows_of(zipped(body), EXPORT, company="usmf"),
    "an error": lambda body: error_of("GET contoso/data", 400, {}, body),
}  # fmt: skip


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.integers(0, len(WORDS) - 1), max_size=12))
def test_whatever_arrives_is_read_or_refused_in_our_words(read: Callable[[bytes], Any], words: list[int]) -> None:
    try:
        read(b"".join(WORDS[word] for word in words))
    except FsIntegrationError as exc:
        said = str(exc)
    else:
        said = ""
    assert len(said) < 3000


@pytest.mark.parametrize("text", ["nan", "1e999", "-1e999", "9" * 5000, "", "x", "1,000", "\u0661"])
def test_an_odd_hint_leaves_the_limiter_sound(text: str) -> None:
    limiter = Limiter(lambda: 0.0)
    turn = limiter.enter()
    limiter.answered(turn, dict.fromkeys((RECOMMENDED, REQUESTS_LEFT, SECONDS_LEFT), text), kind="k", seconds=0.1)
    assert 1 <= limiter.places <= MOST
