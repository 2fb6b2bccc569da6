"""What every DAG of this repository keeps to (docs/architecture.md, "One area, one DAG")."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from airflow.sdk import CronDataIntervalTimetable

from fs_integration.operators.retry import FamilyRetryPolicy

EXPECTED_DAG_IDS = {"fs_warehouses", "fs_products", "fs_product_inventory"}
STEPS = ("extract", "transform", "quality_gate", "load", "reconcile")
POOLS = {
    "extract": "finance_operations_api",
    "transform": "default_pool",
    "quality_gate": "default_pool",
    "load": "dataverse_api",
    "reconcile": "dataverse_api",
}
SOURCE_AND_TARGET = {"finance_operations", "dataverse"}

by_dag = pytest.mark.parametrize("dag_id", sorted(EXPECTED_DAG_IDS))


def steps_of(dag):
    return {task.task_id: task for task in dag.tasks}


def test_every_file_can_be_imported(bag):
    assert bag.import_errors == {}


def test_the_dags_are_the_expected_ones(bag):
    assert set(bag.dags) == EXPECTED_DAG_IDS


@by_dag
def test_every_mapping_task_is_a_group_of_five_steps(bag, dag_id):
    dag = bag.dags[dag_id]
    groups = {task_id.split(".")[0] for task_id in dag.task_ids}
    assert set(dag.task_ids) == {f"{group}.{step}" for group in groups for step in STEPS}


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
    pools = {task.task_id: task.pool for task in bag.dags[dag_id].tasks}
    assert pools == {task_id: POOLS[task_id.split(".")[1]] for task_id in pools}


@by_dag
def test_tasks_are_retried_with_growing_pauses_as_the_error_family_decides(bag, dag_id):
    for task in bag.dags[dag_id].tasks:
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
def test_a_run_by_hand_may_name_its_window(bag, dag_id):
    assert set(bag.dags[dag_id].params) == {"window_start", "window_end"}
    assert bag.dags[dag_id].params.dump() == {"window_start": None, "window_end": None}


@by_dag
def test_the_last_step_publishes_the_target_table_under_its_asset(bag, dag_id):
    for task in bag.dags[dag_id].tasks:
        if task.task_id.endswith(".reconcile"):
            assert task.asset.name.startswith("dataverse/")
            assert [alias.name for alias in task.outlets] == [task.asset.name]


@by_dag
def test_file_name_and_variable_name_are_the_dag_id(bag, dag_id, root):
    text = (root / "dags" / f"{dag_id}.py").read_text(encoding="utf-8")
    assert f"\n{dag_id} = integration_dag(" in text
