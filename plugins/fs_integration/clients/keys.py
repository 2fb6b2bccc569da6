"""Keys of rows as both services compare them: case does not count, and no text is the same as empty text."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import joined_text


def folded(rows: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Return the key of each row as one text in lower case."""
    text = pa.chunked_array(pa.array(joined_text(rows, list(key))))
    return pd.Series(pd.arrays.ArrowExtensionArray(pc.utf8_lower(text)), index=rows.index)


def without_null_text(rows: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """Return the key columns with empty text instead of nothing, as Finance & Operations stores them."""
    return pd.DataFrame({name: _filled(rows[name]) for name in key}, index=rows.index)


def _filled(values: pd.Series) -> pd.Series:
    is_text = pa.types.is_string(pa.array(values).type) or pa.types.is_large_string(pa.array(values).type)
    return values.fillna("") if is_text else values
