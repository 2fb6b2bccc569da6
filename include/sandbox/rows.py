"""Rows as newline-delimited JSON: the form of the control API and of a kept world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

MEDIA_TYPE = "application/x-ndjson"
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_PIECE_ROWS = 500


def write_rows(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Write rows, some hundreds at a time."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _PIECE_ROWS:
            yield _ENCODER.encode_lines(batch)
            batch.clear()
    yield _ENCODER.encode_lines(batch)


def read_rows(content: bytes) -> list[dict[str, Any]]:
    """Read rows; numbers with a fraction stay exact.

    :raises ValueError: a line that is no JSON object.
    """
    try:
        return _DECODER.decode_lines(content)
    except msgspec.DecodeError as error:
        raise ValueError(f"The rows are not newline-delimited JSON objects: {error}") from error
