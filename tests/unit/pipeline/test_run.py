"""Which runs move the watermark, and which window each reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fs_integration.errors import ConfigurationError
from fs_integration.pipeline.run import Mode, Run, run_of
from fs_integration.records import Interval, Selection

DAY_1, DAY_2, DAY_3 = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3))


def a_run(**facts) -> Run:
    given = {
        "run_key": "r", "dag_id": "fs_x", "run_id": "id", "run_type": "scheduled", "run_after": DAY_3,
        "data_interval": Interval(DAY_1, DAY_2), "params": {},
    }  # fmt: skip
    return run_of(**{**given, **facts})


@pytest.mark.parametrize(
    ("facts", "mode", "interval"),
    [
        pytest.param(
            {}, Mode.SCHEDULED, Interval(DAY_1, DAY_2), id="a scheduled run reads its interval and moves the watermark"
        ),
        pytest.param({"run_type": "backfill"}, Mode.STATELESS, Interval(DAY_1, DAY_2), id="a backfill is stateless"),
        pytest.param(
            {"run_type": "manual"}, Mode.SCHEDULED, Interval(None, DAY_3),
            id="a run by hand reads on to the moment it was started",
        ),
        pytest.param(
            {"run_type": "manual", "data_interval": None}, Mode.SCHEDULED, Interval(None, DAY_3),
            id="a run without logical date does too",
        ),
        pytest.param(
            {"run_type": "manual",
             "params": {"window_start": "2026-11-01T00:00:00Z", "window_end": "2026-11-02T00:00:00+00:00"}},
            Mode.STATELESS, Interval(DAY_1, DAY_2), id="an explicit window makes a run by hand stateless",
        ),
        pytest.param(
            {"run_type": "asset_triggered", "data_interval": None}, Mode.SCHEDULED, Interval(None, DAY_3),
            id="a run started by an asset reads on",
        ),
        pytest.param(
            {"run_type": "operator_triggered"}, Mode.SCHEDULED, Interval(None, DAY_3),
            id="a run started by the cycle reads on",
        ),
    ],
)  # fmt: skip
def test_run_type_decides_mode_and_window(facts, mode, interval):
    run = a_run(**facts)
    assert (run.mode, run.interval) == (mode, interval)


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"window_start": "2026-11-01T00:00:00Z"}, id="end missing"),
        pytest.param({"window_start": "yesterday", "window_end": "2026-11-02T00:00:00Z"}, id="not a moment"),
        pytest.param({"window_start": "2026-11-02T00:00:00Z", "window_end": "2026-11-01T00:00:00Z"}, id="wrong order"),
    ],
)
def test_bad_window_is_refused_with_the_words_that_were_given(params):
    with pytest.raises(ConfigurationError, match="window_"):
        a_run(run_type="manual", params=params)


def test_scheduled_run_reads_on_from_the_watermark():
    run = a_run(data_interval=Interval(DAY_2, DAY_3)).for_scope(DAY_1)
    assert (run.mode, run.interval) == (Mode.SCHEDULED, Interval(DAY_1, DAY_3))


def test_first_scheduled_run_reads_from_the_beginning():
    assert a_run().for_scope(None).interval == Interval(None, DAY_2)


def test_cleared_old_scheduled_run_becomes_stateless_once_the_watermark_is_beyond_it():
    run = a_run().for_scope(DAY_3)
    assert (run.mode, run.interval) == (Mode.STATELESS, Interval(DAY_1, DAY_2))


def test_a_full_run_reads_from_the_beginning_whatever_the_watermark_says():
    run = a_run(run_type="manual", params={"full": True})
    assert run.full
    assert run.for_scope(DAY_1).interval == Interval(None, DAY_3)
    assert not a_run(run_type="manual", params={"full": False}).full


def test_neither_a_scheduled_run_nor_a_window_is_full():
    window = {"window_start": "2026-11-01T00:00:00Z", "window_end": "2026-11-02T00:00:00Z", "full": True}
    assert not a_run(params={"full": True}).full
    assert not a_run(run_type="manual", params=window).full


def test_any_word_of_a_replay_makes_a_stateless_run_over_these_rows():
    run = a_run(
        run_type="manual", params={"replay_rule": "required", "replay_company": "usmf", "replay_seen": "0a" * 6}
    )
    assert (run.mode, run.interval) == (Mode.STATELESS, Interval(None, DAY_3))
    assert (run.replay, run.seen) == (Selection(rule="required", company="usmf"), "0a" * 6)
    assert a_run(params={"replay_rule": None, "replay_seen": ""}).replay is None


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"full": True}, id="full"),
        pytest.param({"window_start": "2026-11-01T00:00:00Z", "window_end": "2026-11-02T00:00:00Z"}, id="window"),
    ],
)
def test_a_replay_that_is_to_read_other_rows_as_well_is_refused(params):
    with pytest.raises(ConfigurationError, match="Start two runs"):
        a_run(run_type="manual", params={"replay_key": "A", **params})
