"""Cut a table into ranges of its key that can be read side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fs_integration.spec.mapping import Condition
from fs_integration.spec.metadata import ColumnKind, EntityMetadata

LEAST_VALUES = 4  # per range: rows at a cut are read twice, which must not be most of them
Range = tuple[Condition, ...]


def key_ranges(rows: pd.DataFrame, metadata: EntityMetadata, key: Sequence[str], *, parts: int) -> list[Range]:
    """Return conditions that together find every row with a key, a row at a cut more than once.

    The cuts are chosen so that each range holds about as many of ``rows``. They need not be in the order in which the
    service compares text: a row beyond one cut lies in the next range or beyond the next cut, whatever the order.

    :param rows: with the columns of the key; :param parts: ranges, at most.
    """
    texts = [name for name in key if metadata.columns[name].kind is ColumnKind.TEXT]
    column = max(texts, key=lambda name: rows[name].nunique(), default=None)
    if column is None or parts < 2 or rows[column].nunique() < parts * LEAST_VALUES:
        return [()]
    values = rows[column].dropna().sort_values(ignore_index=True)
    cuts = values.iloc[[len(values) * part // parts for part in range(1, parts)]].drop_duplicates().tolist()
    return [_between(column, at_least, at_most) for at_least, at_most in zip([None, *cuts], [*cuts, None], strict=True)]


def _between(column: str, at_least: str | None, at_most: str | None) -> Range:
    bounds = {"at_least": at_least, "at_most": at_most}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    return (Condition.model_validate({"field": column, **given}),)
