"""Send the requests of one write side by side, and ask one after the other whether each may still go out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

Request = TypeVar("Request")


def send_side_by_side(send: Callable[[Request], None], requests: Sequence[Request], *, at_once: int, name: str) -> None:
    """Call ``send`` with every request, in so many threads of this name at most.

    What one of them raises is raised here; requests that have not begun by then are not sent.
    """
    pool = ThreadPoolExecutor(max_workers=min(at_once, max(len(requests), 1)), thread_name_prefix=name)
    try:
        for done in as_completed([pool.submit(send, request) for request in requests]):
            done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def one_at_a_time(question: Callable[[], None]) -> Callable[[], None]:
    """Return a function that asks a question, never from two threads at once."""
    guard = threading.Lock()

    def ask() -> None:
        with guard:
            question()

    return ask
