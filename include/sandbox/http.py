"""What a request and a response are, independent of how bytes travel."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

ROWS_HEADER = "x-sandbox-rows"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(slots=True)
class Request:
    """One HTTP request.

    :param path: path as sent, still percent-encoded; :param query: text after the question mark, still encoded.
    :param headers: by lower-case name; :param base_url: address of the listener, without a slash at the end.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""

    def target(self) -> str:
        """Give path and query as sent."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def address(self) -> str:
        """Give path and query decoded, for a person or a pattern to read."""
        return unquote(self.path) + (f"?{unquote(self.query)}" if self.query else "")

    def params(self) -> dict[str, str]:
        """Give the decoded query options by name.

        :raises ValueError: a broken percent escape, text that is not UTF-8, or an option given twice.
        """
        options: dict[str, str] = {}
        for part in filter(None, self.query.split("&")):
            name, _, value = part.partition("=")
            name = _decode(name)
            if name in options:
                raise ValueError(f"The query option '{name}' is given more than once.")
            options[name] = _decode(value)
        return options


@dataclass(slots=True)
class Response:
    """One HTTP response.

    The header `x-sandbox-rows` tells statistics and latency how many rows the answer holds; clients never see it.

    :param cut_at: send only so many bytes of the body and break the connection; None sends all.
    :param announced: Content-Length to claim instead of the true one; the connection breaks after the body.
    :param pause_seconds: send the body byte by byte with such a pause after each; None sends it at once.
    :param stream: the body in pieces, for one that is too large to build at once; `body` is then empty.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    announced: int | None = None
    pause_seconds: float | None = None
    stream: Iterable[bytes] | None = None

    def take_rows(self) -> int:
        """Remove the row count from the headers and give it."""
        return int(self.headers.pop(ROWS_HEADER, 0))


class ConnectionDropped(Exception):
    """The connection must break without an answer."""


def _decode(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise ValueError(f"'{text}' holds a percent sign that starts no escape.")
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError as error:
        raise ValueError(f"'{text}' is not UTF-8 after decoding.") from error
