"""The last task of a DAG in which tasks run although others failed: without it the run would count as a success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, TriggerRule
from airflow.sdk.exceptions import AirflowFailException

from fs_integration.operators.area_run import PARTLY

if TYPE_CHECKING:
    from airflow.sdk import Context


class OutcomeOperator(BaseOperator):
    """Fail when any task directly before this one did not succeed, or did only for some companies, and say which.

    Airflow judges a run by its last tasks alone, and those may succeed after others have failed.

    :param advice: what to do next, put behind the names of the tasks.
    """

    def __init__(self, *, advice: str, **kwargs: Any) -> None:
        super().__init__(trigger_rule=TriggerRule.ALL_DONE, **kwargs)
        self.advice = advice

    def execute(self, context: Context) -> None:
        run_id = context["dag_run"].run_id
        tasks = sorted(self.upstream_task_ids)
        found = context["ti"].get_task_states(dag_id=self.dag_id, task_ids=tasks, run_ids=[run_id])
        states = {task: str(found.get(run_id, {}).get(task)) for task in tasks}
        failed = [f"{task} ({state})" for task, state in states.items() if state != "success"]
        notes = (context["ti"].xcom_pull(task_ids=task, key=PARTLY) for task in tasks)
        failed += [note for note in notes if note]
        if failed:
            raise AirflowFailException(f"These did not succeed: {', '.join(failed)}. {self.advice}")
        self.log.info("Everything succeeded.")
