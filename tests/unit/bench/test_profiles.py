"""Profiles: what the sandbox is set to, and which programs are measured how."""

from __future__ import annotations

import pytest

from bench.competitors import PROGRAMS
from bench.profiles import PROFILES

BY_NAME = {program.name: program for program in PROGRAMS}


def test_only_the_throttled_profile_limits_requests_and_lets_a_third_of_them_pass_in_a_window() -> None:
    limits = {name: profile.limits(100)["dataverse"]["requests"] for name, profile in PROFILES.items()}
    assert limits == {"none": None, "wide": None, "throttled": 34, "chaos": None}


@pytest.mark.parametrize("requests", [1, 5, 100])
def test_a_faulty_run_meets_faults_however_short_it_is_and_every_program_the_same(requests: int) -> None:
    faults = PROFILES["chaos"].faults(requests)
    assert faults == PROFILES["chaos"].faults(requests)
    assert {fault["system"] for fault in faults} == {"dataverse", "finops"}
    assert PROFILES["wide"].faults(requests) == []


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [("ours", 100_000, 100_000), ("sequential", 100_000, 20_000), ("sequential", 5_000, 2_000),
     ("sequential", 900, 900), ("rows", 100_000, 200), ("rows", 50, 50)],
)  # fmt: skip
def test_slow_programs_write_a_part_of_the_rows(name: str, rows: int, expected: int) -> None:
    assert BY_NAME[name].rows(rows) == expected


def test_where_requests_are_limited_a_part_of_the_rows_is_not_enough() -> None:
    assert BY_NAME["sequential"].rows(100_000, throttled=True) == 100_000
    assert BY_NAME["rows"].rows(100_000, throttled=True) == 200


@pytest.mark.parametrize(("name", "expected"), [("ours", 3), ("sequential", 3), ("rows", 2001)])
def test_requests_follow_from_rows(name: str, expected: int) -> None:
    assert BY_NAME[name].requests(2001) == expected
