"""The actions of the data-package API, bound to the collection of data projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sandbox.finops.errors import bad_request, not_emulated
from sandbox.finops.exchange import Exchange, respond
from sandbox.finops.packages.blobs import BlobStore
from sandbox.finops.packages.entities import ENTITIES, ExportEntity
from sandbox.finops.packages.exports import Exports
from sandbox.finops.packages.import_actions import IMPORT_ACTIONS, ImportActions
from sandbox.finops.packages.jobs import Job, Jobs, Message
from sandbox.finops.packages.parameters import Parameters
from sandbox.finops.store import Database, Row
from sandbox.finops.tables.system import DATA_PROJECTS
from sandbox.finops.writing import decode_object
from sandbox.http import Response

ACTIONS: dict[str, tuple[str, ...]] = {
    "ExportToPackage": ("definitionGroupId", "packageName", "executionId", "reExecute", "legalEntityId"),
    "ExportToPackageAsync": ("definitionGroupId", "packageName", "executionId", "reExecute", "legalEntityId"),
    "GetExecutionSummaryStatus": ("executionId",),
    "GetExportedPackageUrl": ("executionId",),
    "GetExecutionErrors": ("executionId",),
    "GetExecutionSummaryPageUrl": ("executionId",),
    "DeleteExecutionHistoryJob": ("executionId",),
    **IMPORT_ACTIONS,
}
_NESTED = frozenset({"ExportToPackage", "ExportToPackageAsync", "GetExportedPackageUrl"})


class PackageActions:
    """Answer the actions.

    :param now: gives the current moment.
    """

    def __init__(self, database: Database, blobs: BlobStore, now: Callable[[], datetime]) -> None:
        self._database = database
        self._blobs = blobs
        self._jobs = Jobs(now)
        self._exports = Exports(database, blobs, self._jobs)
        self._imports = ImportActions(database, blobs, self._jobs)
        self._handlers: dict[str, Callable[[Exchange, Parameters], str | bool]] = {
            **self._imports.handlers,
            "ExportToPackage": self._export,
            "ExportToPackageAsync": self._export,
            "GetExecutionSummaryStatus": self._status,
            "GetExportedPackageUrl": self._address,
            "GetExecutionErrors": self._errors,
            "GetExecutionSummaryPageUrl": self._page,
            "DeleteExecutionHistoryJob": self._delete,
        }

    @property
    def busy(self) -> bool:
        """Tell whether a job is under way."""
        return self._jobs.busy

    def advance(self) -> None:
        """Finish the jobs whose time has come; called before rows change, so that no export sees later ones."""
        self._jobs.advance()

    def answer(self, exchange: Exchange, action: str) -> Response:
        """Run an action with the parameters of the body.

        :raises FinanceError: 400 for wrong parameters, 500 for an exception inside the action.
        """
        handler = self._handlers.get(action)
        if handler is None:
            raise not_emulated(f"the action {action}")
        body = decode_object(exchange.request.body)
        unknown = sorted(set(body) - set(ACTIONS[action]))
        if unknown:
            raise bad_request(f"The parameter '{unknown[0]}' in the payload is not a parameter of {action}.")
        value: Any = handler(exchange, Parameters(action, body))
        kind = "Boolean" if isinstance(value, bool) else "String"
        if exchange.switches.nested_values and action in _NESTED:
            value = {"value": value}
        return respond(200, {"@odata.context": f"{exchange.root}$metadata#Edm.{kind}", "value": value})

    def _export(self, exchange: Exchange, parameters: Parameters) -> str:
        project, entity = self._project(parameters)
        company = parameters.company(exchange, self._database)
        execution_id = parameters.text("executionId")
        # What happens to a repeated id is not documented; running the same id again needs the parameter for it.
        if self._jobs.find(execution_id) is not None and not parameters.flag("reExecute"):
            raise parameters.failed(f"The execution ID '{execution_id}' already exists.")
        return self._exports.start(execution_id, project, entity, company, exchange.switches).execution_id

    def _project(self, parameters: Parameters) -> tuple[Row, ExportEntity]:
        name = parameters.text("definitionGroupId")
        project = self._database.stores[DATA_PROJECTS.collection].rows.get((name.lower(),))
        if project is None or project["OperationType"] != "Export":
            raise parameters.failed(f"The definition group '{name}' does not exist or is no export project.")
        entity = ENTITIES.get(project["EntityName"])
        if entity is None:
            raise parameters.failed(f"The definition group '{name}' has no data entity to export.")
        return project, entity

    def _status(self, _exchange: Exchange, parameters: Parameters) -> str:
        return self._jobs.state(parameters.text("executionId"))

    def _address(self, exchange: Exchange, parameters: Parameters) -> str:
        job = self._find(parameters)
        return self._exports.address(job, exchange.request.base_url, exchange.switches)

    def _errors(self, exchange: Exchange, parameters: Parameters) -> str:
        messages = self._find(parameters).errors
        return _error_list(messages, malformed=exchange.switches.malformed_execution_errors)

    def _page(self, exchange: Exchange, parameters: Parameters) -> str:
        job = self._find(parameters)
        page = f"?mi=DMFExecutionSummaryWorkspace&cmp={job.company}&executionId={job.execution_id}"
        return f"{exchange.request.base_url}/{page}"

    def _delete(self, _exchange: Exchange, parameters: Parameters) -> str:
        execution_id = parameters.text("executionId")
        self._imports.forget(execution_id)
        job = self._jobs.forget(execution_id)
        for name in job.files if job is not None else ():
            self._blobs.remove(name)
        return ""

    def _find(self, parameters: Parameters) -> Job:
        execution_id = parameters.text("executionId")
        job = self._jobs.find(execution_id)
        if job is None:
            raise parameters.failed(f"The execution ID '{execution_id}' does not exist.")
        return job


def _error_list(messages: Sequence[Message], *, malformed: bool) -> str:
    """Write an error list; the malformed one leaves quotes and line breaks in messages as they are."""
    if malformed:
        records = (f'{{"RecordId":"{m.record}","Field":"","ErrorMessage":"{m.text}"}}' for m in messages)
        return f"[{','.join(records)}]"
    listed = [{"RecordId": m.record, "Field": "", "ErrorMessage": m.text} for m in messages]
    return msgspec.json.encode(listed).decode()
