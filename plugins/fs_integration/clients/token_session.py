"""The session that msal asks Entra with: known places only, and answers within bounds."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from fs_integration.clients.answers import NOT_JSON
from fs_integration.clients.origin import Origin
from fs_integration.clients.session import Session
from fs_integration.clients.unpacking import ACCEPTED, PIECE, Unreadable, unpacked
from fs_integration.errors import AnswerTooLarge, ForeignLinkRefused, NetworkFailure

SILENCE_SECONDS, TOTAL_SECONDS = 30.0, 60.0
MOST_BYTES = 1024 * 1024  # a token answer has a few thousand


class TokenSession(Session):
    """What msal needs of a session.

    :param places: the only addresses below which anything is sent, because answers name further ones; None: any.
    """

    def __init__(self, ca_file: str | None, proxies: Mapping[str, str], places: Sequence[str] | None = None) -> None:
        super().__init__(ca_file, proxies)
        self._places = places

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request; a redirect is an answer like any other.

        :raises ForeignLinkRefused: an answer named an address at another place.
        :raises Unreadable: the answer is no JSON object; msal would write it into the log, or fail in words of its own.
        :raises AnswerTooLarge: more than ``MOST_BYTES``; :raises NetworkFailure: not all within ``TOTAL_SECONDS``.
        """
        if self._places is not None and not any(_is_below(str(url), place) for place in self._places):
            raise ForeignLinkRefused(
                f"{self._places[0]} says that it gives tokens at `{urlsplit(str(url)).netloc[:100]}`, another place. "
                "Nothing was sent there. Check authority_host, and any proxy between here and Entra."
            )
        kwargs["headers"] = {**(kwargs.get("headers") or {}), "Accept-Encoding": ACCEPTED}
        kwargs |= {"timeout": SILENCE_SECONDS, "stream": True}
        with super().request(method, url, *args, **kwargs) as response:
            body = _body(response)
        if response.status_code == 200:
            _check_object(body)
        return _with_body(response, body)


def _is_below(address: str, place: str) -> bool:
    try:
        Origin(place).resolve(address)
    except ForeignLinkRefused:
        return False
    return True


def _body(response: requests.Response) -> bytes:
    """Read the whole body. :raises Unreadable: it is not packed as its header says."""
    body = bytearray()
    for piece in unpacked(response.headers.get("Content-Encoding", ""), _pieces(response)):
        body += piece
        if len(body) > MOST_BYTES:
            raise AnswerTooLarge(
                f"{_place(response)} answered a request for a token with more than {MOST_BYTES} bytes, which were not "
                "read. Look at authority_host, and at the proxy between here and Entra."
            )
    return bytes(body)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    end = time.monotonic() + TOTAL_SECONDS
    while piece := response.raw.read1(PIECE, decode_content=False):
        yield piece
        if time.monotonic() > end:
            raise NetworkFailure(f"The answer of {_place(response)} did not end within {TOTAL_SECONDS:.0f} s.")


def _check_object(body: bytes) -> None:
    try:
        msgspec.json.decode(body, type=dict[str, Any])
    except NOT_JSON:
        raise Unreadable("something that is no JSON object") from None  # its text may show a piece of the answer


def _with_body(response: requests.Response, body: bytes) -> requests.Response:
    """Return an answer that msal can read as often as it likes."""
    made = requests.Response()
    made.status_code, made.url, made.reason = response.status_code, response.url, response.reason
    made.headers, made.encoding, made.raw = response.headers, "utf-8", io.BytesIO(body)
    return made


def _place(response: requests.Response) -> str:
    return urlsplit(response.url).netloc
