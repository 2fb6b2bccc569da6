"""Targets: met, missed, not measured; a run that did not end well meets none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.bench.conftest import Measure

from bench.check import Verdict
from bench.report import write_json
from bench.run import Measurement
from bench.targets import MET, MISSED, NOT_MEASURED, Target, targets


def judged(title: str, measurements: list[Measurement]) -> Target:
    """Return the one target whose title begins so."""
    found = [target for target in targets(measurements) if target.title.startswith(title)]
    assert len(found) == 1, title
    return found[0]


HAND, CPU, SHARE = "upsert, wide area", "whole pipeline, no latency", "throttled: share"
MANY = "1,000,000 rows"
LIMITED = {"passed": 100, "allowed": 25}


@pytest.mark.parametrize(
    ("title", "lines", "outcome"),
    [
        (HAND, [("wide", "ours", {"seconds": 1.25}), ("wide", "hand", {})], MET),
        (HAND, [("wide", "ours", {"seconds": 1.26}), ("wide", "hand", {})], MISSED),
        (HAND, [("wide", "hand", {})], NOT_MEASURED),
        (HAND, [("none", "ours", {}), ("wide", "hand", {})], NOT_MEASURED),
        (HAND, [("wide", "ours", {"verdict": None, "note": "not installed"}), ("wide", "hand", {})], NOT_MEASURED),
        (HAND, [("wide", "ours", {"note": "ended with 1"}), ("wide", "hand", {})], MISSED),
        (HAND, [("wide", "ours", {"verdict": Verdict(1, 0, 0, 0)}), ("wide", "hand", {})], MISSED),
        (CPU, [("none", "pipeline", {"cpu": 3.0}), ("none", "minimal", {})], MET),
        (CPU, [("none", "pipeline", {"cpu": 3.1}), ("none", "minimal", {})], MISSED),
        ("whole pipeline, wide", [("wide", "pipeline", {"wall": 1.7}), ("wide", "minimal", {})], MISSED),
        # 25 of 100 requests pass at once, the others need three windows of 10 s; the last 25 take two of eight seconds
        (SHARE, [("throttled", "ours", {**LIMITED, "seconds": 35.5}), ("none", "ours", {"seconds": 8.0})], MET),
        (SHARE, [("throttled", "ours", {**LIMITED, "seconds": 35.6}), ("none", "ours", {"seconds": 8.0})], MISSED),
        # one request more than a window lets pass waits a whole window
        (SHARE, [("throttled", "ours", {**LIMITED, "passed": 26, "seconds": 11.2}), ("none", "ours", {"seconds": 2.6})],
         MET),
        (SHARE, [("throttled", "ours", {**LIMITED, "seconds": 31.0})], NOT_MEASURED),
        ("throttled: requests before", [("throttled", "ours", {"early": 0})], MET),
        ("throttled: requests before", [("throttled", "ours", {"early": 1})], MISSED),
        ("throttled: rows lost", [("throttled", "ours", {"verdict": Verdict(1, 0, 0, 0)})], MISSED),
        ("1 % changed, none: writes", [("none", "again", {"changed": 10, "writes": 10})], MET),
        ("1 % changed, none: writes", [("none", "again", {"changed": 10, "writes": 11})], MISSED),
        ("1 % changed, none: req", [("none", "again", {"changed": 1500, "write_requests": 4})], MET),
        ("1 % changed, none: req", [("none", "again", {"changed": 1500, "write_requests": 5})], MISSED),
        (f"{MANY}: peak memory in", [("many", "most", {"rows": 999_000, "peak": 601.0})], MISSED),
        (f"{MANY}: peak memory in", [("many", "most", {"rows": 5_000, "peak": 100.0})], NOT_MEASURED),
        (f"{MANY}: peak memory in", [("many", "most", {"rows": 999_000, "note": "ended with 1"})], MISSED),
        (f"{MANY}: peak memory against",
         [("many", "most", {"rows": 999_000, "peak": 130.0}), ("many", "fewer", {})], MET),
        (f"{MANY}: seconds",
         [("many", "most", {"rows": 999_000, "wall": 999.0}), ("none", "pipeline", {})], MET),
        (f"{MANY}: seconds",
         [("many", "most", {"rows": 999_000, "wall": 1199.0}), ("none", "pipeline", {})], MISSED),
        ("chaos, our client: rows", [("chaos", "ours", {"verdict": Verdict(0, 0, 0, 1)})], MISSED),
        ("chaos, our client: rows", [("chaos", "ours", {"note": "ended with 1"})], MISSED),
        ("chaos, our client: time", [("chaos", "ours", {"seconds": 2.0}), ("wide", "ours", {})], MET),
        ("chaos, whole pipeline: time", [("chaos", "pipeline", {"seconds": 2.1}), ("wide", "pipeline", {})], MISSED),
    ],
)  # fmt: skip
def test_a_target_is_met_up_to_its_limit_and_missed_beyond(
    measure: Measure, title: str, lines: list[tuple[str, str, dict[str, Any]]], outcome: str
) -> None:
    measurements = [measure(profile, program, **given) for profile, program, given in lines]
    assert judged(title, measurements).outcome == outcome


def test_rows_that_did_not_arrive_make_a_program_no_faster(measure: Measure) -> None:
    assert measure("none", "rows", verdict=Verdict(600, 0, 100, 0)).rate == 300


def test_figures_are_valid_json_also_after_a_failed_run(measure: Measure, tmp_path: Path) -> None:
    measurements = [measure("wide", "ours", note="ended with 1"), measure("wide", "hand")]
    write_json(tmp_path / "out" / "bench.json", measurements, targets(measurements))
    text = (tmp_path / "out" / "bench.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert content["measurements"][0]["rows_per_second"] == 1000
    assert [one["outcome"] for one in content["targets"] if one["title"].startswith(HAND)] == [MISSED]
