"""Do several pieces of work side by side: requests of one write, reads of one run, answers as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Item], Result], items: Sequence[Item], *, at_once: int, name: str,
    stop: threading.Event | None = None,
) -> list[Result]:  # fmt: skip
    """Call ``work`` with every item, in so many threads of this name at most.

    :param stop: set as soon as one call fails or this thread is interrupted, for long work to end early (``until``).
    :returns: what it returned, in the order of the items.

    What one call raises is raised here; calls that have not begun by then are not made, the others are waited for.
    """
    if at_once == 1:
        return [work(item) for item in items]
    with _threads(min(at_once, len(items)), name) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for done in as_completed(futures):
                done.result()
        except BaseException:
            if stop is not None:
                stop.set()
            raise
        return [future.result() for future in futures]


def until(stop: threading.Event, items: Iterable[Item]) -> Iterator[Item]:
    """Give items as long as they are wanted. :raises CancelledError: they no longer are."""
    for item in items:
        if stop.is_set():
            raise CancelledError
        yield item


def merged(sources: Sequence[Iterator[Item]], *, at_once: int, name: str) -> Iterator[Item]:
    """Give the items of several sources as they come, each source asked for its next item ahead of time.

    What one source raises is raised here.
    """
    with _threads(min(at_once, len(sources)), name) as pool:
        waiting = {pool.submit(_next, source): source for source in sources}
        while waiting:
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                source = waiting.pop(done)
                for item in done.result():
                    waiting[pool.submit(_next, source)] = source
                    yield item


def _next(source: Iterator[Item]) -> tuple[Item, ...]:
    """Return the next item, or nothing at the end."""
    return next(((item,) for item in source), ())


@contextmanager
def _threads(most: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Open a pool; at its end what has not begun is given up, and what has begun is waited for."""
    pool = ThreadPoolExecutor(max_workers=max(most, 1), thread_name_prefix=name)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def one_at_a_time(question: Callable[[], None]) -> Callable[[], None]:
    """Return a function that asks a question, never from two threads at once."""
    guard = threading.Lock()

    def ask() -> None:
        with guard:
            question()

    return ask
