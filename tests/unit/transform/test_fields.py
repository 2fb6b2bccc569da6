"""Field rules: what becomes of one value, step by step, and which line is written when nothing can."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.transform.builders import (
    BOOLEAN,
    DECIMAL,
    ID,
    INTEGER,
    LOOKUP,
    OPTION,
    TEXT,
    a_frame,
    a_table,
    a_task,
    guid,
    lines,
    shape_things,
    values,
)  # fmt: skip

from fs_integration.errors import MappingError
from fs_integration.spec.metadata import Column, ColumnKind

DATE, DATETIME = ColumnKind.DATE, ColumnKind.DATETIME


def shaped_value(
    source: Any, rule: dict[str, Any], *, source_kind: ColumnKind = TEXT, kind: Any = TEXT, **given: Any
) -> Any:
    """Shape one row with one field ``x`` and return the result and the lines of that field."""
    raw = a_frame(Id=["1"], X=[source])
    rule = {"to": "x", **({} if {"value", "fn"} & rule.keys() else {"from": "X"}), **rule}
    shaped = shape_things(raw, a_task(rule), a_table(x=kind), **given)
    return values(shaped, "x"), lines(shaped, "field", "rule", "value", "outcome")


@pytest.mark.parametrize(
    ("source", "rule", "kind", "expected"),
    [
        ("  Bolt  ", {}, TEXT, "Bolt"),
        ("   ", {}, TEXT, None),
        ("", {"default": "none"}, TEXT, "none"),
        (None, {"default": 7}, INTEGER, 7),
        ("given", {"default": "none"}, TEXT, "given"),
        ("", {"default": ""}, TEXT, None),
        ("kept", {"value": "constant"}, TEXT, "constant"),
        ("kept", {"value": True}, BOOLEAN, True),
        ("kept", {"value": None}, TEXT, None),
        ("12", {}, INTEGER, 12),
        ("1.50", {}, DECIMAL, Decimal("1.5")),
        ("-1e3", {}, DECIMAL, Decimal(-1000)),
        ("Yes", {}, BOOLEAN, True),
        ("no", {}, BOOLEAN, False),
        ("2026-11-20", {}, DATE, date(2026, 11, 20)),
        ("2026-11-20T01:30:00+02:00", {}, DATE, date(2026, 11, 19)),
        ("2026-11-20T01:30:00+02:00", {}, DATETIME, datetime(2026, 11, 19, 23, 30, tzinfo=UTC)),
        (guid(10).upper(), {}, LOOKUP, guid(10)),
        ("192350000", {}, OPTION, 192350000),
        ("sales", {"value_map": {"Sales": "S", "Other": None}}, TEXT, "S"),
        ("OTHER", {"value_map": {"Sales": "S", "Other": None}}, TEXT, None),
        ("other", {"value_map": {"Sales": "S"}, "otherwise": "keep"}, TEXT, "other"),
        ("other", {"value_map": {"Sales": "S"}, "otherwise": "null"}, TEXT, None),
        (None, {"value_map": {"Sales": "S"}}, TEXT, None),
        ("Yes", {"value_map": {"Yes": 192350000}}, OPTION, 192350000),
        ("a long name", {"max_length": 6, "too_long": "truncate"}, TEXT, "a long"),
        ("a long name", {"max_length": 7, "too_long": "truncate"}, TEXT, "a long"),
        ("ünï", {"max_length": 3}, TEXT, "ünï"),
        ("-3", {"clamp": {"min": 0}}, DECIMAL, Decimal(0)),
        ("120", {"clamp": {"min": 0, "max": 100}}, INTEGER, 100),
        ("99.5", {"clamp": {"max": 99.4}}, DECIMAL, Decimal("99.4")),
    ],
)  # fmt: skip
def test_a_value_takes_the_documented_steps(source: Any, rule: dict[str, Any], kind: ColumnKind, expected: Any) -> None:
    assert shaped_value(source, rule, kind=kind) == ([expected], [])


@pytest.mark.parametrize(
    ("source", "digits", "expected"),
    [
        ("0.125", 2, "0.12"), ("0.135", 2, "0.14"), ("-0.125", 2, "-0.12"), ("2.5", 0, "2"), ("3.5", 0, "4"),
        ("2.675", 2, "2.68"), ("1.005", 2, "1"), ("0.1251", 2, "0.13"), ("1.00000000005", 10, "1"),
        ("1.00000000015", 10, "1.0000000002"), ("123456789012345678.125", 2, "123456789012345678.12"),
    ],
)  # fmt: skip
def test_ties_round_half_to_even_and_no_binary_fraction_interferes(source: str, digits: int, expected: str) -> None:
    assert shaped_value(source, {"round": digits}, kind=DECIMAL) == ([Decimal(expected)], [])


@pytest.mark.parametrize(
    ("source", "rule", "kind", "line"),
    [
        ("1,5", {}, DECIMAL, ("conversion", "1,5")),
        ("NaN", {}, DECIMAL, ("conversion", "NaN")),
        ("12.5", {}, INTEGER, ("conversion", "12.5")),
        ("maybe", {}, BOOLEAN, ("conversion", "maybe")),
        ("2026-02-30", {}, DATE, ("conversion", "2026-02-30")),
        ("2026-11-20T08:00:00", {}, DATETIME, ("conversion", "2026-11-20T08:00:00")),
        ("no guid", {}, LOOKUP, ("conversion", "no guid")),
        ("1e27", {}, DECIMAL, ("too_large", "1e27")),
        ("9223372036854775808", {}, INTEGER, ("too_large", "9223372036854775808")),
        ("toolong", {"max_length": 6}, TEXT, ("max_length", "toolong")),
        ("toolong", {}, Column(name="x", kind=TEXT, max_length=6), ("max_length", "toolong")),
        ("x", {"value_map": {"Sales": "S"}}, TEXT, ("value_map:x", "x")),
        (" ", {"required": True}, TEXT, ("required", "")),
        ("Other", {"value_map": {"Other": None}, "required": True}, TEXT, ("required", "Other")),
    ],
)  # fmt: skip
def test_a_bad_value_gets_one_line_that_names_field_rule_and_value(
    source: str, rule: dict[str, Any], kind: Any, line: tuple[str, str]
) -> None:
    assert shaped_value(source, rule, kind=kind) == ([], [("x", *line, "quarantined")])


def test_a_required_value_that_was_refused_for_a_better_reason_is_not_refused_again() -> None:
    _, written = shaped_value("x", {"required": True}, kind=DECIMAL)
    assert [rule for _, rule, _, _ in written] == ["conversion"]


@pytest.mark.parametrize(
    ("otherwise", "outcome"), [("reject", "quarantined"), ("block", "blocked"), ("skip", "skipped")]
)  # fmt: skip
def test_otherwise_decides_how_a_value_without_an_answer_ends(otherwise: str, outcome: str) -> None:
    rule = {"value_map": {"Sales": "S"}, "otherwise": otherwise, "reason": "Not ours."}
    raw = a_frame(Id=["1"], X=["Purchase"])
    shaped = shape_things(raw, a_task({"from": "X", "to": "x", **rule}), a_table(x=TEXT))
    assert lines(shaped, "field", "reason", "value", "outcome") == [("x", "Not ours.", "Purchase", outcome)]


def test_a_named_value_map_is_shared_by_the_mapping() -> None:
    found = shaped_value("sales", {"value_map": "kinds"}, value_maps={"kinds": {"Sales": 1}}, kind=INTEGER)
    assert found == ([1], [])


def test_first_given_takes_the_first_column_with_a_value() -> None:
    raw = a_frame(Id=["1", "2", "3"], A=["a", " ", None], B=["b", "b", None])
    shaped = shape_things(raw, a_task({"fn": "first_given", "args": ["A", "B"], "to": "x"}), a_table(x=TEXT))
    assert values(shaped, "x") == ["a", "b", None]


UNITS = {"units": {"system": "dataverse", "entity": "uoms", "key": ["name"], "take": ["uomid"]}}
UNIT_ROWS = {"units": a_frame({"uomid": ID}, name=["Piece", "box", "BOX"], uomid=[guid(1), guid(2), guid(3)])}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("piece ", ([guid(1)], [])),
        (None, ([None], [])),
        ("pallet", ([], [("x", "lookup:units", "pallet", "blocked")])),
        ("Box", ([], [("x", "ambiguous:units", "Box", "quarantined")])),
    ],
)  # fmt: skip
def test_a_lookup_takes_the_one_row_with_this_key_and_never_guesses(source: Any, expected: Any) -> None:
    raw = a_frame(Id=["1"], X=[source])
    rule = {"from": "X", "to": "x", "lookup": {"reference": "units", "take": "uomid"}, "otherwise": "block"}
    shaped = shape_things(raw, a_task(rule, references=UNITS), a_table(x=LOOKUP), references=UNIT_ROWS)
    assert (values(shaped, "x"), lines(shaped, "field", "rule", "value", "outcome")) == expected


@pytest.mark.parametrize(
    ("source", "unmapped", "expected"),
    [
        ("pcs", "keep", ([guid(1)], [])),
        ("Piece", "keep", ([guid(1)], [])),
        ("pallet", "keep", ([], [("x", "lookup:units", "pallet", "blocked")])),
        ("Piece", "reject", ([], [("x", "value_map:unit", "Piece", "quarantined")])),
    ],
)
def test_values_that_a_map_lacks_may_go_on_to_the_lookup(source: str, unmapped: str, expected: Any) -> None:
    rule = {"from": "X", "to": "x", "value_map": "unit", "unmapped": unmapped, "otherwise": "block"}
    task = a_task({**rule, "lookup": {"reference": "units", "take": "uomid"}}, references=UNITS)
    shaped = shape_things(
        a_frame(Id=["1"], X=[source]),
        task,
        a_table(x=LOOKUP),
        references=UNIT_ROWS,
        value_maps={"unit": {"pcs": "Piece"}},
    )
    assert (values(shaped, "x"), lines(shaped, "field", "rule", "value", "outcome")) == expected


def test_a_lookup_can_be_case_sensitive() -> None:
    units = {"units": {**UNITS["units"], "ignore_case": False}}
    rule = {"from": "X", "to": "x", "lookup": {"reference": "units", "take": "uomid"}}
    raw = a_frame(Id=["1", "2"], X=["box", "piece"])
    shaped = shape_things(raw, a_task(rule, references=units), a_table(x=LOOKUP), references=UNIT_ROWS)
    assert values(shaped, "x") == [guid(2)]
    assert lines(shaped, "row_key", "rule") == [("2", "lookup:units")]


GROUPS = {"system": "dataverse", "entity": "uoms", "key": ["group", "name"], "take": ["uomid"]}


def test_a_lookup_within_a_parent_reports_a_missing_parent_once() -> None:
    references = {
        "groups": {"system": "dataverse", "entity": "uomschedules", "key": ["name"], "take": ["id"]}, "units": GROUPS,
    }  # fmt: skip
    staged = {
        "groups": a_frame({"id": ID}, name=["Count", "Mass"], id=[guid(1), guid(2)]),
        "units": a_frame(
            {"group": ID, "uomid": ID}, group=[guid(1), guid(2)], name=["ea", "ea"], uomid=[guid(11), guid(22)]
        ),
    }
    fields = (
        {"from": "G", "to": "g", "lookup": {"reference": "groups", "take": "id"}},
        {"from": "U", "to": "u", "lookup": {"reference": "units", "take": "uomid", "within": {"group": "g"}}},
    )
    raw = a_frame(Id=["1", "2", "3"], G=["Mass", "Time", "Count"], U=["ea", "ea", "kg"])
    shaped = shape_things(raw, a_task(*fields, references=references), a_table(g=LOOKUP, u=LOOKUP), references=staged)
    assert values(shaped, "u") == [guid(22)]
    assert lines(shaped, "row_key", "field", "rule") == [("2", "g", "lookup:groups"), ("3", "u", "lookup:units")]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"from": "X", "to": "unknown"}, "has no column `unknown`"),
        ({"from": "X", "to": "x", "value_map": "nope"}, "value map `nope`"),
        ({"fn": "nope", "to": "x"}, "function `nope`"),
    ],
)
def test_a_name_that_is_not_there_is_a_fault_of_the_mapping(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        shape_things(a_frame(Id=["1"], X=["1"]), a_task(rule), a_table(x=TEXT))
