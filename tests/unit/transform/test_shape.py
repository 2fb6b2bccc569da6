"""A whole batch: keys, rows the target already has, and one end for every source row."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.transform.builders import (
    BOOLEAN,
    DECIMAL,
    ID,
    INTEGER,
    TEXT,
    a_frame,
    a_table,
    a_task,
    guid,
    lines,
    on_hand_rows,
    on_hand_table,
    on_hand_task,
    shape_things,
    values,
)  # fmt: skip

from fs_integration.errors import DataQualityError
from fs_integration.frames import KEY, REJECTION_COLUMNS, SOURCE_KEY, SOURCE_ROWS, TARGET_ID


def test_rows_carry_the_target_columns_in_order_and_the_book_keeping() -> None:
    raw = a_frame(Id=[" A1 "], X=["1.50"])
    shaped = shape_things(raw, a_task({"from": "X", "to": "x"}), a_table(x=DECIMAL))
    assert list(shaped.rows.columns) == ["key", "x", KEY, SOURCE_KEY, SOURCE_ROWS, TARGET_ID]
    assert shaped.rows.iloc[0].tolist() == ["A1", Decimal("1.5"), "A1", " A1 ", 1, pd.NA]
    assert list(shaped.rejections.columns) == list(REJECTION_COLUMNS)


def test_no_column_holds_python_objects() -> None:
    raw, references = on_hand_rows(40)
    raw.loc[0, "ItemNumber"] = "unknown"
    shaped = shape_things(raw, on_hand_task(), on_hand_table(), references=references)
    assert len(shaped.rejections) == 1
    for frame in (shaped.rows, shaped.rejections):
        assert {type(dtype) for dtype in frame.dtypes} == {pd.ArrowDtype}


def test_a_row_with_several_bad_values_has_a_line_for_each_and_counts_once() -> None:
    task = a_task({"from": "X", "to": "x"}, {"from": "Y", "to": "y", "required": True})
    raw = a_frame(Id=["1", "2"], X=["one", "2"], Y=[None, "given"])
    shaped = shape_things(raw, task, a_table(x=INTEGER, y=TEXT))
    assert lines(shaped, "row_key", "field", "rule", "value", "source_rows") == [
        ("1", "x", "conversion", "one", 1), ("1", "y", "required", "", 0),
    ]  # fmt: skip
    assert [json.loads(text) for text in shaped.rejections["payload"]] == [{"Id": "1", "X": "one", "Y": None}] * 2
    assert values(shaped, "key") == ["2"]


@pytest.mark.parametrize(
    ("first", "second", "outcome", "count"),
    [("skip", "reject", "skipped", 1), ("block", "reject", "quarantined", 2), ("block", "skip", "skipped", 1)],
)
def test_the_strongest_line_gives_a_row_its_outcome(first: str, second: str, outcome: str, count: int) -> None:
    task = a_task(*({"from": "X", "to": name, "value_map": {"a": "b"}, "otherwise": otherwise}
                    for name, otherwise in (("x", first), ("y", second))))  # fmt: skip
    shaped = shape_things(a_frame(Id=["1"], X=["?"]), task, a_table(x=TEXT, y=TEXT))
    assert shaped.rejections["outcome"].iloc[0] == outcome
    assert shaped.rejections["source_rows"].tolist() == [1, 0][:count]


def test_a_skipped_row_keeps_no_payload() -> None:
    task = a_task(source={"keep": [{"field": "X", "is": "a", "reason": "Not ours."}]})
    assert lines(shape_things(a_frame(Id=["1"], X=["b"]), task, a_table()), "payload") == [("{}",)]


@pytest.mark.parametrize("keys", [["A", "a"], ["A", " A "], ["\u00e9", "e\u0301"]])
def test_all_rows_that_share_a_key_are_refused_because_none_can_be_told_right(keys: list[str]) -> None:
    raw = a_frame(Id=[*keys, "other"], X=["1", "bad", "3"])
    shaped = shape_things(raw, a_task({"from": "X", "to": "x"}), a_table(x=INTEGER))
    assert values(shaped, "x") == [3]
    assert [rule for (rule,) in lines(shaped, "rule")] == ["duplicate_key", "conversion", "duplicate_key"]
    assert shaped.rejections["source_rows"].tolist() == [1, 1, 0]


def test_keys_are_told_apart_even_when_their_texts_run_into_one_another() -> None:
    raw = a_frame(A=["x|y", "x"], B=["z", "y|z"])
    task = a_task(source={"key": ["A", "B"]}, target={"key": ["key", "b"]},
                  fields=[{"from": "A", "to": "key"}, {"from": "B", "to": "b"}])  # fmt: skip
    assert len(shape_things(raw, task, a_table(b=TEXT)).rows) == 2


def test_a_row_without_its_key_is_refused() -> None:
    shaped = shape_things(a_frame(Id=[" ", "1"]), a_task(), a_table())
    assert lines(shaped, "field", "rule") == [("key", "required")]
    assert values(shaped, "key") == ["1"]


PROTECT = [{"field": "own", "is_not": True, "reason": "Kept by hand in the target."}]


def in_target(**changes: Any) -> pd.DataFrame:
    rows = {"key": ["A", "b", "B", "C"], "own": [True, True, True, None], "thingid": [guid(n) for n in range(1, 5)]}
    return a_frame({"own": BOOLEAN, "thingid": ID}, **{**rows, **changes})


def test_rows_the_target_has_get_their_id_and_ambiguous_or_protected_ones_are_refused() -> None:
    task = a_task(target={"protect": PROTECT})
    shaped = shape_things(a_frame(Id=["a", "B", "c", "new"]), task, a_table(own=BOOLEAN), target_index=in_target())
    assert list(zip(values(shaped, "key"), values(shaped, TARGET_ID), strict=True)) == [("a", guid(1)), ("new", None)]
    assert lines(shaped, "row_key", "field", "rule", "reason") == [
        ("B", "key", "ambiguous_target", "Several rows of things have this key; merge them there."),
        ("c", "own", "protect:own", "Kept by hand in the target."),
    ]


@pytest.mark.parametrize("refused", [None, np.array([False, True, False, False])])
def test_every_row_is_in_exactly_one_of_rows_and_rejections(refused: np.ndarray | None) -> None:
    task = a_task({"from": "X", "to": "x"}, source={"keep": [{"field": "X", "is_not": "0", "reason": "Zero."}]})
    raw = a_frame(Id=["1", "2", "2", "4"], X=["0", "1", "2", "x"])
    shaped = shape_things(raw, task, a_table(x=INTEGER), refused=refused)
    accounted = shaped.rows[SOURCE_ROWS].sum() + shaped.rejections["source_rows"].sum()
    assert accounted == len(raw) - (0 if refused is None else int(refused.sum()))


def test_a_batch_put_together_from_pages_is_shaped_like_one_read_at_once() -> None:
    raw, references = on_hand_rows(60)
    raw.loc[7, "InventoryWarehouseId"] = "elsewhere"
    pages = pd.concat([raw.iloc[:25], raw.iloc[25:]], ignore_index=True)
    whole, parts = (
        shape_things(frame, on_hand_task(), on_hand_table(), references=references) for frame in (raw, pages)
    )
    pd.testing.assert_frame_equal(whole.rows, parts.rows)
    pd.testing.assert_frame_equal(whole.rejections, parts.rejections)


def test_a_batch_without_rows_gives_empty_frames_with_all_columns() -> None:
    raw, references = on_hand_rows(20)
    whole = shape_things(raw, on_hand_task(), on_hand_table(), references=references)
    empty = shape_things(raw.iloc[:0], on_hand_task(), on_hand_table(), references=references)
    assert empty.rows.dtypes.to_dict() == whole.rows.dtypes.to_dict()
    assert (len(empty.rows), len(empty.rejections)) == (0, 0)


def test_a_column_missing_in_the_staged_rows_is_named() -> None:
    with pytest.raises(DataQualityError, match="Column `X`"):
        shape_things(a_frame(Id=["1"]), a_task({"from": "X", "to": "x"}), a_table(x=TEXT))


def test_fifty_thousand_on_hand_rows_are_shaped_row_for_row() -> None:
    raw, references = on_hand_rows(50_000)
    shaped = shape_things(raw, on_hand_task(), on_hand_table(), references=references)
    assert (len(shaped.rows), len(shaped.rejections)) == (50_000, 0)
    expected = sum((value.quantize(Decimal("0.01")) for value in raw["OnHandQuantity"].tolist()), Decimal(0))
    assert sum(values(shaped, "msdynce_onhandquantity"), Decimal(0)) == expected
    assert shaped.rows["msdynce_onorderquantity"].min() == 0
