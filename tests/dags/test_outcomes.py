"""How a cycle and an area of several tasks are judged: by everything in them, company by company."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from fs_integration.errors import FsIntegrationError, ReconciliationError
from fs_integration.operators import AreaRunOperator, OutcomeOperator, ReconcileLoadOperator
from fs_integration.operators.area_run import ONLY_STOPPED, PARTLY
from fs_integration.pipeline.run import Mode

RUN, AREA_RUN = "manual__cycle", "manual__area"


@dataclass
class Instance:
    """What a task may ask Airflow: states of tasks and what they pushed, both by run and task."""

    states: dict[str, dict[str, str]]
    pushed: dict[tuple[str, str], Any] = field(default_factory=dict)

    def get_task_states(self, *, dag_id: str, run_ids: list[str], task_ids: list[str] | None = None) -> Any:
        return {run: {task: state for task, state in self.states.get(run, {}).items()
                      if task_ids is None or task in task_ids} for run in run_ids}  # fmt: skip

    def xcom_pull(self, *, task_ids: str, key: str, dag_id: str = "", run_id: str = RUN) -> Any:
        return self.pushed.get((task_ids, key))

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.pushed["me", key] = value


def context(instance: Instance) -> Any:
    return {"ti": instance, "dag_run": SimpleNamespace(run_id=RUN)}


def area_ended(state: str, steps: dict[str, str], stopped: dict[str, list[str]]) -> Instance:
    """Let an area's run end, and return what its task in the cycle did.

    :param stopped: task that failed only because gates stopped companies -> these companies.
    """
    pushed = {(task, ONLY_STOPPED): companies for task, companies in stopped.items()}
    instance = Instance({AREA_RUN: steps}, pushed)
    event = {"run_ids": [AREA_RUN], AREA_RUN: state}
    AreaRunOperator(task_id="products", area="products").execute_complete(context(instance), ("trigger", event))
    return instance


GOOD = {"p.extract": "success", "p.transform_0": "success", "p.quality_gate": "success", "p.load_0": "success"}
STOPPED = {"p.reconcile": ["demf"]}


def test_an_area_that_succeeded_leaves_no_note():
    assert ("me", PARTLY) not in area_ended("success", {**GOOD, "p.reconcile": "success"}, {}).pushed


def test_an_area_whose_gate_stopped_some_companies_lets_the_others_go_on_and_names_them():
    ended = area_ended("failed", {**GOOD, "p.reconcile": "failed"}, STOPPED)
    assert ended.pushed["me", PARTLY] == "fs_products: the gate stopped demf"


def test_companies_stopped_by_several_tasks_of_an_area_are_named_once_each():
    steps = {**GOOD, "p.reconcile": "failed", "q.quality_gate": "success", "q.reconcile": "failed", "outcome": "failed"}
    stopped = {**STOPPED, "q.reconcile": ["demf", "usmf"]}
    assert area_ended("failed", steps, stopped).pushed["me", PARTLY] == "fs_products: the gate stopped demf, usmf"


@pytest.mark.parametrize(
    ("steps", "stopped"),
    [
        pytest.param({"p.extract": "failed", "p.reconcile": "upstream_failed"}, {}, id="the source cannot be read"),
        pytest.param({**GOOD, "p.quality_gate": "failed", "p.reconcile": "upstream_failed"}, {},
                     id="the gate let no company through"),
        pytest.param({**GOOD, "p.load_0": "failed", "p.reconcile": "upstream_failed"}, {},
                     id="rows could not be written"),
        pytest.param({**GOOD, "p.reconcile": "failed"}, {}, id="the books do not balance"),
        pytest.param({**GOOD, "p.reconcile": "failed", "q.extract": "failed"}, STOPPED, id="another task failed"),
        pytest.param({**GOOD, "p.reconcile": "failed", "q.reconcile": "failed"}, STOPPED,
                     id="the books of another task do not balance"),
        pytest.param({}, {}, id="nothing is known of the run"),
    ],
)  # fmt: skip
def test_an_area_that_failed_otherwise_fails_in_the_cycle(steps, stopped):
    with pytest.raises(AirflowException, match="fs_products"):
        area_ended("failed", steps, stopped)


@pytest.mark.parametrize(
    ("fault", "stopped", "note"),
    [
        pytest.param(None, {"demf": ["too many bad rows"]}, ["demf"], id="the gate stopped a company"),
        pytest.param(ReconciliationError("2 are missing there"), {"demf": ["too many bad rows"]}, None,
                     id="rows of another company are missing as well"),
        pytest.param(ReconciliationError("2 are missing there"), {}, None, id="rows are missing"),
    ],
)  # fmt: skip
def test_only_a_task_that_failed_for_nothing_but_stopped_companies_names_them(fault, stopped, note, monkeypatch):
    def reconcile(*_: Any, **__: Any) -> list[Any]:
        if fault:
            raise fault
        return []

    monkeypatch.setattr("fs_integration.pipeline.reconcile.reconcile", reconcile)
    monkeypatch.setattr(ReconcileLoadOperator, "run_of", lambda *_: SimpleNamespace(mode=Mode.STATELESS))
    monkeypatch.setattr(ReconcileLoadOperator, "counted", lambda *_: nullcontext())
    task = ReconcileLoadOperator(
        task_id="reconcile", mapping="products", mapping_task="products", connection_set="default", results=[],
        stopped=stopped, asset=Asset("products"),
    )  # fmt: skip
    task.clients = task.staging = task.ledger = None
    instance = Instance({})
    with pytest.raises(FsIntegrationError):
        task.execute(context(instance))
    assert instance.pushed.get(("me", ONLY_STOPPED)) == note


@pytest.fixture
def judged():
    """Return what judges a run in which these tasks ended so."""

    def judge(states: dict[str, str], pushed: dict[tuple[str, str], Any] | None = None) -> None:
        with DAG("cycle", schedule=None):
            outcome = OutcomeOperator(task_id="outcome", advice="Do this next.")
            for task in states:
                AreaRunOperator(task_id=task, area=task) >> outcome
        outcome.execute(context(Instance({RUN: {**states, "elsewhere": "failed"}}, pushed or {})))

    return judge


def test_a_run_in_which_everything_before_the_outcome_succeeded_is_a_success(judged):
    judged({"accounts": "success", "products": "success"})


@pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped"])
def test_a_part_that_did_not_succeed_fails_the_run_and_is_named(judged, state):
    with pytest.raises(AirflowFailException) as failed:
        judged({"accounts": "success", "products": state})
    assert str(failed.value) == f"These did not succeed: products ({state}). Do this next."


def test_a_part_that_succeeded_for_some_companies_only_fails_the_run_too(judged):
    with pytest.raises(AirflowFailException, match="fs_products: the gate stopped demf"):
        judged({"products": "success"}, {("products", PARTLY): "fs_products: the gate stopped demf"})
