"""Which rows fail a check, told for a whole column at once.

Great Expectations says whether an expectation failed and counts; naming the rows through it costs several times as
much, so the rows are told here, and only for checks that failed. Decimals are compared exactly: Great Expectations
would turn the bounds into binary fractions, so it is given the column beside what it should be (``expected_column``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import array_of, as_text, to_frame, trimmed
from fs_integration.quality.suite import Check

MOST_DECIMALS = 10  # decimals a decimal column can hold


def prepared(frame: pd.DataFrame, checks: Sequence[Check], *, columns: Sequence[str]) -> pd.DataFrame:
    """Return what to validate: the columns named, blank text as missing, and what decimals should be beside them.

    Columns that are not there stay away; the checks on them cannot be evaluated and stop the batch.
    """
    names = dict.fromkeys([*columns, *(name for check in checks for name in check.fields)])
    arrays = {name: trimmed(array_of(frame[name])) for name in names if name in frame}
    for check in checks:
        if check.field in arrays and _is_exact(check, arrays[check.field].type):
            arrays[expected_column(check)] = _expected(arrays[check.field], check)
    return to_frame(pa.table(arrays))


def _is_exact(check: Check, kind: pa.DataType) -> bool:
    is_decimal = bool(pa.types.is_decimal(kind))
    if check.expect == "between":
        return is_decimal
    return check.expect == "decimals_at_most" and (is_decimal or bool(pa.types.is_integer(kind)))


def expected_column(check: Check) -> str:
    """Return the name of the column that holds what the checked column should be; Data Docs show it."""
    if check.expect == "decimals_at_most":
        return f"{check.field} with at most {check.maximum} decimals"
    return f"{check.field} pulled between {check.minimum} and {check.maximum}"


def _expected(column: pa.Array, check: Check) -> pa.Array:
    if pa.types.is_integer(column.type):
        return column
    if check.expect == "decimals_at_most":
        return pc.round(column, min(int(check.maximum or 0), MOST_DECIMALS), round_mode="half_to_even")
    for bound, beyond in ((check.minimum, pc.less), (check.maximum, pc.greater)):
        if bound is not None:
            limit = pa.scalar(bound).cast(column.type)
            column = pc.if_else(beyond(column, limit), limit, column)
    return column


def failing(frame: pd.DataFrame, check: Check) -> np.ndarray:
    """Return a mask of the rows of a prepared frame that fail the check."""
    fields = list(check.fields)
    if check.expect == "unique":
        single = frame[fields[0]].notna() if len(fields) == 1 else True
        return _mask(frame.duplicated(fields, keep=False) & single)
    column = frame[check.field]
    if check.expect == "not_null":
        return _mask(column.isna())
    return _mask(_unfit(frame, column, check) & column.notna())


def _unfit(frame: pd.DataFrame, column: pd.Series, check: Check) -> pd.Series:
    if expected_column(check) in frame:
        return column != frame[expected_column(check)]
    if check.expect == "max_length":
        return column.str.len() > int(check.maximum or 0)
    if check.expect == "one_of":
        return ~column.isin(list(check.values))
    if check.expect == "matches":
        found = pc.fill_null(pc.match_substring_regex(as_text(array_of(column)), pattern=check.pattern), True)
        return pd.Series(pc.invert(found).to_numpy(zero_copy_only=False), index=column.index)
    outside = pd.Series(False, index=column.index)
    if check.minimum is not None:
        outside |= column < float(check.minimum)
    if check.maximum is not None:
        outside |= column > float(check.maximum)
    return outside


def _mask(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=bool, na_value=False)
