"""Operator of the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fs_integration.operators.base import AreaOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ExtractEntityOperator(AreaOperator):
    """Stage the source rows, reference tables and table descriptions of every legal entity.

    Returns the raw batches as dicts; the transform is mapped over them.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:
        from fs_integration.pipeline.extract import extract

        refs = extract(
            self.area, self.area_task, self.run_of(context), organizations=self.connections.organizations,
            clients=self.clients, staging=self.staging, ledger=self.ledger,
        )  # fmt: skip
        return [ref.to_dict() for ref in refs]
