"""The gate's decision from numbers alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.transform.builders import a_task

from fs_integration.quality.gate import GateDecision, decide

VANISHED = {"vanished": {"set": {"x": 0}, "max_percent": 50}}


def decided(task: Any = None, **changes: Any) -> GateDecision:
    numbers: dict[str, Any] = {
        "rows_read": 100, "quarantined": 0, "previous_rows": 100, "vanished": 0, "known_rows": 100,
        "reads_everything": False, "batch_failures": [],
    }  # fmt: skip
    return decide(task or a_task(target=VANISHED), scope="m/t/usmf", **{**numbers, **changes})


def ruled(**rule: Any) -> Any:
    return a_task(quality=[{"failing": "stop_batch", "reason": "Look at the source.", **rule}])


def test_a_clean_run_passes_without_a_word() -> None:
    assert decided() == GateDecision(passed=True, messages=())


@pytest.mark.parametrize(
    ("quarantined", "rows_read", "passed"),
    [(20, 100, True), (21, 100, False), (10, 10, True), (11, 11, False), (11, 1000, True), (0, 0, True)],
)
def test_both_limits_must_be_passed_to_stop_a_load(quarantined: int, rows_read: int, passed: bool) -> None:
    assert decided(quarantined=quarantined, rows_read=rows_read).passed is passed


@pytest.mark.parametrize(("known_bad", "rows_read", "passed"), [(15, 15, True), (4, 15, False), (5, 15, True)])
def test_rows_that_were_bad_before_are_no_reason_to_stop(known_bad: int, rows_read: int, passed: bool) -> None:
    assert decided(quarantined=15, known_bad=known_bad, rows_read=rows_read).passed is passed


def test_limits_are_set_by_the_mapping() -> None:
    strict = a_task(thresholds={"max_percent": 0, "min_rows": 0})
    assert decided(strict, quarantined=1).messages == (
        "1 of 100 rows of m/t/usmf are quarantined (1.0 %); at most 0 % or 0 rows are allowed.",
    )


def test_a_failed_batch_stops_the_load() -> None:
    assert decided(batch_failures=["The batch lacks a column."]) == GateDecision(False, ("The batch lacks a column.",))


@pytest.mark.parametrize(("vanished", "passed"), [(50, True), (51, False), (100, False)])
def test_too_many_vanished_rows_stop_the_load(vanished: int, passed: bool) -> None:
    decision = decided(vanished=vanished, rows_read=100 - vanished)
    assert decision.passed is passed
    assert (
        passed or f"{vanished} of 100 rows of m/t/usmf written before are no longer in Things" in decision.messages[0]
    )


@pytest.mark.parametrize(
    ("rule", "numbers", "passed"),
    [
        ({"expect": "row_count_between", "min": 10}, {"rows_read": 10}, True),
        ({"expect": "row_count_between", "min": 10}, {"rows_read": 9}, False),
        ({"expect": "row_count_between", "max": 10}, {"rows_read": 11}, False),
        ({"expect": "row_count_change", "max_drop_percent": 30}, {"rows_read": 70}, True),
        ({"expect": "row_count_change", "max_drop_percent": 30}, {"rows_read": 69}, False),
        ({"expect": "row_count_change", "max_drop_percent": 30}, {"rows_read": 500}, True),
        ({"expect": "row_count_change", "max_drop_percent": 30}, {"rows_read": 0, "previous_rows": None}, True),
        ({"expect": "row_count_change", "max_drop_percent": 30}, {"rows_read": 0, "previous_rows": 0}, True),
    ],
)
def test_row_counts_are_judged_over_the_whole_run(rule: dict[str, Any], numbers: dict[str, Any], passed: bool) -> None:
    decision = decided(ruled(**rule), **numbers)
    assert decision.passed is passed
    assert passed or decision.messages[0].endswith("Look at the source.")


def test_a_row_count_rule_that_only_warns_lets_the_load_through_with_a_message() -> None:
    decision = decided(ruled(expect="row_count_between", min=1000, failing="warn"))
    assert (decision.passed, len(decision.messages)) == (True, 1)


CHANGES = {"source": {"changed_since": {"field": "M"}}}


@pytest.mark.parametrize(
    ("changes", "numbers", "passed"),
    [
        ({}, {"rows_read": 0, "previous_rows": 5000}, False),
        ({}, {"rows_read": 499, "previous_rows": 5000}, False),
        ({}, {"rows_read": 500, "previous_rows": 5000}, True),
        ({}, {"rows_read": 0, "previous_rows": 10}, True),
        ({}, {"rows_read": 0, "previous_rows": 11}, False),
        ({}, {"rows_read": 0, "previous_rows": None, "known_rows": 5000}, False),
        ({}, {"rows_read": 0, "previous_rows": 0, "known_rows": 5000}, True),
        ({}, {"rows_read": 0, "previous_rows": None, "known_rows": 0}, True),
        (CHANGES, {"rows_read": 0, "previous_rows": 0, "known_rows": 5000}, False),
        (CHANGES, {"rows_read": 0, "previous_rows": 70, "known_rows": 5000, "reads_everything": False}, True),
        ({"thresholds": {"max_drop_percent": 100}}, {"rows_read": 0, "previous_rows": 5000}, True),
    ],
)
def test_a_read_of_everything_that_brings_next_to_nothing_stops(
    changes: dict[str, Any], numbers: dict[str, Any], passed: bool
) -> None:
    decision = decided(a_task(**changes), **{"reads_everything": True, **numbers})
    assert decision.passed is passed
    assert passed or "thresholds.max_drop_percent" in decision.messages[0]


@pytest.mark.parametrize(("vanished", "emptied", "passed"), [(25, 25, True), (25, 26, False), (0, 51, False)])
def test_rows_that_hold_nothing_any_more_count_with_those_that_vanished(
    vanished: int, emptied: int, passed: bool
) -> None:
    assert decided(vanished=vanished, emptied=emptied).passed is passed


def test_deciding_and_planning_checks_need_no_great_expectations(root: Path) -> None:
    code = (
        "import sys, fs_integration.pipeline.gate, fs_integration.pipeline.transform; "
        "sys.exit('great_expectations' in sys.modules)"
    )
    plugins = {"PYTHONPATH": str(root / "plugins")}
    assert subprocess.run([sys.executable, "-c", code], env=plugins, check=False).returncode == 0
