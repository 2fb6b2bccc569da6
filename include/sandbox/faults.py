"""Trouble on order: which requests meet a fault."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sandbox.batch_fault import WAYS
from sandbox.entra import TokenIssuer
from sandbox.fault_actions import AFTER, ARGUMENTS, BEFORE, DURING, EXPIRE_TOKEN, LATE_COMMIT
from sandbox.http import ConnectionDropped, Request, Response
from sandbox.late_commits import LateCommits

SYSTEMS = ("entra", "finops", "dataverse")


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

        :raises UnknownFault: an unknown member, system, action or argument, or a bad pattern or number.
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
        if self.action not in ARGUMENTS:
            raise UnknownFault(f"There is no action '{self.action}'; there is {', '.join(sorted(ARGUMENTS))}.")
        if self.system not in (None, *SYSTEMS):
            raise UnknownFault(f"There is no system '{self.system}'; there is {', '.join(SYSTEMS)}.")
        for name, number in (("nth", self.nth), ("times", self.times)):
            if number is not None and (type(number) is not int or number < 1):
                raise UnknownFault(f"'{name}' must be a whole number from 1.")
        _check_pattern(self.path_regex)
        self._check_arguments()

    def _check_arguments(self) -> None:
        unknown = sorted(self.args.keys() - ARGUMENTS[self.action])
        if unknown:
            known = ", ".join(sorted(ARGUMENTS[self.action])) or "none"
            raise UnknownFault(f"'{self.action}' has no argument '{unknown[0]}'; it has {known}.")
        if self.args.get("how", WAYS[0]) not in WAYS:
            raise UnknownFault(f"'how' must be one of {', '.join(WAYS)}.")
        if self.args.get("answer", 1) not in (1, 2):
            raise UnknownFault("'answer' must be 1 or 2: which of the two answers is sent.")
        _check_pattern(self.args.get("before", ""))

    def meets(self, system: str, request: Request) -> bool:
        """Count a request that matches and tell whether it is one to hit."""
        if self.system not in (None, system) or (self.method or request.method).upper() != request.method:
            return False
        if not re.search(self.path_regex, request.address()):
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
        self._late = LateCommits()

    def add(self, faults: list[Fault]) -> None:
        """Put further faults into force."""
        with self._lock:
            self._faults += faults

    def clear(self) -> None:
        """End all faults; requests that wait to be carried out never are."""
        with self._lock:
            self._faults.clear()
        self._late.forget()

    def describe(self) -> list[dict[str, Any]]:
        """Give the faults in force."""
        with self._lock:
            return [fault.describe() for fault in self._faults]

    def handle(self, system: str, request: Request, answer: Callable[[Request], Response]) -> Response:
        """Answer a request under the faults that hit it: those before the work, the work, those after it.

        :raises ConnectionDropped: when a fault breaks the connection.
        """
        self._late.carry_out(system, request)
        faults = self._meeting(system, request)
        for fault in faults:
            instead = self._before(fault, system, request, answer)
            if instead is not None:
                return instead
        work = answer
        for fault in faults:
            if fault.action in DURING:
                work = partial(_disturbed, fault, work)
        response = work(request)
        for fault in faults:
            if fault.action in AFTER:
                response = AFTER[fault.action](fault.args, request, response)
        return response

    def _meeting(self, system: str, request: Request) -> list[Fault]:
        if not self._faults:
            return []
        with self._lock:
            return [fault for fault in self._faults if fault.meets(system, request)]

    def _before(
        self, fault: Fault, system: str, request: Request, answer: Callable[[Request], Response]
    ) -> Response | None:
        if fault.action == EXPIRE_TOKEN:
            self._issuer.expire(request.headers.get("authorization", "").partition(" ")[2])
        elif fault.action == LATE_COMMIT:
            self._late.hold(system, request, answer, before=str(fault.args.get("before", "")))
            raise ConnectionDropped
        elif fault.action in BEFORE:
            return BEFORE[fault.action](fault.args, request)
        return None


def _disturbed(fault: Fault, answer: Callable[[Request], Response], request: Request) -> Response:
    return DURING[fault.action](fault.args, request, answer)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise UnknownFault(f"'{pattern}' is no regular expression: {error}.") from error
