"""Bring rows together that are equal in the columns they were ordered by; the service alone does not promise it.

Dataverse orders by a lookup column by the *name* of the row it points to (Microsoft, "Order rows"), and takes names for
equal that differ only in case or accents. Rows of two invoices called "Maintenance" come mixed. They are sorted here,
one run of equal names at a time, so that no more than such a run is held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.frames import array_of, joined_text
from fs_integration.spec.metadata import Column, ColumnKind
from fs_integration.spec.paths import wire_name

SHOWN = "OData.Community.Display.V1.FormattedValue"  # annotation with the name of the row a lookup points to
_VALUE, _NAME = "_order_", "_order_name_"


def order_columns(order: Sequence[Column]) -> dict[str, tuple[str, ColumnKind]]:
    """Return what has to be read besides the columns asked for: the columns of the order, and the names behind them.

    :returns: name in the frame -> name on the wire and kind; ``regrouped`` takes these columns away again.
    """
    found: dict[str, tuple[str, ColumnKind]] = {}
    for number, column in enumerate(order):
        found[f"{_VALUE}{number}"] = (wire_name(column), column.kind)
        if column.kind is ColumnKind.LOOKUP:
            found[f"{_NAME}{number}"] = (f"{wire_name(column)}@{SHOWN}", ColumnKind.TEXT)
    return found


def regrouped(pages: Iterator[pd.DataFrame], extra: Mapping[str, tuple[str, ColumnKind]]) -> Iterator[pd.DataFrame]:
    """Give the same rows in frames where equal ones are neighbours, across frames too.

    :param extra: what ``order_columns`` returned.
    """
    values = [name for name in extra if not name.startswith(_NAME)]
    ordered = [name.replace(_VALUE, _NAME) if name.replace(_VALUE, _NAME) in extra else name for name in values]
    held: list[pd.DataFrame] = []
    for page in pages:
        frame = pd.concat([*held, page], ignore_index=True) if held else page
        runs = _runs(frame, ordered)
        done = int((runs != runs.max()).sum()) if len(frame) else 0
        if done:
            yield _sorted(frame.iloc[:done], runs.iloc[:done], values).drop(columns=list(extra))
        held = [frame.iloc[done:]]
    for frame in held:
        yield _sorted(frame, _runs(frame, ordered), values).drop(columns=list(extra))


def _runs(frame: pd.DataFrame, ordered: Sequence[str]) -> pd.Series:
    """Number the runs of rows that the service takes for equal."""
    text = pd.Series(_folded(array_of(joined_text(frame, ordered))).to_pandas().to_numpy(), index=frame.index)
    return (text != text.shift()).cumsum()


def _folded(text: pa.Array) -> pa.Array:
    bare = pc.replace_substring_regex(pc.utf8_normalize(text, form="NFKD"), r"\p{Mn}", "")
    return pc.replace_substring(pc.utf8_lower(bare), "ß", "ss")


def _sorted(frame: pd.DataFrame, runs: pd.Series, values: Sequence[str]) -> pd.DataFrame:
    key = pd.DataFrame({"run": runs.to_numpy(), "value": joined_text(frame, values).to_numpy()})
    order = key.sort_values(["run", "value"], kind="stable").index
    return frame.iloc[order].reset_index(drop=True)
