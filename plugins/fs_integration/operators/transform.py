"""Operator of the second step, mapped over the raw batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fs_integration.operators.base import AreaOperator
from fs_integration.records import BatchRef

if TYPE_CHECKING:
    from airflow.sdk import Context


class TransformBatchOperator(AreaOperator):
    """Check a raw batch, shape it, check the result; one process, no network.

    :param batch: one raw batch of the extract task, as a dict.
    """

    template_fields = ("batch",)

    def __init__(self, *, batch: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        from fs_integration.hooks.staging import data_docs_root
        from fs_integration.pipeline.transform import transform

        ref = BatchRef.from_dict(self.batch)
        result = transform(
            ref, self.area, self.area_task, organization=self.connections.organization(ref.legal_entity),
            staging=self.staging, docs_root=data_docs_root(),
        )  # fmt: skip
        for message in result.warnings:
            self.log.warning(message)
        return result.to_dict()
