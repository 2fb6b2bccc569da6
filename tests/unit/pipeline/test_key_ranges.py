"""Ranges of keys: together they hold every row, whatever order the service sorts text in."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fs_integration.frames import frame_of
from fs_integration.pipeline.key_ranges import Range, key_ranges
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

TABLE = EntityMetadata(
    system="dataverse", name="stocks", logical_name="stock",
    columns={"product": Column(name="product", kind=ColumnKind.TEXT), "site": Column(name="site", kind=ColumnKind.TEXT),
             "owner": Column(name="owner", kind=ColumnKind.LOOKUP)},
)  # fmt: skip
TEXT = st.text("aAbBzZ09 -_'\u00e9\u00df\u0130\U0001f600", max_size=4)  # few letters: all of them took too long to draw
ORDERS: dict[str, Callable[[str], object]] = {
    "as written": str,
    "without case": str.casefold,
    "backwards": lambda text: [-ord(letter) for letter in text] + [0],
    "by length": len,
}


def _rows(values: list[str], column: str = "product") -> pd.DataFrame:
    kinds = dict.fromkeys(TABLE.columns, ColumnKind.TEXT)
    columns = {name: values if name == column else ["x"] * len(values) for name in TABLE.columns}
    return frame_of(columns, kinds)


def _holds(part: Range, value: str, order: Callable[[str], object]) -> bool:
    at_least, at_most = part[0].at_least, part[0].at_most
    return (at_least is None or order(str(at_least)) <= order(value)) and (  # type: ignore[operator]
        at_most is None or order(value) <= order(str(at_most))  # type: ignore[operator]
    )


@pytest.mark.parametrize("order", ORDERS.values(), ids=list(ORDERS))
@settings(deadline=None)
@given(known=st.lists(TEXT, min_size=8, max_size=30, unique=True), value=TEXT)
def test_every_value_lies_in_a_range(order: Callable[[str], object], known: list[str], value: str) -> None:
    parts = key_ranges(_rows(known), TABLE, ["product", "site"], parts=2)
    assert len(parts) == 2
    assert any(_holds(part, value, order) for part in parts)


def test_ranges_hold_about_as_many_rows_each() -> None:
    values = [f"P{number:04}" for number in range(1000)]
    parts = key_ranges(_rows(values), TABLE, ["product", "site"], parts=4)
    assert [sum(_holds(part, value, str) for value in values) for part in parts] == [251, 251, 251, 250]


def test_the_column_that_tells_rows_apart_best_is_cut() -> None:
    parts = key_ranges(_rows(list("ABCDEFGH"), column="site"), TABLE, ["product", "site"], parts=2)
    assert {part[0].field for part in parts} == {"site"}


@pytest.mark.parametrize(
    ("key", "parts"), [(["owner"], 2), (["product"], 1)], ids=["a key without text", "one reader only"]
)
def test_what_cannot_be_cut_is_read_whole(key: list[str], parts: int) -> None:
    assert key_ranges(_rows(list("ABCDEFGH")), TABLE, key, parts=parts) == [()]


def test_a_column_of_few_values_is_not_cut_because_most_rows_would_be_read_twice() -> None:
    assert key_ranges(_rows(["A", "B", "C"] * 10), TABLE, ["product"], parts=4) == [()]
