"""Ask for each thing once, also when several threads want it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """What was asked for, by name. A failure is raised to everybody who waits, and not remembered."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._found: dict[str, Future[T]] = {}

    def get(self, name: str, ask: Callable[[], T]) -> T:
        """Return what ``ask`` returned the first time; whoever comes second waits for it."""
        with self._guard:
            is_first = name not in self._found
            future = self._found.setdefault(name, Future())
        if is_first:
            try:
                future.set_result(ask())
            except BaseException as exc:
                del self._found[name]
                future.set_exception(exc)
        return future.result()
