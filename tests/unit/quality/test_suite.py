"""Which checks a mapping and the tables' own descriptions lead to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.transform.builders import a_table, a_task

from fs_integration.frames import KEY, SOURCE_KEY
from fs_integration.quality.suite import Check, Suite, raw_checks, shaped_checks
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

TEXT, DECIMAL, INTEGER, ENUM, OPTION = (
    ColumnKind.TEXT, ColumnKind.DECIMAL, ColumnKind.INTEGER, ColumnKind.ENUM, ColumnKind.OPTION,
)  # fmt: skip


def a_source(*columns: Column) -> EntityMetadata:
    described = {column.name: column for column in columns}
    return EntityMetadata(system="finance_operations", name="Things", logical_name="Thing", columns=described)


def told(suite: Suite) -> list[tuple[str, str, str]]:
    return [(check.expect, check.field, check.rule) for check in suite.checks]


def only(suite: Suite, rule: str) -> Check:
    (check,) = [check for check in suite.checks if check.rule == rule]
    return check


def test_a_single_source_key_must_be_complete_and_unique() -> None:
    suite = raw_checks(a_task(), a_source())
    assert told(suite) == [("not_null", "Id", "key_missing"), ("unique", "Id", "duplicate_source_key")]
    assert (suite.key, suite.columns) == (("Id",), ("Id",))


def test_parts_of_a_longer_source_key_may_be_blank_even_when_the_source_calls_them_required() -> None:
    task = a_task(source={"key": ["Item", "Color"]}, fields=[{"from": "Item", "to": "key"}])
    source = a_source(Column(name="Item", kind=TEXT, required=True), Column(name="Color", kind=TEXT, required=True))
    assert told(raw_checks(task, source)) == [("unique", "Item, Color", "duplicate_source_key")]


def test_enumerations_are_checked_on_rows_read_by_odata_only() -> None:
    kind = Column(name="Kind", kind=ENUM, options=("Item", "Service"), enum_type="ProductType")
    field = {"from": "Kind", "to": "kind"}
    assert only(raw_checks(a_task(field), a_source(kind)), "enum_member").values == ("Item", "Service")
    package = {"project": "p", "data_entity": "d", "columns": {"KIND": "Kind"}}
    by_package = a_task(field, source={"route": "package", "package": package})
    assert "enum_member" not in {check.rule for check in raw_checks(by_package, a_source(kind)).checks}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column(name="x", kind=TEXT, max_length=60), [("max_length", "max_length", {"maximum": Decimal(60)})]),
        (Column(name="x", kind=DECIMAL, precision=2), [("decimals_at_most", "precision", {"maximum": Decimal(2)})]),
        (Column(name="x", kind=DECIMAL, minimum=Decimal("0.5")), [("between", "range", {"minimum": Decimal("0.5")})]),
        (Column(name="x", kind=INTEGER, maximum=Decimal(9)), [("between", "range", {"maximum": Decimal(9)})]),
        (Column(name="x", kind=OPTION, options=("1", "2")), [("one_of", "option", {"values": (1, 2)})]),
        (Column(name="x", kind=TEXT, required=True), [("not_null", "required", {})]),
        (Column(name="x", kind=ColumnKind.LOOKUP), []),
    ],
)
def test_a_target_column_checks_what_its_table_says(
    column: Column, expected: list[tuple[str, str, dict[str, Any]]]
) -> None:
    suite = shaped_checks(a_task({"from": "X", "to": "x"}), a_table(x=column))
    found = [check for check in suite.checks if check.fields == ("x",)]
    assert [(check.expect, check.rule) for check in found] == [(expect, rule) for expect, rule, _ in expected]
    for check, (_, _, arguments) in zip(found, expected, strict=True):
        assert {name: getattr(check, name) for name in arguments} == arguments


def test_the_target_key_must_be_complete_and_unique() -> None:
    suite = shaped_checks(a_task(), a_table())
    assert told(suite)[:2] == [("not_null", "key", "key_missing"), ("unique", KEY, "duplicate_key")]
    assert (suite.key, suite.columns) == ((SOURCE_KEY,), ("key", KEY, SOURCE_KEY))


def test_rules_of_the_mapping_come_first_and_only_in_their_stage() -> None:
    quality = [
        {"expect": "matches", "field": "Id", "pattern": "^A", "stage": "raw", "reason": "Ids start with A."},
        {"expect": "between", "field": "key", "min": 0.1, "max": 5, "failing": "warn"},
        {"expect": "row_count_change", "max_drop_percent": 30, "failing": "stop_batch"},
    ]
    task = a_task(quality=quality)
    first = raw_checks(task, a_source()).checks[0]
    assert (first.expect, first.pattern, first.reason, first.failing) == (
        "matches",
        "^A",
        "Ids start with A.",
        "reject_row",
    )
    second = shaped_checks(task, a_table()).checks[0]
    assert (second.minimum, second.maximum, second.failing) == (Decimal("0.1"), Decimal(5), "warn")
    assert second.reason == "`key` must be at least 0.1 and at most 5."
    checks = [*raw_checks(task, a_source()).checks, *shaped_checks(task, a_table()).checks]
    assert "row_count_change" not in {check.expect for check in checks}
