"""Export a data package from Finance & Operations: start, look, download, each step by itself.

An export of a project with change tracking is a consuming read: the next one no longer holds what this one held. So it
is never started twice for the same run.
"""

from __future__ import annotations

from fs_integration.clients.package_actions import (
    EXECUTIONS,
    FAILED,
    PARTLY,
    SUCCEEDED,
    UNKNOWN,
    PackageActions,
    execution_ids,
)
from fs_integration.errors import RequestRefused, ServiceUnavailable
from fs_integration.spec.mapping import PackageExport


def submit_export(actions: PackageActions, export: PackageExport, *, company: str, execution_id: str) -> str:
    """Return the execution of this run: one that was started before, or a new one.

    :raises RequestRefused: the project does not exist, or failed too often.
    """
    for execution in execution_ids(execution_id):
        state = actions.state(execution)
        if state in FAILED or state == PARTLY:
            continue
        if state == UNKNOWN:
            actions.start(
                "ExportToPackage", execution=execution, project=export.project, company=company,
                packageName=f"{execution}.zip", reExecute=True,
            )  # fmt: skip
        return execution
    raise RequestRefused(
        f"Export project `{export.project}` failed {EXECUTIONS} times for this run. Look at the job history of the "
        "project in Finance & Operations, then start a new run."
    )


def fetch_export(actions: PackageActions, export: PackageExport, execution: str) -> bytes:
    """Return the package of an execution that has ended. :raises ServiceUnavailable: it did not end well."""
    state = actions.state(execution)
    if state != SUCCEEDED:
        raise ServiceUnavailable(
            f"Execution {execution} of export project `{export.project}` ended as `{state}`. "
            f"{actions.errors(execution)[:500]} Trying again starts a new execution."
        )
    what = f"The package of execution {execution}"

    def ask() -> str:
        return str(actions.call("GetExportedPackageUrl", executionId=execution) or "")

    return actions.download(lambda: actions.poll(ask, what))
