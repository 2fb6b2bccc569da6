"""Bodies are unpacked within bounds, and what is not whole is said to be so."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from fs_integration.clients.unpacking import PIECE, Unreadable, unpacked

TEXT = b'{"value": []}' * 1000


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("encoding", ["gzip", "GZIP ", "", "identity"])
def test_a_body_is_the_same_in_whatever_pieces_it_arrives(encoding: str, size: int) -> None:
    body = gzip.compress(TEXT) if encoding.strip().lower() == "gzip" else TEXT
    assert b"".join(unpacked(encoding, pieces(body, size))) == TEXT


def test_packed_members_come_one_after_the_other() -> None:
    body = gzip.compress(TEXT) + gzip.compress(b"") + gzip.compress(b"end")
    assert b"".join(unpacked("gzip", pieces(body, 50))) == TEXT + b"end"


@pytest.mark.parametrize("member", [PIECE, PIECE + 1, PIECE - 1], ids=["a piece long", "longer", "shorter"])
def test_a_flood_is_met_piece_by_piece_however_it_is_packed(member: int) -> None:
    body = gzip.compress(b" " * member) * 64
    tracemalloc.start()
    try:
        assert sum(map(len, unpacked("gzip", [body]))) == member * 64
        assert tracemalloc.get_traced_memory()[1] < 8 * PIECE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)[:-9]), ("gzip", TEXT), ("gzip", gzip.compress(TEXT) + b"more"), ("gzip", b""),
        ("deflate", zlib.compress(TEXT)), ("br", b"x"),
    ],
    ids=["cut", "not packed", "something after it", "nothing", "another encoding", "an encoding we do not know"],
)  # fmt: skip
def test_what_is_not_whole_is_unreadable(encoding: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        list(unpacked(encoding, [body]))
