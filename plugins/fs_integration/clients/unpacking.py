"""Unpack the body of an answer, never more at once than one piece.

urllib3 is not asked to do it: its gzip decoder (2.8.0) loses the bound when a body consists of several packed members
and a piece ends exactly where a member ends, and then takes memory without limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

PIECE = 1024 * 1024  # bytes
ACCEPTED = "gzip"  # value of the header Accept-Encoding
_GZIP = 16 + zlib.MAX_WBITS


class Unreadable(Exception):
    """A body that is not packed as its header says, or ends too early; the message says which."""


def unpacked(encoding: str, packed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a body.

    :param encoding: header ``Content-Encoding``; :param packed: pieces as they arrive.
    :raises Unreadable: another encoding than ``ACCEPTED``, or broken content.
    """
    if encoding.strip().lower() in ("", "identity"):
        yield from packed
    elif encoding.strip().lower() == ACCEPTED:
        yield from _gunzipped(packed)
    else:
        raise Unreadable(f"content encoding `{encoding[:40]}`, which was not asked for")


def _gunzipped(packed: Iterable[bytes]) -> Iterator[bytes]:
    worker = zlib.decompressobj(_GZIP)
    for piece in packed:
        rest = piece
        while rest:
            if worker.eof:
                worker = zlib.decompressobj(_GZIP)  # one packed member after the other is allowed
            try:
                yield worker.decompress(rest, PIECE)
            except zlib.error as exc:
                raise Unreadable("broken gzip content") from exc
            rest = worker.unconsumed_tail or worker.unused_data
    yield worker.flush()
    if not worker.eof:
        raise Unreadable("gzip content without its end")
