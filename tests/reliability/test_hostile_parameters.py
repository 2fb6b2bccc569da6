"""X14: whoever may start a run can hand it any JSON. It holds parameters that the DAG has, or the run stops."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.param import process_params
from airflow.sdk.exceptions import ParamValidationError
from hypothesis import given
from hypothesis import strategies as st
from tests.reliability.hostile import HOSTILE, TEXTS, TRIED, in_bounded_time, mappings

from fs_integration.assembly import integration_dag
from fs_integration.cycle import MOST_MINUTES, cycle_dag
from fs_integration.errors import ConfigurationError, MappingError
from fs_integration.pipeline.run import Run, run_of
from fs_integration.records import Scope
from fs_integration.spec.loader import load_connection_set, load_mapping
from fs_integration.staging import StagingArea, run_key
from fs_integration.staging.names import STAGES, folder_of

__all__ = ["mappings"]

REFUSED = (ConfigurationError, ParamValidationError)  # ours, and Airflow's for what the schema of the DAG forbids
AREA = integration_dag("warehouses", schedule=None)
EXTRACT = AREA.get_task("warehouse.extract")
CYCLE = cycle_dag(schedule=None)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.sampled_from(HOSTILE)
    | st.just("x" * 100_000) | st.just([0] * 10_000) | st.datetimes().map(str) | st.just("0001-01-01T00:00:00+14:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5,
)  # fmt: skip


def context(task: Any, conf: dict[str, Any], run_id: str = "manual__x") -> Any:
    """Return what Airflow hands to a task of a run that was started with a configuration."""
    params = process_params(task.dag, task, conf, suppress_exception=False)
    run = SimpleNamespace(run_id=run_id, dag_id=task.dag_id, run_type="manual", run_after=NOW)
    return {"dag_run": run, "params": params, "dag": task.dag, "task": task, "ti": None}


@pytest.mark.fault("X14")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ful", "Did you mean `full`"), ("window_strat", "Did you mean `window_start`"),
        ("Full", "Did you mean `full`"),
        ("replay_kee", "Did you mean `replay_key`"), ("mapping", "Known are: window_start"),
        ("staging_root", "Known are"), ("connection_set", "Known are"), ("../../etc", "Known are"),
        ("__class__", "Known are"), ("a\nb", "`a\\\\nb`"), ("x" * 100_000, "`x{100}`"),
    ],
)  # fmt: skip
def test_a_parameter_that_the_dag_does_not_have_stops_the_run(name, said, outcome):
    with pytest.raises(ConfigurationError, match=rf"{said}.*Nothing was read, nothing was written"):
        EXTRACT.run_of(context(EXTRACT, {name: True}))
    outcome("STOP")


@pytest.mark.fault("X14")
@pytest.mark.parametrize("task", ["accounts", "journals_posted"])
def test_so_does_one_that_the_cycle_does_not_have(task, outcome):
    with pytest.raises(ConfigurationError, match=r"`posting_minuts`.*Did you mean `posting_minutes`"):
        CYCLE.get_task(task).execute(context(CYCLE.get_task(task), {"posting_minuts": 5}))
    outcome("STOP")


WRONG = [
    {"full": "yes"}, {"full": 1}, {"full": None}, {"full": [True]}, {"window_start": 5}, {"window_start": []},
    {"window_start": ["2026-11-01T00:00:00Z"], "window_end": {"a": 1}}, {"window_end": "x" * 501},
    {"window_start": "2026-11-01T00:00:00Z"},
    {"window_start": "2026-11-02T00:00:00Z", "window_end": "2026-11-01T00:00:00Z"},
    {"window_start": "0001-01-01T00:00:00+14:00", "window_end": "2026-11-01T00:00:00Z"}, {"replay_key": ["a"]},
    {"replay_key": "k" * 501}, {"replay_rule": {"a": 1}}, {"replay_task": 0}, {"replay_company": False},
    {"replay_run": "r", "full": True}, {"replay_seen": "../../etc/passwd", "replay_key": "k"},
]  # fmt: skip


@pytest.mark.fault("X14")
@pytest.mark.parametrize("conf", WRONG)
def test_a_value_of_another_kind_stops_the_run_also_where_airflow_does_not_look(conf, outcome):
    with pytest.raises(REFUSED):
        EXTRACT.run_of(context(EXTRACT, conf))
    if "replay_seen" not in conf:  # only compared with a mark of ours, never used
        with pytest.raises(ConfigurationError):
            a_run(conf)
    outcome("STOP")


@pytest.mark.fault("X14")
@pytest.mark.parametrize("minutes", [-1, MOST_MINUTES + 1, 10**30, "5", 1.5, None, [5]])
def test_the_cycle_never_waits_without_end(minutes, outcome):
    with pytest.raises(ParamValidationError):
        context(CYCLE.get_task("journals_posted"), {"posting_minutes": minutes})
    outcome("STOP")


@pytest.mark.fault("X14")
def test_whatever_a_run_is_started_with_it_is_understood_or_refused(outcome):
    names = st.sampled_from(list(AREA.params)) | TEXTS
    understood = []

    @TRIED
    @given(st.dictionaries(names, JSON, max_size=4))
    def try_configuration(conf):
        with in_bounded_time():
            for read in (lambda: EXTRACT.run_of(context(EXTRACT, conf)), lambda: a_run(conf)):
                try:
                    understood.append(isinstance(read(), Run))
                except REFUSED:
                    understood.append(False)

    try_configuration()
    assert any(understood)
    assert not all(understood)
    outcome("STOP")


def a_run(params: dict[str, Any]) -> Run:
    """Return what the pipeline understands of parameters that nobody has checked."""
    return run_of(
        run_key="r", dag_id="d", run_id="i", run_type="manual", run_after=NOW, data_interval=None, params=params
    )


@pytest.mark.fault("X14")
def test_whatever_a_run_and_a_company_are_called_files_stay_below_the_root(tmp_path, outcome):
    root = tmp_path / "staging"
    staging = StagingArea(root)

    @TRIED
    @given(*[TEXTS.filter(bool)] * 4)
    def try_names(mapping, company, run_id, name):
        key = run_key(run_id)
        assert Path(key).name == key
        assert len(key) < 100
        for stage in STAGES:
            folder = folder_of(Scope(mapping, "t", company), key, stage, name)
            assert (root / folder).resolve().is_relative_to(root.resolve())
            assert len(Path(folder).parts) == 6

    try_names()
    for company in ("..", "../..", "/etc", "a/../../b"):
        staging.write_json(Scope("m", "t", company), "r", "..", 1)
    assert [file for file in tmp_path.iterdir() if file != root] == []
    outcome("STOP")


@pytest.mark.fault("X14")
@pytest.mark.parametrize("name", ["../../outside", "../outside", "/etc/passwd", "..", "", "default\0", "./default"])
@pytest.mark.parametrize("load", [load_mapping, load_connection_set])
def test_a_name_that_is_a_path_names_no_file(name, load, mappings, outcome):
    for place in ("connection_sets/default.yaml", "outside.yaml", "../outside.yaml"):
        (mappings / place).write_text("connection_set: default\norganizations: []\n")
    with pytest.raises(MappingError, match="There is no"):
        load(name)
    outcome("STOP")


@pytest.mark.fault("X14")
@pytest.mark.parametrize("company", ["../../x", "a/b", "a.b", "", "us mf", "*", "u" * 100])
def test_a_company_whose_name_would_be_a_path_is_refused_with_its_line(company, mappings, outcome):
    file = mappings / "connection_sets" / "own.yaml"
    file.write_text(f'connection_set: own\norganizations:\n  - {{legal_entity: "{company}"}}\n')
    with pytest.raises(MappingError, match="is no company id") as caught:
        load_connection_set("own")
    assert caught.value.line == 3
    outcome("STOP")
