"""The multipart form of $batch."""

from __future__ import annotations

import pytest

from sandbox.http import Response
from sandbox.odata.batch import (
    Answer,
    ChangeSet,
    ChangeSetAnswer,
    MalformedBatch,
    Operation,
    format_batch,
    parse_batch,
)

TYPE = 'multipart/mixed; boundary="batch_1"'
PART = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


def part(request: str, *, more: str = "") -> str:
    return f"{PART}{more}\r\n{request}"


def batch(*parts: str) -> bytes:
    return ("".join(f"--batch_1\r\n{one}\r\n" for one in parts) + "--batch_1--\r\n").encode()


def change_set(*parts: str, ending: str = "\r\n") -> str:
    inner = "".join(f"--cs\r\n{one}\r\n" for one in parts)
    return f"Content-Type: multipart/mixed; boundary=cs\r\n\r\n{inner}--cs--{ending}"


GET = part("GET /data/Things HTTP/1.1\r\nAccept: application/json\r\n\r\n")
POST = part('POST Things HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"a": "x"}', more="Content-ID: 1\r\n")


def test_operations_come_in_order_with_headers_and_body() -> None:
    read, write = parse_batch(TYPE, batch(GET, POST))
    assert read == Operation("GET", "/data/Things", {"accept": "application/json"}, b"", None)
    assert write == Operation("POST", "Things", {"content-type": "application/json"}, b'{"a": "x"}', "1")


def test_a_content_id_among_the_inner_headers_counts_too() -> None:
    (operation,) = parse_batch(TYPE, batch(part("POST T HTTP/1.1\r\nContent-ID: 7\r\n\r\n{}")))
    assert isinstance(operation, Operation)
    assert operation.content_id == "7"


@pytest.mark.parametrize("ending", ["", "\r\n"])
def test_a_change_set_keeps_its_operations_together(ending: str) -> None:
    first, second = parse_batch(TYPE, batch(change_set(POST, POST, ending=ending), GET))
    assert isinstance(first, ChangeSet)
    assert [operation.method for operation in first.operations] == ["POST", "POST"]
    assert isinstance(second, Operation)


def test_a_body_may_hold_line_ends_and_text_like_a_boundary() -> None:
    body = '{"a": "x\\n--batch_1"}\r\n\r\n{}'
    (operation,) = parse_batch(TYPE, batch(part(f"POST T HTTP/1.1\r\nX: y\r\n\r\n{body}")))
    assert isinstance(operation, Operation)
    assert operation.body == body.encode()


def test_an_empty_batch_has_no_operations() -> None:
    assert parse_batch(TYPE, b"--batch_1--\r\n") == []


MALFORMED = {
    "line feeds alone": (TYPE, batch(GET).replace(b"\r\n", b"\n")),
    "line feeds between headers": (TYPE, batch(GET.replace("binary\r\n", "binary\n"), GET.replace("1.1\r\n", "1.1\n"))),
    "no line end after the closing boundary": (TYPE, batch(GET)[:-2]),
    "no closing boundary": (TYPE, batch(GET).replace(b"--batch_1--", b"")),
    "another boundary than announced": ("multipart/mixed; boundary=other", batch(GET)),
    "no boundary announced": ("multipart/mixed", batch(GET)),
    "no multipart": ("application/json", b"{}"),
    "a part that is no request": (TYPE, batch(part("Things"))),
    "a part of another type": (TYPE, batch(GET.replace("application/http", "text/plain"))),
    "a part without blank line": (TYPE, b"--batch_1\r\nContent-Type: application/http\r\n--batch_1--\r\n"),
}


@pytest.mark.parametrize("fact", MALFORMED)
def test_malformed(fact: str) -> None:
    with pytest.raises(MalformedBatch):
        parse_batch(*MALFORMED[fact])


def test_answers_are_written_in_order_with_crlf_and_their_content_ids() -> None:
    created = Response(204, headers={"OData-EntityId": "https://a/things(1)", "x-sandbox-rows": "1"})
    failed = Response(429, b"{}", {"Retry-After": "3"})
    response = format_batch([ChangeSetAnswer((Answer(created, "1"), Answer(created, "2"))), Answer(failed)])
    text = response.body.decode()
    assert "\n" not in text.replace("\r\n", "")
    assert text.index("Content-ID: 1") < text.index("Content-ID: 2") < text.index("HTTP/1.1 429 Too Many Requests")
    assert text.count("HTTP/1.1 204 No Content\r\nOData-EntityId: https://a/things(1)\r\n\r\n") == 2
    assert "Retry-After: 3\r\n\r\n{}\r\n--batchresponse_" in text
    assert "x-sandbox-rows" not in text


def test_the_rows_of_a_batch_are_the_sum_of_its_parts() -> None:
    one = Answer(Response(204, headers={"x-sandbox-rows": "1"}))
    assert format_batch([ChangeSetAnswer((one, one)), one]).take_rows() == 3


def test_the_boundary_of_the_answer_is_announced() -> None:
    response = format_batch([Answer(Response(200, b"{}"))], status=400)
    boundary = response.headers["Content-Type"].partition("boundary=")[2]
    assert response.status == 400
    assert response.body.startswith(f"--{boundary}\r\n".encode())
    assert response.body.endswith(f"--{boundary}--\r\n".encode())
