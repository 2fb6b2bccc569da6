"""Points that every side effect passes: where tests stop the world to see what a kill leaves behind.

A point has a name, costs one comparison, and does nothing unless somebody watches, which nothing in the package does
(docs/reliability.md, "Crash points").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watch = Callable[[str], None]
_watch: Watch | None = None


def point(name: str) -> None:
    """Pass a point. :param name: kind of side effect and what it touches, for example ``staging.write manifest.json``.

    What the watch raises ends the work here.
    """
    if _watch is not None:
        _watch(name)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let ``watch`` see every point that this process passes inside the block."""
    global _watch
    before, _watch = _watch, watch
    try:
        yield
    finally:
        _watch = before
