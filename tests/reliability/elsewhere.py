"""A second server, whose certificate is trusted: whatever arrives there is seen."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from sandbox.http import Request, Response
from sandbox.server import Listener

JSON = {"Content-Type": "application/json"}


class Elsewhere:
    """A server that takes note of every request.

    :param answer: what it answers; an empty collection when left out. :ivar seen: what arrived.
    """

    def __init__(self, context: ssl.SSLContext, answer: Callable[[Request], Response] | None = None) -> None:
        self._listener, self.seen = Listener("127.0.0.1", 0, context), list[Request]()
        self.answer = answer or (lambda _: Response(200, b'{"value":[]}', dict(JSON)))
        self.url = self._listener.url

    def _handle(self, request: Request) -> Response:
        self.seen.append(request)
        return self.answer(request)

    def __enter__(self) -> Elsewhere:
        self._listener.start(self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.stop()
