"""Trouble on order: which requests meet a fault, and what each kind of fault does."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from sandbox.entra import TokenIssuer
from sandbox.http import ConnectionDropped, Request, Response

SYSTEMS = ("entra", "finops", "dataverse")
FOREIGN_HOST = "https://attacker.example"
_NEXT_LINK = re.compile(rb'("@odata\.(?:nextLink|deltaLink)"\s*:\s*")https?://[^/"]+')


class UnknownFault(ValueError):
    """A fault that cannot be set; the message says why."""


@dataclass
class Fault:
    """One fault.

    :param system: entra, finops or dataverse; None hits all. :param method: HTTP method; None hits all.
    :param path_regex: searched in path and query, both decoded.
    :param nth: the first matching request that is hit, from 1; :param times: how many are hit in a row, None for all.
    """

    action: str
    system: str | None = None
    method: str | None = None
    path_regex: str = ""
    nth: int = 1
    times: int | None = 1
    args: dict[str, Any] = field(default_factory=dict)
    matched: int = 0
    hit: int = 0

    @classmethod
    def read(cls, values: Any) -> Fault:
        """Read a fault from the control API.

        :raises UnknownFault: an unknown member, system or action, or a bad pattern or number.
        """
        if not isinstance(values, dict) or values.keys() - _MEMBERS:
            raise UnknownFault(f"A fault is an object with the members {', '.join(sorted(_MEMBERS))}.")
        fault = cls(
            **{"action": "", **{name: value for name, value in values.items() if name not in ("matched", "hit")}}
        )
        fault.args = dict(fault.args or {})
        fault.path_regex = fault.path_regex or ""
        fault.check()
        return fault

    def check(self) -> None:
        """Refuse values that no request could ever meet."""
        if self.action not in ACTIONS:
            raise UnknownFault(f"There is no action '{self.action}'; there is {', '.join(sorted(ACTIONS))}.")
        if self.system not in (None, *SYSTEMS):
            raise UnknownFault(f"There is no system '{self.system}'; there is {', '.join(SYSTEMS)}.")
        for name, number in (("nth", self.nth), ("times", self.times)):
            if number is not None and (type(number) is not int or number < 1):
                raise UnknownFault(f"'{name}' must be a whole number from 1.")
        try:
            re.compile(self.path_regex)
        except re.error as error:
            raise UnknownFault(f"'{self.path_regex}' is no regular expression: {error}.") from error

    def meets(self, system: str, request: Request) -> bool:
        """Count a request that matches and tell whether it is one to hit."""
        if self.system not in (None, system) or (self.method or request.method).upper() != request.method:
            return False
        address = unquote(request.path) + (f"?{unquote(request.query)}" if request.query else "")
        if not re.search(self.path_regex, address):
            return False
        self.matched += 1
        if self.matched < self.nth or (self.times is not None and self.hit >= self.times):
            return False
        self.hit += 1
        return True

    def describe(self) -> dict[str, Any]:
        """Give the fault as JSON, with how often it matched and hit."""
        return dict(vars(self))


_MEMBERS = frozenset(Fault.__dataclass_fields__)


class Faults:
    """The faults in force, in the order in which they were set; a request meets every one that matches."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, faults: list[Fault]) -> None:
        """Put further faults into force."""
        with self._lock:
            self._faults += faults

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._faults.clear()

    def describe(self) -> list[dict[str, Any]]:
        """Give the faults in force."""
        with self._lock:
            return [fault.describe() for fault in self._faults]

    def meeting(self, system: str, request: Request) -> list[Fault]:
        """List the faults that hit a request."""
        if not self._faults:
            return []
        with self._lock:
            return [fault for fault in self._faults if fault.meets(system, request)]

    def handle(self, faults: list[Fault], request: Request, answer: Callable[[Request], Response]) -> Response:
        """Answer a request under faults: those before the work, the work, those after it.

        :raises ConnectionDropped: when a fault breaks the connection.
        """
        for fault in faults:
            instead = self._before(fault, request)
            if instead is not None:
                return instead
        response = answer(request)
        for fault in faults:
            response = _after(fault, response)
        return response

    def _before(self, fault: Fault, request: Request) -> Response | None:
        args = fault.args
        if fault.action == "drop_before":
            raise ConnectionDropped
        if fault.action == "delay":
            time.sleep(float(args.get("seconds", 1.0)))
        elif fault.action == "status":
            return _status(args)
        elif fault.action == "html":
            return Response(int(args.get("status", 502)), _HTML, {"Content-Type": "text/html; charset=utf-8"})
        elif fault.action == "expire_token":
            self._issuer.expire(request.headers.get("authorization", "").partition(" ")[2])
        return None


def _after(fault: Fault, response: Response) -> Response:
    if fault.action == "drop_after_commit":
        raise ConnectionDropped
    if fault.action == "truncate":
        response.cut_at = int(fault.args.get("bytes", len(response.body) // 2))
    elif fault.action == "foreign_next_link":
        host = str(fault.args.get("host", FOREIGN_HOST)).rstrip("/").encode()
        response.body = _NEXT_LINK.sub(lambda match: match[1] + host, response.body)
    return response


def _status(args: dict[str, Any]) -> Response:
    """Answer with a status instead of doing the work; the body is given, or an OData error."""
    status = int(args.get("status", 503))
    body = args.get("body")
    if body is None:
        message = str(args.get("message", "The service is unavailable."))
        body = {"error": {"code": str(args.get("code", "")), "message": message}}
    content = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    headers.update({str(name): str(value) for name, value in dict(args.get("headers", {})).items()})
    if "retry_after" in args:
        headers["Retry-After"] = str(args["retry_after"])
    return Response(status, content, headers)


ACTIONS = frozenset(
    {
        "status", "drop_before", "drop_after_commit", "delay", "truncate", "html", "foreign_next_link", "expire_token",
    }
)  # fmt: skip
_HTML = (
    b"<!DOCTYPE html><html><head><title>Bad gateway</title></head>"
    b"<body><h1>The page cannot be displayed</h1><p>The gateway could not reach the service.</p></body></html>"
)
