"""Operator of the third step, with links to what it decided on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fs_integration.operators.base import AreaOperator
from fs_integration.operators.links import DataDocsLink, QuarantineLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class QualityGateOperator(AreaOperator):
    """Decide over all batches of the run which companies may be loaded, and fill the quarantine.

    Returns the accepted batches as dicts. Fails when no company passed.

    :param results: what the transform tasks returned.
    """

    template_fields = ("results",)
    operator_extra_links = (QuarantineLink(), DataDocsLink())

    def __init__(self, *, results: Sequence[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = results

    def execute(self, context: Context) -> list[dict[str, Any]]:
        from fs_integration.pipeline.gate import quality_gate
        from fs_integration.pipeline.transform import TransformResult

        decided = quality_gate(
            self.area_task, self.run_of(context), scopes=self.scopes,
            results=[TransformResult.from_dict(result) for result in self.results or ()],
            staging=self.staging, ledger=self.ledger,
        )  # fmt: skip
        context["ti"].xcom_push(key="stopped", value={name: list(text) for name, text in decided.stopped.items()})
        return [ref.to_dict() for ref in decided.accepted]
