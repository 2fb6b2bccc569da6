"""The DAG of all areas: its order, who waits for whom, and what stops whom (docs/operating.md)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from fs_integration.cycle import STAGES, cycle_dag
from fs_integration.errors import MappingError

REQUIRES = {
    "accounts": [],
    "warehouses": [],
    "products": [],
    "projects": ["accounts"],
    "inventory_adjustments": ["warehouses", "products"],
    "inventory_transfers": ["warehouses", "products"],
    "work_orders": ["accounts", "warehouses", "products", "projects"],
    "product_inventory": ["warehouses", "products"],
    "agreement_invoices": ["accounts"],
}
PASSAGES = {"master_data_ended", "journals_posted", "stock_ended"}


@pytest.fixture
def cycle(mappings):
    mappings(**REQUIRES)
    return cycle_dag(schedule="0 */2 * * *")


def upstream(dag, task_id):
    return dag.get_task(task_id).upstream_task_ids


def all_before(dag, task_id):
    return {task.task_id for task in dag.get_task(task_id).get_flat_relatives(upstream=True)}


def test_every_area_is_started_once_and_stages_have_passages_between_them(cycle):
    assert set(cycle.task_ids) == {*REQUIRES, *PASSAGES, "outcome"}


@pytest.mark.parametrize("area", REQUIRES)
def test_an_area_waits_for_exactly_what_it_requires_and_the_passage_before_its_stage(cycle, area):
    assert upstream(cycle, area) - PASSAGES == set(REQUIRES[area])
    stage = next(number for number, names in enumerate(STAGES.values()) if area in names)
    before = [[], ["master_data_ended"], ["journals_posted"], ["stock_ended"]][stage]
    assert upstream(cycle, area) & PASSAGES == set(before)


def test_areas_run_in_the_order_of_the_stages(cycle):
    names = list(STAGES.values())
    for number, stage in enumerate(names[1:], 1):
        for area in stage:
            assert {before for earlier in names[:number] for before in earlier} <= all_before(cycle, area)


def test_a_failed_area_stops_those_that_require_it_and_no_other(cycle):
    assert all(cycle.get_task(area).trigger_rule == "all_success" for area in REQUIRES)
    assert all(cycle.get_task(passage).trigger_rule == "all_done" for passage in PASSAGES)


@pytest.mark.parametrize("area", REQUIRES)
def test_an_area_is_its_own_dag_waited_for_without_a_worker(cycle, area):
    task = cycle.get_task(area)
    assert task.trigger_dag_id == f"fs_{area}"
    assert task.wait_for_completion
    assert task.deferrable
    assert task.fail_when_dag_is_paused
    assert task.retries == 0


def test_the_outcome_counts_every_area_and_the_posting_and_is_the_only_last_task(cycle):
    assert upstream(cycle, "outcome") == {*REQUIRES, "journals_posted"}
    assert cycle.get_task("outcome").trigger_rule == "all_done"
    assert [task.task_id for task in cycle.leaves] == ["outcome"]


def test_the_cycle_waits_for_the_journals_of_the_areas_that_write_some(cycle):
    sensor = cycle.get_task("journals_posted")
    assert sensor.areas == ["inventory_adjustments", "inventory_transfers"]
    assert sensor.pool == "finance_operations_api"
    assert {"inventory_adjustments", "inventory_transfers"} <= upstream(cycle, "journals_posted")


def test_it_waits_once_after_the_last_of_them(mappings):
    mappings(inventory_adjustments=[], inventory_transfers=[], product_inventory=[])
    stages = {"one": ["inventory_adjustments"], "two": ["inventory_transfers"], "three": ["product_inventory"]}
    dag = cycle_dag(schedule=None, stages=stages)
    assert set(dag.task_ids) == {*(area for areas in stages.values() for area in areas), "one_ended", "journals_posted",
                                 "outcome"}  # fmt: skip
    assert dag.get_task("journals_posted").areas == ["inventory_adjustments", "inventory_transfers"]
    assert upstream(dag, "product_inventory") == {"journals_posted"}


def test_with_nothing_after_them_nobody_waits(mappings):
    mappings(inventory_adjustments=[], inventory_transfers=[])
    dag = cycle_dag(schedule=None, stages={"one": ["inventory_adjustments", "inventory_transfers"]})
    assert set(dag.task_ids) == {"inventory_adjustments", "inventory_transfers", "outcome"}


def test_a_run_by_hand_may_say_how_long_to_wait_and_what_then(mappings):
    mappings(**REQUIRES)
    params = cycle_dag(schedule=None, posting_minutes=5, at_posting_timeout="go_on").params
    assert params.dump() == {"posting_minutes": 5, "at_posting_timeout": "go_on"}
    assert params.get_param("at_posting_timeout").schema["enum"] == ["go_on", "fail"]


def test_the_cycle_is_paused_until_a_site_wants_it_and_runs_one_at_a_time(cycle):
    assert cycle.is_paused_upon_creation is True
    assert cycle.max_active_runs == 1
    assert cycle.catchup is False


def test_every_task_says_what_it_does_and_the_dag_shows_the_order(cycle):
    assert [task.task_id for task in cycle.tasks if len(task.doc_md or "") < 80] == []
    for stage, names in STAGES.items():
        for area in names:
            assert f"| {stage} | fs_{area} |" in cycle.doc_md


def test_a_cycle_read_back_by_the_scheduler_is_the_same(cycle):
    stored = DagSerialization.from_dict(DagSerialization.to_dict(cycle))
    for task in cycle.tasks:
        after = stored.get_task(task.task_id)
        assert (after.downstream_task_ids, after.trigger_rule) == (task.downstream_task_ids, task.trigger_rule)
    assert {link.name for link in stored.get_task("accounts").operator_extra_links} == {"Triggered DAG"}
    assert tuple(stored.get_task("journals_posted").template_fields) == ("minutes", "at_timeout")


def test_a_site_may_run_areas_of_its_own_and_leave_some_out(mappings):
    mappings(**REQUIRES, assets=["accounts"])
    dag = cycle_dag(schedule=None, stages={"first": ["accounts"], "then": ["assets", "product_inventory"]})
    assert set(dag.task_ids) == {"accounts", "assets", "product_inventory", "first_ended", "outcome"}
    assert upstream(dag, "assets") == {"accounts", "first_ended"}
    assert upstream(dag, "product_inventory") == {"first_ended"}, "what is not in the cycle is not waited for"


def test_an_area_before_one_that_it_requires_is_refused(mappings):
    mappings(accounts=["projects"], projects=[])
    with pytest.raises(MappingError, match="runs `accounts` before `projects`"):
        cycle_dag(schedule=None, stages={"one": ["accounts"], "two": ["projects"]})


def test_an_area_without_a_mapping_is_refused(mappings):
    mappings(accounts=[])
    with pytest.raises(MappingError, match="no mapping `acounts`"):
        cycle_dag(schedule=None, stages={"one": ["acounts"]})


def test_other_options_of_a_dag_are_handed_on(mappings):
    mappings(accounts=[])
    dag = cycle_dag(schedule=None, stages={"one": ["accounts"]}, dagrun_timeout=timedelta(hours=5))
    assert dag.dagrun_timeout == timedelta(hours=5)
