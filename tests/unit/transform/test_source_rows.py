"""The steps before the fields: enrich, group, keep."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.unit.transform.builders import (
    BOOLEAN,
    DECIMAL,
    INTEGER,
    TEXT,
    a_frame,
    a_table,
    a_task,
    lines,
    shape_things,
    values,
)  # fmt: skip

from fs_integration.errors import DataQualityError, MappingError
from fs_integration.frames import SOURCE_KEY, SOURCE_ROWS

ITEMS = {"items": {"system": "finance_operations", "entity": "Items", "key": ["Item", "Color"], "take": ["Product"]}}
ITEM_ROWS = {"items": a_frame(Item=["A", "B", "B"], Color=[None, "Red", "RED"], Product=["P1", "P2", "P3"])}


def enriching(**step: Any) -> Any:
    enrich = {"reference": "items", "by": ["Item", "Color"], "add": {"Product": "Product"}, **step}
    return a_task({"from": "Product", "to": "x"}, source={"enrich": [enrich]}, references=ITEMS)


@pytest.mark.parametrize(
    ("otherwise", "expected"),
    [
        ("reject", ("enrich:items", "C|", "quarantined")),
        ("block", ("enrich:items", "C|", "blocked")),
        ("skip", ("enrich:items", "C|", "skipped")),
    ],
)
def test_enrich_matches_blank_with_blank_and_ends_rows_without_one_match(otherwise: str, expected: Any) -> None:
    raw = a_frame(Id=["1", "2", "3"], Item=["a", "b", "C"], Color=["", "red", ""])
    shaped = shape_things(raw, enriching(otherwise=otherwise), a_table(x=TEXT), references=ITEM_ROWS)
    assert values(shaped, "x") == ["P1"]
    assert lines(shaped, "row_key", "rule", "value", "outcome") == [
        ("2", "ambiguous:items", "b|red", "quarantined"), ("3", *expected),
    ]  # fmt: skip


def test_enrich_can_leave_the_column_empty() -> None:
    raw = a_frame(Id=["1"], Item=["C"], Color=[""])
    shaped = shape_things(raw, enriching(otherwise="null"), a_table(x=TEXT), references=ITEM_ROWS)
    assert (values(shaped, "x"), len(shaped.rejections)) == ([None], 0)


def test_a_reference_that_was_not_staged_names_the_task_to_clear() -> None:
    with pytest.raises(DataQualityError, match="Clear the extract task"):
        shape_things(a_frame(Id=["1"], Item=["C"], Color=[""]), enriching(), a_table(x=TEXT))


def grouping(references: dict[str, Any] | None = None, **source: Any) -> Any:
    fields = [{"from": "P", "to": "key"}, {"from": "Q", "to": "q"}]
    source = {"group": {"by": ["P", "W"], "sum": ["Q"]}, **source}
    return a_task(source=source, fields=fields, references=references or {})


def test_group_adds_up_exactly_and_counts_the_rows_behind_each_sum() -> None:
    raw = a_frame({"Q": DECIMAL}, Id=["1", "2", "3", "4"], P=["a", "B", "A ", "b"], W=["1"] * 4,
                  Q=[Decimal("0.1"), Decimal(5), Decimal("0.2"), None])  # fmt: skip
    shaped = shape_things(raw, grouping(), a_table(q=DECIMAL))
    assert values(shaped, "q") == [Decimal("0.3"), Decimal(5)]
    assert values(shaped, "key") == ["a", "B"]
    assert values(shaped, SOURCE_ROWS) == [2, 2]
    assert values(shaped, SOURCE_KEY) == ["1", "2"]


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_group_that_lost_a_row_is_refused_as_a_whole_even_when_part_of_its_key_is_blank(blank: str | None) -> None:
    raw = a_frame(Id=["1", "2", "3"], P=["a", "a", "b"], W=[blank] * 3, Q=["1", "one", "2"])
    shaped = shape_things(raw, grouping(), a_table(q=DECIMAL))
    assert values(shaped, "q") == [Decimal(2)]
    assert lines(shaped, "row_key", "rule", "value") == [("1", "group_incomplete", "a|"), ("2", "conversion", "one")]


def test_rows_refused_by_the_raw_checks_spoil_their_group_and_get_no_second_line() -> None:
    raw = a_frame(Id=["1", "2", "3"], P=["a", "a", "b"], W=["1"] * 3, Q=["1", "2", "3"])
    shaped = shape_things(raw, grouping(), a_table(q=DECIMAL), refused=np.array([False, True, False]))
    assert values(shaped, "q") == [Decimal(3)]
    assert lines(shaped, "row_key", "rule") == [("1", "group_incomplete")]


def test_rows_skipped_on_purpose_do_not_spoil_their_group() -> None:
    raw = a_frame(Id=["1", "2"], P=["a", "a"], W=["1", "1"], Q=["1", "2"], S=["x", "gone"])
    enrich = {"reference": "r", "by": ["S"], "add": {"T": "T"}, "otherwise": "skip"}
    references = {"r": {"system": "dataverse", "entity": "rs", "key": ["S"], "take": ["T"]}}
    task = grouping(references, enrich=[enrich])
    shaped = shape_things(raw, task, a_table(q=DECIMAL), references={"r": a_frame(S=["x"], T=["t"])})
    assert values(shaped, "q") == [Decimal(1)]
    assert lines(shaped, "row_key", "outcome") == [("2", "skipped")]


def test_a_sum_beyond_range_is_refused_instead_of_wrapping_around() -> None:
    raw = a_frame(Id=["1", "2"], P=["a", "a"], W=["1", "1"], Q=["9" * 27, "9" * 27])
    shaped = shape_things(raw, grouping(), a_table(q=DECIMAL))
    assert len(shaped.rows) == 0
    assert lines(shaped, "field", "rule", "value", "source_rows") == [("Q", "too_large", "1" + "9" * 26 + "8", 2)]


@pytest.mark.parametrize(
    ("kind", "condition", "kept"),
    [
        (TEXT, {"is": "sales"}, ["Sales"]),
        (TEXT, {"is_not": "Sales"}, ["Other", None]),
        (TEXT, {"in": ["OTHER", "x"]}, ["Other"]),
        (TEXT, {"is": None}, [None]),
        (INTEGER, {"at_least": 2}, [2, 3]),
        (INTEGER, {"at_least": 2, "at_most": 2}, [2]),
        (INTEGER, {"in": [1, 3]}, [1, 3]),
        (DECIMAL, {"at_most": 0.1}, [Decimal("0.1")]),
        (BOOLEAN, {"is": True}, [True]),
        (BOOLEAN, {"is_not": True}, [False, None]),
    ],
)
def test_keep_lets_through_what_fulfils_the_condition(kind: Any, condition: dict[str, Any], kept: list[Any]) -> None:
    given = {
        TEXT: ["Sales", "Other", None], INTEGER: [1, 2, 3], DECIMAL: [Decimal("0.1"), Decimal("0.11"), None],
        BOOLEAN: [True, False, None],
    }[kind]  # fmt: skip
    raw = a_frame({"X": kind}, Id=["1", "2", "3"], X=given)
    task = a_task({"from": "X", "to": "x"}, source={"keep": [{"field": "X", "reason": "Not meant.", **condition}]})
    shaped = shape_things(raw, task, a_table(x=kind))
    assert values(shaped, "x") == kept
    assert set(lines(shaped, "rule", "reason", "outcome")) == {("keep:X", "Not meant.", "skipped")}
    assert len(shaped.rejections) == len(given) - len(kept)


def test_the_first_condition_a_row_fails_gives_the_reason() -> None:
    keep = [{"field": "X", "is": "a", "reason": "First."}, {"field": "X", "is": "b", "reason": "Second."}]
    shaped = shape_things(a_frame(Id=["1", "2"], X=["c", "a"]), a_task(source={"keep": keep}), a_table())
    assert lines(shaped, "row_key", "reason") == [("1", "First."), ("2", "Second.")]


def test_a_condition_that_compares_with_another_kind_is_a_fault_of_the_mapping() -> None:
    task = a_task(source={"keep": [{"field": "X", "is": "many", "reason": "r"}]})
    with pytest.raises(MappingError, match="no integer value"):
        shape_things(a_frame({"X": INTEGER}, Id=["1"], X=[1]), task, a_table())
