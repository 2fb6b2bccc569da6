"""Checks run by Great Expectations itself on small batches: who passes, who is refused, what is told."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.transform.builders import DECIMAL, INTEGER, OPTION, a_frame

from fs_integration.frames import REJECTION_COLUMNS, SOURCE_KEY, SOURCE_ROWS, dtype
from fs_integration.quality import checkpoint
from fs_integration.quality.checkpoint import Checked, run_checks
from fs_integration.quality.expectations import MOST_VALUES
from fs_integration.quality.suite import Check, Suite

KINDS = {"n": DECIMAL, "o": OPTION, "i": INTEGER}


def a_check(expect: Any, *fields: str, **changes: Any) -> Check:
    told = {"rule": expect, "reason": "Because.", **changes}
    bounds = {name: Decimal(str(told[name])) for name in ("minimum", "maximum") if name in told}
    return Check(expect, fields, **{**told, **bounds})


def checked(folder: Path, frame: pd.DataFrame, *checks: Check, key: str = "k") -> Checked:
    return run_checks(frame, Suite((key,), (key,), checks), name="m.t.usmf.00000.raw", run_name="run", docs_root=folder)


def keyed(**columns: list[Any]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    return a_frame(KINDS, k=[str(number) for number in range(size)], **columns)


@pytest.mark.parametrize(
    ("columns", "check", "refused"),
    [
        ({"t": ["a", " ", None, ""]}, a_check("not_null", "t"), [1, 2, 3]),
        ({"n": [Decimal(1), None]}, a_check("not_null", "n"), [1]),
        ({"t": ["a", "b", "a ", None, None]}, a_check("unique", "t"), [0, 2]),
        ({"t": ["a", "a", "a", None, None], "u": ["1", "1", "2", "3", "3"]}, a_check("unique", "t", "u"), [0, 1, 3, 4]),
        ({"t": ["abc", "abcd", "\u00fc\u00fc\u00fc", None]}, a_check("max_length", "t", maximum=3), [1]),
        ({"t": ["A1", "b1", None]}, a_check("matches", "t", pattern=r"^[A-Z]\d$"), [1]),
        ({"t": ["Item", "item", None]}, a_check("one_of", "t", values=("Item",)), [1]),
        ({"o": [1, 3, None]}, a_check("one_of", "o", values=(1, 2)), [1]),
        ({"i": [0, 1, 2, 3, None]}, a_check("between", "i", minimum=1, maximum=2), [0, 3]),
        ({"n": [Decimal("0.0099999999"), Decimal("0.01"), Decimal("0.3"), Decimal("0.3000000001"), None]},
         a_check("between", "n", minimum="0.01", maximum="0.3"), [0, 3]),
        ({"n": [Decimal("1.25"), Decimal("1.005"), Decimal("2.50"), None]},
         a_check("decimals_at_most", "n", maximum=2), [1]),
        ({"i": [1, None]}, a_check("decimals_at_most", "i", maximum=0), []),
    ],
)  # fmt: skip
def test_exactly_the_failing_rows_are_refused(
    tmp_path: Path, columns: dict[str, list[Any]], check: Check, refused: list[int]
) -> None:
    frame = keyed(**columns)
    result = checked(tmp_path, frame, check)
    assert result.rejections["row_key"].tolist() == [str(number) for number in refused]
    assert np.flatnonzero(result.refused).tolist() == refused
    assert result.passed["k"].tolist() == [key for key in frame["k"] if int(key) not in refused]
    assert (result.batch_failures, result.warnings) == ((), ())


def test_a_value_that_fails_two_checks_gets_the_line_of_the_first_and_a_row_counts_once(tmp_path: Path) -> None:
    frame = keyed(t=["toolong", "ok"], i=[9, 1])
    checks = (a_check("max_length", "t", maximum=3, rule="own", reason="Ours."), a_check("max_length", "t", maximum=5),
              a_check("between", "i", maximum=5))  # fmt: skip
    rejections = checked(tmp_path, frame, *checks).rejections
    columns = ["row_key", "field", "rule", "reason", "value", "outcome", "source_rows"]
    assert list(rejections[columns].itertuples(index=False, name=None)) == [
        ("0", "t", "own", "Ours.", "toolong", "quarantined", 1),
        ("0", "i", "between", "Because.", "9", "quarantined", 0),
    ]
    assert [json.loads(text) for text in rejections["payload"]] == [{"k": "0", "t": "toolong", "i": 9}] * 2


def test_shaped_rows_stand_for_their_source_rows_and_keep_no_book_keeping_in_the_payload(tmp_path: Path) -> None:
    frame = a_frame({SOURCE_ROWS: INTEGER}, x=["long"], **{SOURCE_KEY: ["S1"], SOURCE_ROWS: [3]})
    rejections = checked(tmp_path, frame, a_check("max_length", "x", maximum=1), key=SOURCE_KEY).rejections
    assert rejections[["row_key", "source_rows", "payload"]].values.tolist() == [["S1", 3, '{"x": "long"}']]


def test_rejections_and_passed_rows_are_columns_of_the_common_kinds(tmp_path: Path) -> None:
    result = checked(tmp_path, keyed(t=["a", None]), a_check("not_null", "t"))
    assert list(result.rejections.columns) == list(REJECTION_COLUMNS)
    for frame in (result.passed, result.rejections):
        assert {type(dtype) for dtype in frame.dtypes} == {pd.ArrowDtype}


def test_a_rule_can_stop_the_batch_or_only_warn_and_then_refuses_no_row(tmp_path: Path) -> None:
    checks = (a_check("one_of", "t", values=("a",), failing="stop_batch", rule="stops"),
              a_check("not_null", "t", failing="warn", rule="warns"))  # fmt: skip
    result = checked(tmp_path, keyed(t=["a", "b", None]), *checks)
    assert result.batch_failures == ("1 of 3 rows of m.t.usmf.00000.raw fail `stops`. Because. Found: `b`.",)
    assert result.warnings == ("1 of 3 rows of m.t.usmf.00000.raw fail `warns`. Because.",)
    assert (len(result.passed), len(result.rejections)) == (3, 0)


def test_a_missing_column_stops_the_batch(tmp_path: Path) -> None:
    result = checked(tmp_path, a_frame(x=["1"]), a_check("not_null", "k"))
    assert result.batch_failures == ("The batch m.t.usmf.00000.raw lacks the columns k.",)
    assert len(result.rejections) == 0


@pytest.mark.parametrize(
    "check",
    [a_check("between", "t", minimum=1), a_check("decimals_at_most", "t", maximum=2), a_check("unique", "gone")],
)
def test_a_check_that_cannot_be_evaluated_stops_the_batch(tmp_path: Path, check: Check) -> None:
    (failure,) = checked(tmp_path, keyed(t=["a"]), check).batch_failures
    assert failure.startswith(f"Check `{check.rule}` of `{check.field}` could not be evaluated on m.t.usmf.00000.raw: ")


def test_rows_that_are_counted_but_cannot_be_named_stop_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "failing", lambda frame, check: np.zeros(len(frame), dtype=bool))
    (failure,) = checked(tmp_path, keyed(t=[None]), a_check("not_null", "t")).batch_failures
    assert "1 rows are said to fail, but 0 can be named" in failure


def test_a_batch_without_rows_passes(tmp_path: Path) -> None:
    checks = (a_check("not_null", "n"), a_check("unique", "k"), a_check("between", "n", minimum=0),
              a_check("decimals_at_most", "n", maximum=2), a_check("max_length", "k", maximum=2))  # fmt: skip
    result = checked(tmp_path, keyed(n=[Decimal(1)]).iloc[:0], *checks)
    assert (len(result.passed), len(result.rejections), result.batch_failures) == (0, 0, ())


def test_fifty_thousand_rows_are_checked_row_for_row(tmp_path: Path) -> None:
    size = 50_000
    frame = keyed(n=[Decimal(number) / 4 for number in range(size)], t=[f"P{number}" for number in range(size)])
    frame["i"] = pd.Series(range(size), dtype=dtype(INTEGER))
    result = checked(tmp_path, frame, a_check("unique", "k"), a_check("decimals_at_most", "n", maximum=1),
                     a_check("max_length", "t", maximum=5), a_check("between", "i", minimum=10))  # fmt: skip
    expected = {n for n in range(size) if n % 2 or n >= 10_000 or n < 10}
    assert set(np.flatnonzero(result.refused).tolist()) == expected
    assert result.rejections["source_rows"].sum() == len(expected)


def test_values_of_a_masked_column_are_neither_on_the_page_nor_in_a_message(tmp_path: Path) -> None:
    phones = [f"555{number:04d}" for number in range(30)]
    frame = keyed(phone=phones, name=["x" * 9] * 30)
    checks = (
        a_check("max_length", "phone", maximum=3), a_check("max_length", "phone", maximum=4, failing="stop_batch"),
        a_check("max_length", "name", maximum=8, failing="warn"),
    )  # fmt: skip
    suite = Suite(("k",), ("k",), checks)
    shown = {}
    for masked in ((), ("phone",)):
        result = run_checks(
            frame, suite, name="m.t.usmf.00000.raw", run_name="run", docs_root=tmp_path, masked=masked
        )  # fmt: skip
        page = (tmp_path / result.docs).read_text(encoding="utf-8")
        shown[masked] = [phone for phone in phones if phone in page + " ".join(result.batch_failures)]
        assert result.rejections["value"].tolist() == phones, "rows are told apart until rejections are masked"
        assert "xxxxxxxxx" in page + " ".join(result.warnings)
    assert 0 < len(shown[()]) <= MOST_VALUES
    assert shown[("phone",)] == []
