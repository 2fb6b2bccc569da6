"""The cost model: how requests and time grow, and that the document shows what it computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.model import ROWS, Circumstances, calculator, estimate

ROOT = Path(__file__).resolve().parents[3]
TENANT = Circumstances()


@pytest.mark.parametrize("rows", ROWS)
def test_what_has_not_changed_costs_no_request_to_the_target(rows: int) -> None:
    nothing = estimate(rows, 0, TENANT)
    assert nothing.limited == TENANT.fixed_requests // 2
    assert nothing.seconds < estimate(rows, rows // 100, TENANT).seconds < estimate(rows, rows, TENANT).seconds


def test_time_grows_linearly_once_the_fixed_part_is_small() -> None:
    per_row = [estimate(rows, rows, TENANT).seconds / rows for rows in (10**6, 10**8)]
    assert per_row[0] == pytest.approx(per_row[1], rel=0.05)


def test_latency_costs_by_the_request_and_not_by_the_row() -> None:
    near, far = (estimate(10**6, 0, replace(TENANT, latency=latency)) for latency in (0.0, 1.0))
    pages = near.requests - TENANT.fixed_requests
    assert far.seconds - near.seconds == pytest.approx(TENANT.rounds + pages * TENANT.largest)


def test_a_service_that_takes_long_for_a_row_makes_the_limit_of_execution_time_the_floor() -> None:
    slow = estimate(10**6, 10**6, replace(TENANT, write_row=0.01))
    assert slow.floor > slow.seconds
    # 10,200 s of work at 1,200 s per window of 300 s, and the first window passes at once
    assert slow.total == slow.floor == pytest.approx(2250)


def test_the_document_shows_the_calculator_table() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert "\n".join(calculator(TENANT)) in text
