"""Requests whose connection broke before they were carried out, and which are carried out all the same, later."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.http import Request, Response


@dataclass(frozen=True)
class _Held:
    """:param before: pattern of the request just before which this one is carried out."""

    system: str
    before: str
    request: Request
    answer: Callable[[Request], Response]


class LateCommits:
    """The requests that wait to be carried out. Nobody receives their answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[_Held] = []

    def hold(self, system: str, request: Request, answer: Callable[[Request], Response], *, before: str) -> None:
        """Keep a request. :param before: searched in method, space, decoded path and query of later requests."""
        with self._lock:
            self._held.append(_Held(system, before, request, answer))

    def carry_out(self, system: str, request: Request) -> None:
        """Do now what has waited for this request."""
        if not self._held:
            return
        called = f"{request.method} {request.address()}"
        with self._lock:
            due = [one for one in self._held if one.system == system and re.search(one.before, called)]
            self._held = [one for one in self._held if one not in due]
        for one in due:
            one.answer(one.request)

    def forget(self) -> None:
        """Carry nothing out any more."""
        with self._lock:
            self._held.clear()
