"""Buttons on the quality gate: from the task to the rows it held back and to the Data Docs of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from fs_integration.ui.address import run_address

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class QuarantineLink(BaseOperatorLink):
    """The books and the quarantined rows of this run."""

    name = "Quarantine"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        return run_address(ti_key.dag_id, ti_key.run_id)


class DataDocsLink(BaseOperatorLink):
    """What Great Expectations checked in this run, batch by batch."""

    name = "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        return f"{run_address(ti_key.dag_id, ti_key.run_id)}/data-docs"
