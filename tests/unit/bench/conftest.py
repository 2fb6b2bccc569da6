"""Measurements as the benchmark makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.check import Verdict
from bench.run import Measurement

Measure = Callable[..., Measurement]


@pytest.fixture
def measure() -> Measure:
    """Make a measurement that ended well: 1,000 rows in one second; what is given replaces that."""

    def make(profile: str, program: str, **given: Any) -> Measurement:
        usual: dict[str, Any] = {
            "title": program, "job": "upsert", "rows": 1000, "changed": 1000, "seconds": 1.0, "wall": 1.0, "cpu": 1.0,
            "peak": 100.0, "writes": 1000, "verdict": Verdict(0, 0, 0, 0),
        }  # fmt: skip
        return Measurement(profile, program, **{**usual, **given})

    return make
