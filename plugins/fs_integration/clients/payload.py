"""Write rows as JSON for Dataverse, column by column: Arrow makes the text of all rows at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from functools import reduce
from urllib.parse import quote

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.errors import MappingError
from fs_integration.frames import joined_text
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

# Characters that make requests by alternate key fail (Microsoft, "Define alternate keys"), and `#`, which ends a URL.
FORBIDDEN_IN_KEYS = r"[/<>*%&:\\?+#\x00-\x1f]"
_NAMESPACE = uuid.UUID("7f2f5a0e-2a86-5c3c-9b0d-5d1c5ad2d0a1")  # never change: ids of rows we created follow from it
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def json_rows(
    rows: pd.DataFrame, metadata: EntityMetadata, columns: Iterable[str], extra: Sequence[pa.ChunkedArray] = ()
) -> list[str]:
    """Return one JSON object per row.

    :param columns: target columns to write; a missing value is sent as null and empties the column.
    :param extra: ready-made members, for example the address of the row.
    :raises MappingError: a lookup column without a navigation name.
    """
    kind = f'"@odata.type":"Microsoft.Dynamics.CRM.{metadata.logical_name}"'
    members = [pa.chunked_array([pa.repeat(kind, len(rows))]), *extra]
    members += [_member(rows[name], metadata.columns[name]) for name in columns]
    joined = pc.binary_join_element_wise(*members, ",")
    return list(pc.binary_join_element_wise("{", joined, "}", "").to_pylist())


def key_reference(rows: pd.DataFrame, metadata: EntityMetadata, key: Sequence[str]) -> pa.ChunkedArray:
    """Return the address of each row by alternate key as member ``@odata.id``."""
    parts = [pc.binary_join_element_wise(f"{_key_name(metadata.columns[name])}=", _key_value(rows[name], metadata), "")
             for name in key]  # fmt: skip
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, ",")
    return pc.binary_join_element_wise(f'"@odata.id":"{metadata.name}(', joined, ')"', "")


def body_columns(columns: Iterable[str], key: Sequence[str], metadata: EntityMetadata) -> list[str]:
    """Return the columns of a body: never those of the key, which stands in the address (R2 in docs/reliability.md).

    A key in the body would win over the one in the address when the row is created ("Upsert a record").
    """
    return [name for name in columns if name not in key and name != metadata.primary_id]


def id_member(ids: pd.Series, metadata: EntityMetadata) -> pa.ChunkedArray:
    """Return the primary key of each row as a member."""
    return pc.binary_join_element_wise(f'"{metadata.primary_id}":"', _array(ids), '"', "")


def derived_ids(keys: pd.Series, metadata: EntityMetadata) -> pd.Series:
    """Return the id a new row gets: it follows from table and key, so that creating it twice creates it once."""
    table = uuid.uuid5(_NAMESPACE, metadata.logical_name)
    ids = [str(uuid.uuid5(table, key)) for key in keys]
    return pd.Series(ids, index=keys.index, dtype=pd.ArrowDtype(pa.string()))


def not_addressable(rows: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Tell which rows cannot be named by their alternate key: a part is missing or holds a forbidden character."""
    masks = [_part_not_addressable(_array(rows[name])) for name in key]
    return pd.Series(reduce(pc.or_, masks).to_numpy(), index=rows.index)


def _part_not_addressable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column.is_null()
    found = pc.match_substring_regex(column, FORBIDDEN_IN_KEYS)
    return pc.or_(pc.fill_null(found, True), pc.fill_null(pc.equal(pc.utf8_length(column), 0), True))


def _member(values: pd.Series, column: Column) -> pa.ChunkedArray:
    if column.kind is ColumnKind.LOOKUP:
        return _bind(values, column)
    return pc.binary_join_element_wise(f'"{column.name}":', pc.fill_null(_value(values), "null"), "")


def _bind(values: pd.Series, column: Column) -> pa.ChunkedArray:
    """Write a lookup through its navigation property; the name is case-sensitive and comes from metadata."""
    if not column.navigation or not column.target_table:
        raise MappingError(f"`{column.name}` has no navigation property, so it cannot be written.")
    reference = pc.binary_join_element_wise(f'"/{column.target_table}(', _array(values), ')"', "")
    return pc.binary_join_element_wise(f'"{column.navigation}@odata.bind":', pc.fill_null(reference, "null"), "")


def _value(values: pd.Series) -> pa.ChunkedArray:
    """Return each value as JSON; missing stays missing."""
    array = _array(values)
    if pa.types.is_string(array.type):
        return _json_text(array)
    if pa.types.is_timestamp(array.type):
        return _in_quotes(_moment_text(array))
    if pa.types.is_date(array.type):
        return _in_quotes(pc.cast(array, pa.string()))
    return _number_text(values)


def _number_text(values: pd.Series) -> pa.ChunkedArray:
    array, text = _array(values), joined_text(values.to_frame("value"), ["value"])
    return pc.if_else(array.is_null(), pa.scalar(None, pa.string()), _array(text))


def _moment_text(array: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.strftime(pc.cast(array, pa.timestamp("s", tz="UTC"), safe=False), format=_MOMENT)


def _json_text(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """Escape text; the slow way is taken only for the distinct values that need it."""
    special = pc.match_substring_regex(array, r'["\\\x00-\x1f]')
    if not pc.any(special).as_py():
        return _in_quotes(array)
    encoded = array.combine_chunks().dictionary_encode()
    written = [None if text is None else msgspec.json.encode(text).decode() for text in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pc.take(pa.array(written, pa.string()), encoded.indices)])


def _in_quotes(array: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise('"', array, '"', "")


def _key_name(column: Column) -> str:
    return f"_{column.name}_value" if column.kind is ColumnKind.LOOKUP else column.name


def _key_value(values: pd.Series, metadata: EntityMetadata) -> pa.ChunkedArray:
    """Return a key part as OData constant inside a URL inside JSON."""
    column = metadata.columns[str(values.name)]
    if column.kind is not ColumnKind.TEXT:
        array = _array(values)
        if pa.types.is_timestamp(array.type):
            return _moment_text(array)
        return array if pa.types.is_string(array.type) else _number_text(values)
    encoded = _array(values).combine_chunks().dictionary_encode()
    written = [
        f"'{quote(text.replace(chr(39), chr(39) * 2), safe=chr(39))}'" for text in encoded.dictionary.to_pylist()
    ]
    return pa.chunked_array([pc.take(pa.array(written, pa.string()), encoded.indices)])


def _array(values: pd.Series) -> pa.ChunkedArray:
    array = pa.chunked_array(pa.array(values))
    return pc.cast(array, pa.string()) if pa.types.is_large_string(array.type) else array
