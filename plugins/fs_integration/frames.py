"""How rows look as columns: one Arrow type per column kind, and the few operations every room needs on frames.

A frame is a pandas DataFrame whose columns are all Arrow-backed: text and ids are strings, numbers exact decimals,
moments UTC timestamps in microseconds. Missing is ``pd.NA`` everywhere. Columns whose name starts with ``_`` carry
book-keeping and are never sent to a service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.spec.metadata import ColumnKind

# Arrow's own allocator hands memory back after each step only to ask for it again; with the system's, a run of many
# short-lived columns takes about a tenth less CPU and a sixth less memory (docs/performance.md, "Where the CPU goes").
pa.set_memory_pool(pa.system_memory_pool())

ARROW_TYPES: dict[ColumnKind, pa.DataType] = {
    ColumnKind.TEXT: pa.string(),
    ColumnKind.ENUM: pa.string(),
    ColumnKind.LOOKUP: pa.string(),
    ColumnKind.ID: pa.string(),
    ColumnKind.INTEGER: pa.int64(),
    ColumnKind.OPTION: pa.int64(),
    ColumnKind.DECIMAL: pa.decimal128(38, 10),
    ColumnKind.BOOLEAN: pa.bool_(),
    ColumnKind.DATE: pa.date32(),
    ColumnKind.DATETIME: pa.timestamp("us", tz="UTC"),
}

KEY = "_key"  # integration key of the target row as text, parts joined by KEY_SEPARATOR
SOURCE_KEY = "_source_key"  # key of the source row as text
SOURCE_ROWS = "_source_rows"  # how many source rows this row stands for (more than one after grouping)
TARGET_ID = "_target_id"  # primary key of the target row when it is known
KEY_SEPARATOR = "|"
NULL_TEXT = "\x00"  # stands for missing in canonical text; cannot occur in a value of either service

REJECTION_COLUMNS: dict[str, ColumnKind] = {
    "row_key": ColumnKind.TEXT,
    "field": ColumnKind.TEXT,
    "rule": ColumnKind.TEXT,
    "reason": ColumnKind.TEXT,
    "value": ColumnKind.TEXT,
    "outcome": ColumnKind.TEXT,
    "source_rows": ColumnKind.INTEGER,
    "payload": ColumnKind.TEXT,
}


def dtype(kind: ColumnKind) -> pd.ArrowDtype:
    """Return the pandas dtype of a column of this kind."""
    return pd.ArrowDtype(ARROW_TYPES[kind])


def empty_frame(columns: Mapping[str, ColumnKind]) -> pd.DataFrame:
    """Return a frame without rows that has these columns."""
    return pd.DataFrame({name: pd.Series([], dtype=dtype(kind)) for name, kind in columns.items()})


def frame_of(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, ColumnKind]) -> pd.DataFrame:
    """Build a frame from lists of Python values. :raises pyarrow.ArrowInvalid: when a value does not fit its kind."""
    arrays = {name: pa.array(values, type=ARROW_TYPES[kinds[name]]) for name, values in columns.items()}
    return to_frame(pa.table(arrays))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame with Arrow-backed columns and a plain 0..n-1 index."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def to_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table without its index."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def array_of(column: pd.Series) -> pa.Array:
    """Return a column as one Arrow array, whatever number of pieces it was put together from."""
    return in_one_piece(pa.array(column))


def in_one_piece(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; what is in one piece already is not copied, as ``combine_chunks`` would."""
    if not isinstance(array, pa.ChunkedArray):
        return array
    return array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()


def trimmed(array: pa.Array) -> pa.Array:
    """Return text without white space around it, null for empty text; other kinds stay as they are."""
    if pa.types.is_large_string(array.type) or pa.types.is_null(array.type):
        array = array.cast(pa.string())
    if not pa.types.is_string(array.type):
        return array
    text = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def as_text(array: pa.Array) -> pa.Array:
    """Return a column as text: decimals without trailing zeros, booleans as ``true`` and ``false``, moments in UTC."""
    if pa.types.is_string(array.type):
        return array
    return pc.if_else(array.is_valid(), _canonical_text(array), pa.scalar(None, pa.string()))


def concat(frames: Iterable[pd.DataFrame], columns: Mapping[str, ColumnKind]) -> pd.DataFrame:
    """Put frames of the same columns below one another; none at all gives an empty frame."""
    present = [frame for frame in frames if len(frame)]
    return pd.concat(present, ignore_index=True) if present else empty_frame(columns)


def split_keys(keys: pd.Series, size: int) -> tuple[list[pd.Series], np.ndarray]:
    """Cut integration keys into their parts.

    :returns: the parts, and a mask of the keys that could be cut; a value may hold the separator itself.
    """
    if size == 1:
        return [keys], np.ones(len(keys), dtype=bool)
    split: Any = keys.str.split(KEY_SEPARATOR)  # the stubs do not know that Arrow lists come out
    clear = (split.list.len() == size).to_numpy(dtype=bool)
    whole = split.where(pd.Series(clear, index=keys.index), other=None)
    return [whole.list[position] for position in range(size)], clear


def readable_key(text: str) -> str:
    """Show a key of several parts for people: blank parts, such as unused variant dimensions, are left out."""
    parts = [part for part in text.replace(NULL_TEXT, "").split(KEY_SEPARATOR) if part]
    return " · ".join(parts) or "(blank)"


def typed_key(text: str) -> str:
    """Return a key as people type it: with nothing where a part is blank."""
    return text.replace(NULL_TEXT, "")


def joined_text(frame: pd.DataFrame, columns: Sequence[str], *, separator: str = KEY_SEPARATOR) -> pd.Series:
    """Join columns to one text column; missing values become ``NULL_TEXT``, decimals lose trailing zeros.

    Used for keys and fingerprints, so the text of a value must never change between releases.
    """
    joined = joined_arrays([array_of(frame[name]) for name in columns], separator=separator)
    return pd.Series(pd.arrays.ArrowExtensionArray(joined), index=frame.index)


def joined_arrays(columns: Sequence[pa.Array], *, separator: str) -> pa.Array:
    """Join Arrow arrays to one text per row, as ``joined_text`` does."""
    parts = [_canonical_text(column) for column in columns]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, separator)


def _canonical_text(array: pa.Array) -> pa.Array:
    text = array if pa.types.is_string(array.type) else pc.cast(array, pa.string())
    if pa.types.is_decimal(array.type):
        plain = pc.utf8_rtrim(pc.utf8_rtrim(text, characters="0"), characters=".")
        text = pc.if_else(pc.match_substring(text, "E"), text, plain)  # Arrow writes below 1e-6 as 1E-7
        text = pc.if_else(pc.fill_null(pc.equal(array, pa.scalar(0, pa.int64()).cast(array.type)), False), "0", text)
    return pc.fill_null(text, NULL_TEXT)


def fingerprints(frame: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Return a 64-bit hash per row over these columns, as int64 so that every database can hold it."""
    text = joined_text(frame, columns, separator="\x1f")
    hashed = pd.util.hash_array(text.to_numpy(dtype=object), categorize=False)
    return pd.Series(hashed.view("int64"), index=frame.index, dtype=pd.ArrowDtype(pa.int64()))
