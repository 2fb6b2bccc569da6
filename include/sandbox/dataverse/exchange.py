"""One request on its way through the Web API: who asks, with which preferences, in which transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sandbox.dataverse.addressing import API_PATH
from sandbox.dataverse.service import Call
from sandbox.dataverse.store import Database, Transaction
from sandbox.http import Request, Response

_PREFERENCE = re.compile(r'([\w.-]+)(?:\s*=\s*(?:"([^"]*)"|([^,;\s]*)))?')
_ENCODER = msgspec.json.Encoder(decimal_format="number")
JSON_TYPE = "application/json; odata.metadata=minimal"


def read_preferences(header: str) -> dict[str, str]:
    """Read a Prefer header into names and values (empty for a bare name)."""
    return {m[1].lower(): m[2] if m[2] is not None else m[3] or "" for m in _PREFERENCE.finditer(header)}


@dataclass
class Exchange:
    """A request together with what the pipeline found out about it.

    :param transaction: the change set's transaction, None when the request stands alone.
    :param moment: UTC text of the request's clock reading.
    """

    request: Request
    user_id: str
    moment: str
    params: dict[str, str]
    in_batch: bool = False
    transaction: Transaction | None = None
    prefer: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.prefer = read_preferences(self.request.headers.get("prefer", ""))

    @property
    def root(self) -> str:
        """Address of the Web API, with a slash at the end."""
        return self.request.base_url + API_PATH

    @contextmanager
    def writing(self, database: Database) -> Iterator[Call]:
        """Open the transaction of a single request, or join the one of the change set."""
        if self.transaction is not None:
            yield Call(self.user_id, self.moment, self.transaction)
            return
        with database.transaction() as transaction:
            yield Call(self.user_id, self.moment, transaction)

    @property
    def wants_representation(self) -> bool:
        """Tell whether the client wants the written row back."""
        return self.prefer.get("return") == "representation"


def respond(status: int, payload: Any, *, rows: int = 0, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON; `rows` feeds the statistics of the sandbox."""
    all_headers = {"Content-Type": JSON_TYPE, "x-sandbox-rows": str(rows), **(headers or {})}
    return Response(status, _ENCODER.encode(payload), all_headers)


def respond_empty(status: int, *, rows: int = 0, headers: dict[str, str] | None = None) -> Response:
    """Answer without a body."""
    return Response(status, b"", {"x-sandbox-rows": str(rows), **(headers or {})})
