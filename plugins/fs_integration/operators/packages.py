"""Leave the worker while a data package runs in Finance & Operations, and come back once it has ended."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import TaskDeferred

from fs_integration.errors import PackageUnderWay, ServiceUnavailable
from fs_integration.operators.package_trigger import PackageTrigger

if TYPE_CHECKING:
    from fs_integration.clients.finance_operations import FinanceOperationsClient
    from fs_integration.pipeline.run import Run
    from fs_integration.records import Scope
    from fs_integration.spec.mapping import MappingTask

log = logging.getLogger(__name__)

PATIENCE = timedelta(hours=2)  # then the try fails and the next one asks for the same execution
RESUME = "resume"  # method that goes on after the wait


def asleep(execution: str, *, conn_id: str) -> TaskDeferred:
    """Return what makes a task sleep until an execution has ended; the task's method ``resume`` goes on."""
    until = (datetime.now(UTC) + PATIENCE).isoformat()
    trigger = PackageTrigger(finance_operations_conn_id=conn_id, execution=execution, until=until)
    return TaskDeferred(trigger=trigger, method_name=RESUME)


def check_ended(event: dict[str, Any]) -> None:
    """Make sure that the wait ended with the execution, so that no task sleeps for ever on one that hangs.

    :raises ServiceUnavailable: it did not; trying again asks for the same execution.
    """
    from fs_integration.clients.package_actions import is_over

    log.info("Execution %s: %s %s", event["execution"], event["state"], event["message"])
    if not is_over(event["state"]):
        raise ServiceUnavailable(
            f"The wait for execution {event['execution']} ended with `{event['state']}`. {event['message']} Trying "
            "again asks for the same execution. Look at the job history in Finance & Operations."
        )


@contextmanager
def leaving_during_packages(conn_id: str) -> Iterator[None]:
    """Put the task to sleep when what it calls has started a data package."""
    try:
        yield
    except PackageUnderWay as started:
        raise asleep(started.execution, conn_id=conn_id) from started


def export_under_way(task: MappingTask, run: Run, scopes: list[Scope], client: FinanceOperationsClient) -> str | None:
    """Start the exports of a task whose source is a data package. :returns: the first that has not ended yet."""
    from fs_integration.clients.package_actions import is_over
    from fs_integration.pipeline.source import export_id

    source = task.source
    if source.system != "finance_operations" or source.route != "package" or source.package is None:
        return None
    for scope in scopes:
        execution = client.submit_export(source.package, company=scope.legal_entity, execution_id=export_id(scope, run))
        if not is_over(client.execution_status(execution)):
            return execution
    return None
