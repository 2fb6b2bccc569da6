"""What every DAG of this repository keeps to (docs/architecture.md, "One area, one DAG")."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from airflow.exceptions import ParamValidationError
from airflow.sdk import CronDataIntervalTimetable

from fs_integration.operators.retry import FamilyRetryPolicy
from fs_integration.pipeline.run import REPLAY_WORDS

TO_FIELD_SERVICE = {"fs_warehouses", "fs_products", "fs_projects", "fs_product_inventory"}
TO_SUPPLY_CHAIN = {
    "fs_accounts", "fs_inventory_adjustments", "fs_inventory_transfers", "fs_work_orders", "fs_agreement_invoices",
}  # fmt: skip
AREAS = TO_FIELD_SERVICE | TO_SUPPLY_CHAIN
STEPS = ("extract", "transform", "quality_gate", "load", "reconcile")
READING, WRITING = {"extract"}, {"load", "reconcile"}
SOURCE_AND_TARGET = {"finance_operations", "dataverse"}

by_dag = pytest.mark.parametrize("dag_id", sorted(AREAS))


def ends(dag_id):
    """The system an area reads from and the one it writes to."""
    systems = ("finance_operations", "dataverse")
    return systems if dag_id in TO_FIELD_SERVICE else systems[::-1]


def steps_of(dag):
    """The steps of all mapping tasks; an area with several tasks has one more task behind them."""
    return {task.task_id: task for task in dag.tasks if task.task_id != "outcome"}


def test_every_file_can_be_imported(bag):
    assert bag.import_errors == {}


def test_the_dags_are_the_expected_ones(bag):
    assert set(bag.dags) == {*AREAS, "fs_cycle"}


@by_dag
def test_every_mapping_task_is_a_group_of_five_steps(bag, dag_id):
    dag = bag.dags[dag_id]
    groups = {task_id.split(".")[0] for task_id in steps_of(dag)}
    assert set(steps_of(dag)) == {f"{group}.{step}" for group in groups for step in STEPS}
    assert ("outcome" in dag.task_ids) is (len(groups) > 1)


@by_dag
def test_the_steps_run_one_after_the_other(bag, dag_id):
    tasks = steps_of(bag.dags[dag_id])
    for group in {task_id.split(".")[0] for task_id in tasks}:
        for before, after in pairwise(STEPS):
            assert f"{group}.{after}" in tasks[f"{group}.{before}"].downstream_task_ids


@by_dag
def test_the_mapping_is_the_documentation_of_the_dag(bag, dag_id):
    dag = bag.dags[dag_id]
    assert dag.doc_md.strip().startswith("#")
    assert "Mapping version" in dag.doc_md
    assert dag.description


@by_dag
def test_every_task_says_what_it_does_and_when_it_fails(bag, dag_id):
    silent = [task.task_id for task in bag.dags[dag_id].tasks if len(task.doc_md or "") < 80]
    assert silent == []


@by_dag
def test_tasks_that_talk_to_a_service_wait_for_its_pool(bag, dag_id):
    source, target = ends(dag_id)
    pools = {**dict.fromkeys(READING, f"{source}_api"), **dict.fromkeys(WRITING, f"{target}_api")}
    for task_id, task in steps_of(bag.dags[dag_id]).items():
        assert task.pool == pools.get(task_id.split(".")[1], "default_pool"), task_id


@by_dag
def test_tasks_are_retried_with_growing_pauses_as_the_error_family_decides(bag, dag_id):
    for task in steps_of(bag.dags[dag_id]).values():
        assert task.retries == 3, task.task_id
        assert task.retry_delay == timedelta(seconds=30), task.task_id
        assert task.max_retry_delay == timedelta(minutes=10), task.task_id
        assert isinstance(policy_of(task), FamilyRetryPolicy), task.task_id


def policy_of(task):
    """A mapped task has its policy from the operator's constructor, once it is unmapped."""
    return task.unmap({"batch": {}}).retry_policy if task.is_mapped else task.retry_policy


@by_dag
def test_no_task_runs_for_ever(bag, dag_id):
    assert all(task.execution_timeout == timedelta(hours=2) for task in bag.dags[dag_id].tasks)


@by_dag
def test_tags_name_the_package_and_both_systems(bag, dag_id):
    assert set(bag.dags[dag_id].tags) == {"fs-integration", *SOURCE_AND_TARGET}


@by_dag
def test_runs_follow_one_another_and_missed_ones_are_not_made_up_for(bag, dag_id):
    dag = bag.dags[dag_id]
    assert dag.max_active_runs == 1
    assert dag.catchup is False


@by_dag
def test_runs_have_a_data_interval(bag, dag_id):
    assert isinstance(bag.dags[dag_id].timetable, CronDataIntervalTimetable)


@by_dag
def test_a_run_by_hand_may_name_its_window_or_write_everything_again(bag, dag_id):
    own = {name: value for name, value in bag.dags[dag_id].params.dump().items() if not name.startswith("replay_")}
    assert own == {"window_start": None, "window_end": None, "full": False}


@by_dag
def test_a_run_by_hand_may_replay_what_is_held_back(bag, dag_id):
    replay = {name: value for name, value in bag.dags[dag_id].params.dump().items() if name.startswith("replay_")}
    assert replay == dict.fromkeys((*(f"replay_{word}" for word in REPLAY_WORDS), "replay_seen"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("replay_rule", 5), ("replay_key", ["A"]), ("replay_run", "x" * 501), ("replay_company", ""),
     ("replay_seen", "../../etc"), ("replay_task", {"a": 1})],
)  # fmt: skip
def test_a_word_of_a_replay_that_is_none_is_refused(bag, name, value):
    param = bag.dags["fs_products"].params.get_param(name)
    with pytest.raises(ParamValidationError):
        param.resolve(value)


@by_dag
def test_the_last_step_publishes_the_target_table_under_its_asset(bag, dag_id):
    for task in bag.dags[dag_id].tasks:
        if task.task_id.endswith(".reconcile"):
            assert task.asset.name.startswith(f"{ends(dag_id)[1]}/")
            assert [alias.name for alias in task.outlets] == [task.asset.name]


@by_dag
def test_file_name_and_variable_name_are_the_dag_id(bag, dag_id, root):
    text = (root / "dags" / f"{dag_id}.py").read_text(encoding="utf-8")
    assert f"\n{dag_id} = integration_dag(" in text


def test_the_cycle_runs_every_area_of_the_repository(bag):
    triggered = {task.trigger_dag_id for task in bag.dags["fs_cycle"].tasks if hasattr(task, "trigger_dag_id")}
    assert triggered == AREAS


def test_the_cycle_waits_for_both_kinds_of_inventory_journals(bag):
    assert bag.dags["fs_cycle"].get_task("journals_posted").areas == ["inventory_adjustments", "inventory_transfers"]


@pytest.mark.parametrize(
    ("area", "requires"),
    [
        ("accounts", set()),
        ("warehouses", set()),
        ("products", set()),
        ("projects", {"accounts"}),
        ("inventory_adjustments", {"warehouses", "products"}),
        ("inventory_transfers", {"warehouses", "products"}),
        ("work_orders", {"accounts", "warehouses", "products", "projects"}),
        ("product_inventory", {"warehouses", "products"}),
        ("agreement_invoices", {"accounts"}),
    ],
)
def test_an_area_of_the_cycle_is_stopped_by_the_failure_of_exactly_these(bag, area, requires):
    cycle = bag.dags["fs_cycle"]
    assert {task for task in cycle.get_task(area).upstream_task_ids if task in cycle_areas(cycle)} == requires


def cycle_areas(cycle):
    return {task.task_id for task in cycle.tasks if hasattr(task, "trigger_dag_id")}
