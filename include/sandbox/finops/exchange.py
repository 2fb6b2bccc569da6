"""One request on its way through the service: its options, whose company it means, in which transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sandbox.finops.schema import Entity
from sandbox.finops.store import Database, Transaction
from sandbox.finops.switches import Switches
from sandbox.http import ROWS_HEADER, Request, Response

DATA_PATH = "/data/"
JSON_TYPE = "application/json; odata.metadata=minimal; odata.streaming=true"
_PREFERENCE = re.compile(r'([\w.-]+)(?:\s*=\s*(?:"([^"]*)"|([^,;\s]*)))?')
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass
class Exchange:
    """A request together with what the service found out about it.

    :param transaction: the change set's transaction, None when the request stands alone.
    """

    request: Request
    params: dict[str, str]
    switches: Switches
    in_batch: bool = False
    transaction: Transaction | None = None
    prefer: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        header = self.request.headers.get("prefer", "")
        self.prefer = {m[1].lower(): m[2] if m[2] is not None else m[3] or "" for m in _PREFERENCE.finditer(header)}

    @property
    def root(self) -> str:
        """Address of the service, with a slash at the end."""
        return self.request.base_url + DATA_PATH

    @property
    def crosses_companies(self) -> bool:
        """Tell whether the request reaches beyond the user's default company."""
        return self.params.get("cross-company", "").lower() == "true"

    def reaches(self, entity: Entity, company: str) -> bool:
        """Tell whether rows of a company are in the scope of this request."""
        if not entity.company_specific:
            return True
        if not self.crosses_companies:
            return company.lower() == self.switches.default_company.lower()
        return self.switches.may_see(company)

    @contextmanager
    def writing(self, database: Database) -> Iterator[Transaction]:
        """Open the transaction of a single request, or join the one of the change set."""
        if self.transaction is not None:
            yield self.transaction
            return
        with database.transaction() as transaction:
            yield transaction


def respond(status: int, payload: Any, *, rows: int = 0, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON; `rows` feeds the statistics of the sandbox."""
    all_headers = {"Content-Type": JSON_TYPE, ROWS_HEADER: str(rows), **(headers or {})}
    return Response(status, _ENCODER.encode(payload), all_headers)


def respond_empty(status: int, *, rows: int = 0, headers: dict[str, str] | None = None) -> Response:
    """Answer without a body."""
    return Response(status, b"", {ROWS_HEADER: str(rows), **(headers or {})})
