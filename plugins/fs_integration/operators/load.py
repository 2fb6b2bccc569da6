"""Operator of the fourth step, mapped over the accepted batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fs_integration.operators.base import AreaOperator, waiting_for_its_turn
from fs_integration.operators.packages import check_ended, leaving_during_packages
from fs_integration.records import BatchRef

if TYPE_CHECKING:
    from airflow.sdk import Context


class LoadEntityOperator(AreaOperator):
    """Write the changed rows of one accepted batch to the target.

    :param batch: one accepted batch of the gate, as a dict.
    """

    template_fields = ("batch",)

    def __init__(self, *, batch: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch

    def execute(self, context: Context) -> dict[str, Any]:
        from fs_integration.pipeline.load import load

        task_instance, run = context["ti"], self.run_of(context)
        with (
            waiting_for_its_turn(), self.counted(run, "load"),
            leaving_during_packages(self.connections.finance_operations),
        ):  # fmt: skip
            result = load(
                BatchRef.from_dict(self.batch), self.area_task, run, companies=self.scopes,
                try_id=f"{task_instance.id}/{task_instance.try_number}", clients=self.clients,
                staging=self.staging, ledger=self.ledger, wait=False,
            )  # fmt: skip
        return result.to_dict()

    def resume(self, context: Context, event: Any) -> dict[str, Any]:
        """Go on after an import has ended."""
        check_ended(event)
        return self.execute(context)
