"""The file storage behind package downloads: signed addresses that need no token and expire."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from sandbox.http import ROWS_HEADER, Request, Response

BLOB_PATH = "/blob/"
_VERSION = "2021-08-06"
_RETENTION = timedelta(days=7)


class BlobStore:
    """Keep files and serve them to whoever has a signed address.

    :param now: gives the current moment.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._files: dict[str, tuple[bytes, int, datetime]] = {}

    def put(self, name: str, content: bytes, *, rows: int) -> None:
        """Store a file, for seven days."""
        self._files[name] = (content, rows, self._now())

    def remove(self, name: str) -> None:
        """Delete a file that may be gone already."""
        self._files.pop(name, None)

    def address(self, base_url: str, name: str, *, seconds: float) -> str:
        """Give a signed address of a file, valid for so many seconds."""
        expiry = (self._now() + timedelta(seconds=seconds)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = quote(self._sign(name, expiry), safe="")
        return f"{base_url}{BLOB_PATH}{quote(name)}?sv={_VERSION}&sr=b&sp=r&se={quote(expiry, safe='')}&sig={signature}"

    def answer(self, request: Request) -> Response:
        """Serve a download, or refuse it as the storage service does."""
        name = unquote(request.path.removeprefix(BLOB_PATH))
        moment = self._now()
        self._files = {known: file for known, file in self._files.items() if moment - file[2] < _RETENTION}
        if "authorization" in request.headers:
            return _refusal(400, "InvalidAuthenticationInfo", "A signed address must be used without a token.")
        if request.method != "GET":
            return _refusal(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
        if not self._is_allowed(request, name):
            return _refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        if name not in self._files:
            return _refusal(404, "BlobNotFound", "The specified blob does not exist.")
        content, rows, _ = self._files[name]
        return Response(200, content, {"Content-Type": "application/octet-stream", ROWS_HEADER: str(rows)})

    def _is_allowed(self, request: Request, name: str) -> bool:
        try:
            params = request.params()
        except ValueError:
            return False
        expiry = params.get("se", "")
        if not hmac.compare_digest(params.get("sig", ""), self._sign(name, expiry)):
            return False
        return self._now() < datetime.fromisoformat(expiry)

    def _sign(self, name: str, expiry: str) -> str:
        return hmac.new(self._key, f"{name}\n{expiry}".encode(), hashlib.sha256).hexdigest()


def _refusal(status: int, code: str, text: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(text)}</Message></Error>'
    return Response(status, body.encode(), {"Content-Type": "application/xml", "x-ms-error-code": code})
