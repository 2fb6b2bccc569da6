"""The multipart form of $batch: read the operations of a request, write the answers.

Line ends must be CR LF everywhere, also after the closing boundary; the real services refuse anything else.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from sandbox.http import ROWS_HEADER, Response

_BOUNDARY = re.compile(r'multipart/mixed\s*;.*?boundary="?([^";,\s]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.[01]")
_END = b"\r\n"


class MalformedBatch(ValueError):
    """A body that is no multipart batch; the message says where."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request inside a batch.

    :param url: address as sent: absolute, rooted or relative; :param headers: by lower-case name.
    :param content_id: Content-ID from the part or from the inner headers.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Operations that succeed or fail together."""

    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to one operation."""

    response: Response
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeSetAnswer:
    """The responses to a change set that succeeded; a failed one is a single `Answer`."""

    answers: tuple[Answer, ...]


def parse_batch(content_type: str, body: bytes) -> list[Operation | ChangeSet]:
    """Read the body of a batch request.

    :param content_type: value of the Content-Type header, with the boundary.
    :raises MalformedBatch: wrong content type, boundary, line ends, or part.
    """
    parts: list[Operation | ChangeSet] = []
    for headers, content in _split(content_type, body):
        kind = headers.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            # The line end after the inner closing boundary already belongs to the outer boundary.
            parts.append(ChangeSet(tuple(_read_operation(*part) for part in _split(kind, content + _END))))
        else:
            parts.append(_read_operation(headers, content))
    return parts


def format_batch(answers: Iterable[Answer | ChangeSetAnswer], *, status: int = 200) -> Response:
    """Write the response to a batch; its row count is the sum of its parts."""
    boundary = f"batchresponse_{uuid.uuid4()}"
    rows = 0
    chunks: list[bytes] = []
    for answer in answers:
        chunks.append(f"--{boundary}\r\n".encode())
        if isinstance(answer, ChangeSetAnswer):
            rows += sum(_rows(part) for part in answer.answers)
            chunks.append(_format_change_set(answer))
        else:
            rows += _rows(answer)
            chunks += [format_part(answer), _END]
    chunks.append(f"--{boundary}--\r\n".encode())
    headers = {"Content-Type": f"multipart/mixed; boundary={boundary}", ROWS_HEADER: str(rows)}
    return Response(status, b"".join(chunks), headers)


def raw_parts(content_type: str, body: bytes) -> list[bytes]:
    """Split a multipart body into its parts as they stand there, with their headers.

    :raises MalformedBatch: wrong content type, boundary or line ends.
    """
    delimiter = _delimiter(content_type)
    sections = (_END + body).split(_END + delimiter)
    closing = sections.pop()
    if not sections or not closing.startswith(b"--" + _END):
        raise MalformedBatch("Stream was not readable: the closing boundary with its line end (CR LF) is missing.")
    if not all(section.startswith(_END) for section in sections[1:]):
        raise MalformedBatch("Stream was not readable: a boundary must be followed by CR LF.")
    return [section[2:] for section in sections[1:]]


def join_parts(content_type: str, parts: Iterable[bytes]) -> bytes:
    """Put parts together again, the opposite of `raw_parts`."""
    delimiter = _delimiter(content_type)
    return b"".join(delimiter + _END + part + _END for part in parts) + delimiter + b"--" + _END


def _delimiter(content_type: str) -> bytes:
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise MalformedBatch(f"The content type '{content_type}' is not multipart/mixed with a boundary.")
    return b"--" + match[1].encode()


def _split(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Split a multipart body into headers and content of its parts."""
    parts = []
    for section in raw_parts(content_type, body):
        head, blank, content = section.partition(_END + _END)
        if not blank:
            raise MalformedBatch("Stream was not readable: a part has no blank line after its headers.")
        parts.append((_read_headers(head.split(_END)), content))
    return parts


def _read_headers(lines: list[bytes]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon or "\n" in name + value:
            raise MalformedBatch(f"'{name.strip()}' is not a header line; header lines end with CR LF.")
        headers[name.strip().lower()] = value.strip()
    return headers


def _read_operation(part_headers: dict[str, str], content: bytes) -> Operation:
    """Read the request inside a part of type application/http."""
    if not part_headers.get("content-type", "").lower().startswith("application/http"):
        raise MalformedBatch("A part of a batch must have the content type application/http.")
    head, _, body = content.partition(_END + _END)
    lines = head.rstrip(_END).split(_END)
    match = _REQUEST_LINE.fullmatch(lines[0].decode("utf-8", "replace"))
    if match is None:
        raise MalformedBatch(f"'{lines[0].decode('utf-8', 'replace')}' is not a request line.")
    headers = _read_headers(lines[1:])
    content_id = part_headers.get("content-id") or headers.get("content-id")
    return Operation(match[1], match[2], headers, body, content_id)


def _rows(answer: Answer) -> int:
    return int(answer.response.headers.get(ROWS_HEADER, 0))


def _format_change_set(answer: ChangeSetAnswer) -> bytes:
    boundary = f"changesetresponse_{uuid.uuid4()}"
    chunks = [f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode()]
    for part in answer.answers:
        chunks += [f"--{boundary}\r\n".encode(), format_part(part), _END]
    chunks.append(f"--{boundary}--\r\n".encode())
    return b"".join(chunks)


def format_part(answer: Answer) -> bytes:
    """Write the answer to one operation, as it stands between two boundaries."""
    response = answer.response
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if answer.content_id is not None:
        lines.append(f"Content-ID: {answer.content_id}")
    lines += ["", f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name != ROWS_HEADER]
    return "\r\n".join([*lines, "", ""]).encode() + response.body
