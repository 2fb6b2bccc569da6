"""Have one piece of work done while its result is not needed yet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def begin(work: Callable[[], T], *, name: str) -> Future[T]:
    """Begin work in a thread of its own; ``result()`` gives its value or raises its error.

    The thread never keeps the process alive, so only work that may be lost belongs here.

    :param name: name of the thread, for logs.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as exc:
            future.set_exception(exc)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
