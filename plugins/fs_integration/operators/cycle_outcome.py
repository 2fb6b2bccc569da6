"""The last task of a cycle: without it a run would count as a success although an area in its middle failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context


class CycleOutcomeOperator(BaseOperator):
    """Fail when any task directly before this one did not succeed, and say which.

    Airflow judges a run by its last tasks alone, and in a cycle those may succeed after others have failed.
    """

    def execute(self, context: Context) -> None:
        run_id = context["dag_run"].run_id
        tasks = sorted(self.upstream_task_ids)
        found = context["ti"].get_task_states(dag_id=self.dag_id, task_ids=tasks, run_ids=[run_id])
        states = {task: str(found.get(run_id, {}).get(task)) for task in tasks}
        failed = [f"{task} ({state})" for task, state in states.items() if state != "success"]
        if failed:
            raise AirflowFailException(
                f"These parts of the cycle did not succeed: {', '.join(failed)}. `upstream_failed` means it was not "
                "started, because something it requires failed. The button Triggered DAG of a failed task leads to the "
                "run of its area; mend the cause there, then clear the failed task here, downstream included."
            )
        self.log.info("Every area of the cycle succeeded.")
