"""The multipart form of ``$batch``: put writes into one request, and find each one's answer in what comes back.

A change set is one transaction: all of it is carried out, or nothing; an operation outside of one stands for itself.
The request as a whole succeeds even when everything in it fails, so each answer is looked at for itself.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from requests.structures import CaseInsensitiveDict

from fs_integration.errors import ServiceUnavailable

_END = b"\r\n"
_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True)
class Operation:
    """One write.

    :param link: address below the service root; :param position: the row it writes, None for a document's header.
    :param if_match: value of the header ``If-Match``; empty sends none.
    """

    method: str
    link: str
    body: bytes
    position: int | None = None
    if_match: str = ""


@dataclass(frozen=True)
class PartAnswer:
    """What came back for one operation.

    :param content_id: the number we gave the operation; empty when the service did not repeat it.
    :param place: which operation of its change set it is about, None when the service does not say.
    """

    status: int
    content_id: str = ""
    place: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def write_batch(root: str, change_sets: Sequence[Sequence[Operation]]) -> tuple[str, bytes]:
    """Return content type and body of a request; its operations are numbered from 1 on.

    :param root: address of the service; the operations carry whole addresses, which every version understands.
    """
    boundary = f"batch_{uuid.uuid4()}"
    pieces: list[bytes] = []
    numbers = itertools.count(1)
    for operations in change_sets:
        inner = f"changeset_{uuid.uuid4()}"
        pieces += [_line(f"--{boundary}"), _line(f"Content-Type: multipart/mixed; boundary={inner}"), _END]
        for operation in operations:
            pieces += [_line(f"--{inner}"), _operation(root, operation, next(numbers))]
        pieces += [_line(f"--{inner}--"), _END]
    pieces.append(_line(f"--{boundary}--"))
    return f"multipart/mixed; boundary={boundary}", b"".join(pieces)


def write_operations(root: str, operations: Sequence[Operation]) -> tuple[str, bytes]:
    """Return content type and body of a request whose operations do not depend on each other; see ``write_batch``."""
    boundary = f"batch_{uuid.uuid4()}"
    pieces: list[bytes] = []
    for number, operation in enumerate(operations, start=1):
        pieces += [_line(f"--{boundary}"), _operation(root, operation, number)]
    pieces.append(_line(f"--{boundary}--"))
    return f"multipart/mixed; boundary={boundary}", b"".join(pieces)


def read_batch(content_type: str, body: bytes, change_sets: Sequence[Sequence[Operation]]) -> list[list[PartAnswer]]:
    """Return the answers to each change set; an empty list where the service said nothing about it.

    An operation outside of change sets is given as one of its own.

    A failed change set is answered by one part. Where it does not repeat our number, its place tells which it is.

    :raises ServiceUnavailable: the answer is not what was asked for, so nothing is known.
    """
    found: list[list[PartAnswer]] = [[] for _ in change_sets]
    owners = [(number, place) for number, operations in enumerate(change_sets) for place in range(len(operations))]
    parts = [list(answers) for answers in _parts(content_type, body)]
    for position, answers in enumerate(parts):
        for answer in answers:
            text = answer.content_id
            if _NUMBER.fullmatch(text) and 0 < int(text) <= len(owners):
                number, place = owners[int(text) - 1]
                found[number].append(replace(answer, place=place))
            elif len(parts) == len(change_sets):
                found[position].append(answer)
    return found


def _line(text: str) -> bytes:
    return text.encode() + _END


def _operation(root: str, operation: Operation, number: int) -> bytes:
    lines = [
        "Content-Type: application/http", "Content-Transfer-Encoding: binary", f"Content-ID: {number}", "",
        f"{operation.method} {root}/{operation.link} HTTP/1.1", "Content-Type: application/json; charset=utf-8",
        "Accept: application/json", *([f"If-Match: {operation.if_match}"] if operation.if_match else []), "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + operation.body + _END


def _parts(content_type: str, body: bytes) -> Iterator[Iterator[PartAnswer]]:
    for headers, content in _split(content_type, body):
        kind = headers.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            yield (_answer(*part) for part in _split(kind, content))
        else:
            yield iter([_answer(headers, content)])


def _split(content_type: str, body: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    match = _BOUNDARY.search(content_type)
    delimiter = b"--" + match[1].encode() if match else b""
    sections = (_END + body).split(_END + delimiter)
    if not match or len(sections) < 2 or not sections[-1].startswith(b"--"):
        raise ServiceUnavailable(
            "A $batch request was answered with something that is no complete batch answer; which of its rows were "
            "written is found out by reading them."
        )
    for section in sections[1:-1]:
        head, _, content = section.removeprefix(_END).partition(_END + _END)
        yield _headers(head), content


def _answer(headers: dict[str, str], content: bytes) -> PartAnswer:
    head, _, body = content.partition(_END + _END)
    status, _, rest = head.lstrip(_END).partition(_END)
    match = _STATUS.match(status)
    own = _headers(rest)
    content_id = headers.get("content-id") or own.get("content-id", "")
    status_code = int(match[1]) if match else 0
    return PartAnswer(status_code, content_id, headers=CaseInsensitiveDict(own), body=body.strip())


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.decode("utf-8", "replace").partition(":") for line in head.split(_END))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
