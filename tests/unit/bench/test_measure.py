"""What a measured process cost, and what is told of one that failed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.measure import measured

WORK = "sum(range(3_000_000)); "


def test_the_cost_is_the_processs_own_and_the_answer_its_last_line(tmp_path: Path) -> None:
    cost = measured([sys.executable, "-c", WORK + 'print("busy"); print(\'{"written": 3}\')'], log=tmp_path / "log")
    assert (cost.answer, cost.error) == ({"written": 3}, "")
    assert cost.cpu > 0
    assert cost.wall > 0


@pytest.mark.parametrize(
    ("code", "limit", "error"),
    [
        ("raise SystemExit('no rows')", 60, "ended with 1: no rows"),
        ("import time; time.sleep(60)", 0.5, "stopped after"),
    ],
    ids=["an error", "too long"],
)
def test_a_process_that_does_not_end_well_is_an_error_with_its_reason(
    tmp_path: Path, code: str, limit: float, error: str
) -> None:
    cost = measured([sys.executable, "-c", code], log=tmp_path / "log", limit=limit)
    assert cost.error.startswith(error)
    assert cost.answer == {}
