"""The actions around imports: where to upload, start, and what became of the rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import msgspec

from sandbox.finops.exchange import Exchange
from sandbox.finops.packages.blobs import WRITE, BlobStore
from sandbox.finops.packages.imports import Imports, Outcome
from sandbox.finops.packages.intake import BadPackage
from sandbox.finops.packages.jobs import Job, Jobs
from sandbox.finops.packages.parameters import Parameters
from sandbox.finops.store import Database
from sandbox.finops.tables.system import DATA_PROJECTS

_START = ("packageUrl", "definitionGroupId", "executionId", "execute", "overwrite", "legalEntityId")
_FILE = ("executionId", "entityName")
IMPORT_ACTIONS: dict[str, tuple[str, ...]] = {
    "GetAzureWriteUrl": ("uniqueFileName",),
    "ImportFromPackage": _START,
    "ImportFromPackageAsync": _START,
    "GenerateImportTargetErrorKeysFile": _FILE,
    "GetImportTargetErrorKeysFileUrl": _FILE,
    "GetImportStagingErrorFileUrl": _FILE,
}


class ImportActions:
    """Answer them.

    :param jobs: the job history, shared with exports.
    """

    def __init__(self, database: Database, blobs: BlobStore, jobs: Jobs) -> None:
        self._database = database
        self._blobs = blobs
        self._jobs = jobs
        self._imports = Imports(database, blobs, jobs)
        self.handlers: dict[str, Callable[[Exchange, Parameters], str | bool]] = {
            "GetAzureWriteUrl": self._write_address,
            "ImportFromPackage": self._import,
            "ImportFromPackageAsync": self._import,
            "GenerateImportTargetErrorKeysFile": self._generate,
            "GetImportTargetErrorKeysFileUrl": self._keys,
            "GetImportStagingErrorFileUrl": self._staging,
        }

    def forget(self, execution_id: str) -> None:
        """Delete what is known of an import."""
        self._imports.forget(execution_id)

    def _write_address(self, exchange: Exchange, parameters: Parameters) -> str:
        """Give blob id and address as JSON in a text."""
        name = parameters.text("uniqueFileName")
        if not name or len(name) > 200:
            raise parameters.failed("The parameter uniqueFileName must be a file name of at most 200 characters.")
        seconds = exchange.switches.signed_url_seconds
        url = self._blobs.address(exchange.request.base_url, f"dmf/{name}", seconds=seconds, permission=WRITE)
        return msgspec.json.encode({"BlobId": f"{{{str(uuid.uuid4()).upper()}}}", "BlobUrl": url}).decode()

    def _import(self, exchange: Exchange, parameters: Parameters) -> str:
        project = self._project(parameters)
        company = parameters.company(exchange, self._database)
        execution_id = parameters.text("executionId")
        if self._jobs.find(execution_id) is not None:
            raise parameters.failed(f"The execution ID '{execution_id}' already exists.")
        content = self._blobs.fetch(parameters.text("packageUrl"), exchange.request.base_url)
        if content is None:
            raise parameters.failed("The package cannot be downloaded from packageUrl.")
        execute = parameters.flag("execute")
        try:
            job = self._imports.start(execution_id, project, company, content, exchange.switches, execute=execute)
        except BadPackage as error:
            raise parameters.failed(str(error)) from error
        self._remember(project)
        return job.execution_id

    def _project(self, parameters: Parameters) -> str:
        """Give the name of the import project, which the package overwrites or creates."""
        name = parameters.text("definitionGroupId")
        project = self._database.stores[DATA_PROJECTS.collection].rows.get((name.lower(),))
        if not name or (project is not None and project["OperationType"] != "Import"):
            raise parameters.failed(f"The definition group '{name}' is no import project.")
        if not parameters.flag("overwrite"):
            raise parameters.failed("The parameter overwrite must be true for a package without a composite entity.")
        return name

    def _remember(self, name: str) -> None:
        store = self._database.stores[DATA_PROJECTS.collection]
        if (name.lower(),) in store.rows:
            return
        with self._database.transaction() as transaction:
            row = self._database.new_row(store, {"Name": name, "OperationType": "Import"})
            transaction.put(store, store.key_of(row), row)

    def _generate(self, _exchange: Exchange, parameters: Parameters) -> bool:
        job, outcome = self._find(parameters)
        return outcome is not None and self._imports.generate_keys_file(job, outcome)

    def _keys(self, exchange: Exchange, parameters: Parameters) -> str:
        job, outcome = self._find(parameters)
        if outcome is None:
            return ""
        return self._imports.keys_address(job, outcome, exchange.request.base_url, exchange.switches)

    def _staging(self, exchange: Exchange, parameters: Parameters) -> str:
        job, outcome = self._find(parameters)
        if outcome is None:
            return ""
        return self._imports.staging_address(job, outcome, exchange.request.base_url, exchange.switches)

    def _find(self, parameters: Parameters) -> tuple[Job, Outcome | None]:
        """Find a job and what became of one of its entities, None while it runs."""
        execution_id, label = parameters.text("executionId"), parameters.text("entityName")
        job = self._jobs.find(execution_id)
        if job is None:
            raise parameters.failed(f"The execution ID '{execution_id}' does not exist.")
        if not self._imports.holds(job, label):
            raise parameters.failed(f"The execution '{execution_id}' has no data entity '{label}'.")
        return job, self._imports.outcome(job, label)
