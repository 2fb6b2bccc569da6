"""One area inside the cycle: start its DAG, wait for it, and keep companies apart when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.exceptions import AirflowException

from fs_integration.operators.parameters import refuse_unknown

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

POLL_SECONDS = 10
PARTLY = "partly"  # XCom key of the note
ONLY_STOPPED = "only_stopped"  # XCom key of the companies that are the one reason why a task failed
BAD_STATES = ("failed", "upstream_failed")


class AreaRunOperator(TriggerDagRunOperator):
    """Start the DAG of an area and wait for its run in the triggerer.

    An area fails when its gate stopped some companies, although it wrote the rows of the others. That must not hold up
    the others in the areas after it: the task then succeeds and leaves a note, which makes the outcome fail.

    :param area: mapping of the area.
    """

    def __init__(self, *, area: str, **kwargs: Any) -> None:
        kwargs = {
            "trigger_dag_id": f"fs_{area}", "logical_date": None, "wait_for_completion": True, "deferrable": True,
            "poke_interval": POLL_SECONDS, "fail_when_dag_is_paused": True,
            "retries": 0,  # the area's own tasks have been tried as often as makes sense
            **kwargs,
        }  # fmt: skip
        super().__init__(**kwargs)

    def execute(self, context: Context) -> None:
        refuse_unknown(context)
        super().execute(context)

    def execute_complete(self, context: Context, event: tuple[str, dict[str, Any]]) -> None:
        try:
            super().execute_complete(context, event)
        except AirflowException:
            stopped = self._stopped_companies(context["ti"], event[1]["run_ids"][0])
            if not stopped:
                raise
            note = f"{self.trigger_dag_id}: the gate stopped {', '.join(stopped)}"
            self.log.warning("%s; the areas after it run for the other companies.", note)
            context["ti"].xcom_push(key=PARTLY, value=note)

    def _stopped_companies(self, ti: RuntimeTaskInstanceProtocol, run_id: str) -> list[str]:
        """Return the companies that gates stopped, when that is the only reason why the run failed; else nothing."""
        found = ti.get_task_states(dag_id=self.trigger_dag_id, run_ids=[run_id])
        failed = {task for task, state in found.get(run_id, {}).items() if str(state) in BAD_STATES} - {"outcome"}
        companies: set[str] = set()
        for task in failed:
            stopped = ti.xcom_pull(dag_id=self.trigger_dag_id, run_id=run_id, task_ids=task, key=ONLY_STOPPED)
            if not stopped:
                return []
            companies.update(stopped)
        return sorted(companies)
