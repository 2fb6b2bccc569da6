"""The file storage behind packages: signed addresses that need no token and expire, for reading or for writing too."""

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
READ, WRITE = "r", "rw"
_VERSION = "2021-08-06"
_RETENTION = timedelta(days=7)
_BLOB_TYPE = "x-ms-blob-type"


class BlobStore:
    """Keep files and serve them to whoever has a signed address.

    :param now: gives the current moment.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._files: dict[str, tuple[bytes, int, datetime]] = {}

    def put(self, name: str, content: bytes, *, rows: int = 0) -> None:
        """Store a file, for seven days."""
        self._files[name] = (content, rows, self._now())

    def remove(self, name: str) -> None:
        """Delete a file that may be gone already."""
        self._files.pop(name, None)

    def address(self, base_url: str, name: str, *, seconds: float, permission: str = READ) -> str:
        """Give a signed address of a file, valid for so many seconds."""
        expiry = (self._now() + timedelta(seconds=seconds)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = quote(self._sign(name, permission, expiry), safe="")
        signed = f"sv={_VERSION}&sr=b&sp={permission}&se={quote(expiry, safe='')}&sig={signature}"
        return f"{base_url}{BLOB_PATH}{quote(name)}?{signed}"

    def fetch(self, address: str, base_url: str) -> bytes | None:
        """Read a file by its signed address as the system itself does, None when it cannot be read."""
        path, _, query = address.removeprefix(base_url).partition("?")
        if not path.startswith(BLOB_PATH):
            return None
        answer = self.answer(Request("GET", path, query, {}, b"", base_url))
        return answer.body if answer.status == 200 else None

    def answer(self, request: Request) -> Response:
        """Serve a download or take an upload, or refuse it as the storage service does."""
        name = unquote(request.path.removeprefix(BLOB_PATH))
        moment = self._now()
        self._files = {known: file for known, file in self._files.items() if moment - file[2] < _RETENTION}
        if "authorization" in request.headers:
            return _refusal(400, "InvalidAuthenticationInfo", "A signed address must be used without a token.")
        if request.method not in ("GET", "PUT"):
            return _refusal(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
        permission = self._permission(request, name)
        if not permission:
            return _refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        return self._upload(request, name, permission) if request.method == "PUT" else self._download(name)

    def _download(self, name: str) -> Response:
        if name not in self._files:
            return _refusal(404, "BlobNotFound", "The specified blob does not exist.")
        content, rows, _ = self._files[name]
        return Response(200, content, {"Content-Type": "application/octet-stream", ROWS_HEADER: str(rows)})

    def _upload(self, request: Request, name: str, permission: str) -> Response:
        if permission != WRITE:
            text = "This request is not authorized to perform this operation using this permission."
            return _refusal(403, "AuthorizationPermissionMismatch", text)
        kind = request.headers.get(_BLOB_TYPE)
        if kind is None:
            return _refusal(400, "MissingRequiredHeader", f"The header {_BLOB_TYPE} is mandatory for this request.")
        if kind != "BlockBlob":
            return _refusal(400, "InvalidHeaderValue", f"The sandbox stores a BlockBlob only, not '{kind}'.")
        self.put(name, request.body)
        return Response(201, b"", {})

    def _permission(self, request: Request, name: str) -> str:
        """Give what the address permits, empty when it is altered or has expired."""
        try:
            params = request.params()
        except ValueError:
            return ""
        expiry, permission = params.get("se", ""), params.get("sp", "")
        if not hmac.compare_digest(params.get("sig", "").encode(), self._sign(name, permission, expiry).encode()):
            return ""
        return permission if self._now() < datetime.fromisoformat(expiry) else ""

    def _sign(self, name: str, permission: str, expiry: str) -> str:
        return hmac.new(self._key, f"{name}\n{permission}\n{expiry}".encode(), hashlib.sha256).hexdigest()


def _refusal(status: int, code: str, text: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(text)}</Message></Error>'
    return Response(status, body.encode(), {"Content-Type": "application/xml", "x-ms-error-code": code})
