"""What is left of a DAG after Airflow has stored it and read it back, as the scheduler and the web server see it."""

from __future__ import annotations

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from tests.dags.test_dags import AREAS

from fs_integration.errors import PermissionDenied, Throttled
from fs_integration.operators.retry import FamilyRetryPolicy

DAG_IDS = sorted(AREAS)
by_dag = pytest.mark.parametrize("dag_id", DAG_IDS)


@pytest.fixture(scope="module")
def stored(bag):
    """Return what gives a DAG back as it was stored."""
    return {dag_id: DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[dag_id])) for dag_id in DAG_IDS}


def tasks_named(dag, step):
    return [task for task in dag.tasks if task.task_id.endswith(f".{step}")]


@by_dag
def test_the_gate_keeps_its_buttons_and_no_other_step_has_any(stored, dag_id):
    for task in stored[dag_id].tasks:
        buttons = {link.name for link in task.operator_extra_links}
        assert buttons == ({"Quarantine", "Data Docs"} if task.task_id.endswith(".quality_gate") else set())


@by_dag
def test_a_dag_is_stored_the_same_every_time(bag, dag_id):
    assert DagSerialization.to_dict(bag.dags[dag_id]) == DagSerialization.to_dict(bag.dags[dag_id])


@by_dag
def test_tasks_documentation_pools_and_order_survive(bag, stored, dag_id):
    before, after = bag.dags[dag_id], stored[dag_id]
    assert set(after.task_ids) == set(before.task_ids)
    assert after.doc_md == before.doc_md
    for task_id in before.task_ids:
        assert after.get_task(task_id).doc_md == before.get_task(task_id).doc_md
        assert after.get_task(task_id).pool == before.get_task(task_id).pool
        assert after.get_task(task_id).downstream_task_ids == before.get_task(task_id).downstream_task_ids


@by_dag
def test_transform_and_load_are_mapped_over_batches(stored, dag_id):
    for step in ("transform", "load"):
        assert all(task.is_mapped for task in tasks_named(stored[dag_id], step))
    for step in ("extract", "quality_gate", "reconcile"):
        assert not any(task.is_mapped for task in tasks_named(stored[dag_id], step))


@by_dag
def test_the_scheduler_knows_that_errors_decide_on_retries(stored, dag_id):
    for step in ("extract", "quality_gate", "reconcile"):
        assert all(task.has_retry_policy for task in tasks_named(stored[dag_id], step))


def test_a_retry_policy_read_back_decides_as_before():
    policy = FamilyRetryPolicy.deserialize(FamilyRetryPolicy().serialize())
    for error in (Throttled("wait", retry_after=7), PermissionDenied("no"), ValueError("unknown")):
        assert policy.evaluate(error, 1, 3) == FamilyRetryPolicy().evaluate(error, 1, 3)
