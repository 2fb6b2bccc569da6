"""The benchmark on a tiny world: our programs leave the target exact, and a target that is not exact is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.check import Verdict, verdict
from bench.competitors import PROGRAMS, Program
from bench.environments import NotInstalled
from bench.profiles import PROFILES, Profile
from bench.programs.wire import TABLE
from bench.run import Measurement, run
from bench.targets import MISSED, targets
from bench.world import World, expected, world

ROWS = 150
BY_NAME = {program.name: program for program in PROGRAMS}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(ROWS, tmp_path_factory.mktemp("bench")) as one:
        yield one


def measured(one: World, name: str, profile: Profile = PROFILES["none"], **changes: Any) -> Measurement:
    program: Program = replace(BY_NAME[name], **changes)
    return run(one, program, profile, one.folder / "environments")


@pytest.mark.parametrize("name", ["ours", "hand", "sequential", "minimal"])
def test_a_program_leaves_the_target_exact_with_one_write_per_row(tiny: World, name: str) -> None:
    one = measured(tiny, name)
    assert (one.note, one.verdict, one.writes_per_change) == ("", Verdict(0, 0, 0, 0), 1.0)
    assert one.rows == len(tiny.rows) > ROWS * 0.8
    assert one.rate > 0
    assert one.cpu > 0
    assert one.peak > 0


def test_the_pipeline_writes_everything_once_and_then_only_what_changed(tiny: World) -> None:
    first, again = measured(tiny, "pipeline"), measured(tiny, "again")
    assert (first.note, first.verdict, first.writes_per_change) == ("", Verdict(0, 0, 0, 0), 1.0)
    assert (again.note, again.verdict, again.writes) == ("", Verdict(0, 0, 0, 0), again.changed)
    assert 0 < again.changed < 5


def test_a_second_world_knows_nothing_of_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        with world(ROWS, tmp_path) as one:
            assert len(one.rows) > ROWS * 0.8
            assert measured(one, "hand").ended_well


def test_a_script_that_does_not_wait_loses_rows_and_the_check_finds_them(tiny: World) -> None:
    one = measured(tiny, "rows", PROFILES["throttled"], most=40)
    assert one.verdict == Verdict(missing=38, extra=0, wrong=0, twice=0)
    assert one.refused == 38
    assert not one.ended_well


DAMAGES: dict[str, tuple[Callable[[Rows], Rows], Verdict]] = {
    "a row gone": (lambda rows: rows[1:], Verdict(1, 0, 0, 0)),
    "a row too many": (lambda rows: [*rows, {**rows[0], "msdynce_productnumber": "X", f"{TABLE[:-3]}yid": None}],
                       Verdict(0, 1, 0, 0)),
    "another level": (lambda rows: [{**rows[0], "msdynce_onhandquantity": -1.0}, *rows[1:]], Verdict(0, 0, 1, 0)),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_damage_done_to_the_target_is_found(tiny: World, damage: str) -> None:
    measured(tiny, "hand")
    change, found = DAMAGES[damage]
    tiny.sandbox.replace("dataverse", TABLE, change(tiny.found()))
    assert verdict(expected(tiny.rows), tiny.found()) == found


def test_a_program_that_ends_with_an_error_meets_no_target(tiny: World) -> None:
    one = measured(tiny, "ours", module="no_such_program")
    assert "no_such_program" in one.note
    assert one.verdict == Verdict(missing=len(tiny.rows), extra=0, wrong=0, twice=0)
    judged = {target.title: target.outcome for target in targets([replace(one, profile="throttled")])}
    assert judged["throttled: rows lost"] == MISSED


def test_a_library_that_cannot_be_installed_has_a_line_that_says_why(
    tiny: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(requirement: str, folder: Path) -> str:
        raise NotInstalled("ERROR: no network")

    monkeypatch.setattr("bench.run.interpreter", refuse)
    one = measured(tiny, "dlt")
    assert (one.verdict, one.note) == (None, "dlt could not be installed: ERROR: no network")
