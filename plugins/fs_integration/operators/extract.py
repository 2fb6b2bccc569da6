"""Operator of the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fs_integration.operators.base import AreaOperator, waiting_for_its_turn
from fs_integration.operators.packages import asleep, check_ended, export_under_way

if TYPE_CHECKING:
    from airflow.sdk import Context


class ExtractEntityOperator(AreaOperator):
    """Stage the source rows, reference tables and table descriptions of every legal entity.

    Returns the raw batches as dicts; the transform is mapped over them.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:
        from airflow.sdk.configuration import conf

        from fs_integration.pipeline.environment import check_environment
        from fs_integration.pipeline.extract import extract
        from fs_integration.pipeline.source import MOST_BATCHES

        run = self.run_of(context)
        with waiting_for_its_turn(), self.counted(run, "extract"):
            check_environment(self.scopes, self.clients, self.ledger)  # an export that is begun takes its changes away
            execution = export_under_way(self.area_task, run, self.scopes, self.clients.finance_operations)
            if execution is not None:
                raise asleep(execution, conn_id=self.connections.finance_operations)
            refs = extract(
                self.area, self.area_task, run, organizations=self.connections.organizations,
                clients=self.clients, staging=self.staging, ledger=self.ledger,
                most_batches=conf.getint("core", "max_map_length", fallback=MOST_BATCHES),
            )  # fmt: skip
        return [ref.to_dict() for ref in refs]

    def resume(self, context: Context, event: Any) -> list[dict[str, Any]]:
        """Go on after an export has ended."""
        check_ended(event)
        return self.execute(context)
