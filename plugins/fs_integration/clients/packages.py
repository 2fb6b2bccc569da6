"""Export a data package from Finance & Operations: start, wait, download, read (docs/connections.md, "Data packages").

An export of a project with change tracking is a consuming read: the next one no longer holds what this one held. So the
execution id is ours and follows from the run, and a repeated run finds its execution again instead of starting another.
"""

from __future__ import annotations

import io
import logging
import uuid
import zipfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from fs_integration.clients.finance_operations_metadata import COMPANY_FIELD
from fs_integration.clients.patience import Time
from fs_integration.clients.settings import ServiceSettings
from fs_integration.clients.transport import JSON_HEADERS, Call, Transport
from fs_integration.errors import (
    MappingError,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceUnavailable,
    TransientServiceError,
)
from fs_integration.frames import to_frame
from fs_integration.spec.mapping import PackageExport

log = logging.getLogger(__name__)

ACTIONS = "data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities"
POLL_SECONDS = 1.0  # the first pause; each is twice as long as the last
LONGEST_POLL_SECONDS = 15.0
LONGEST_EXECUTION = 3600.0
GRACE_SECONDS = 60.0  # right after a start the service may not know the execution yet
EXECUTIONS = 5  # ids tried after executions that failed
UNPACKED_BYTES = 4 * 1024**3
RUNNING = frozenset({"NotRun", "Executing", "Bad request"})  # the last is seen for a moment right after a start
ENDED_BADLY = frozenset({"Failed", "Canceled", "PartiallySucceeded"})
_NO_EXECUTION = "00000000-0000-0000-0000-000000000000"
_NAMESPACE = uuid.UUID("0d9f9b3c-3a53-5b0b-8a4e-3d0d3a3c2c11")
_DECODE = msgspec.json.Decoder(dict[str, Any]).decode


class PackageExporter:
    """Run export projects through the data-management package API."""

    def __init__(self, transport: Transport, settings: ServiceSettings, clock: Time) -> None:
        self._transport, self._settings, self._time = transport, settings, clock

    def export(self, export: PackageExport, *, company: str, execution_id: str) -> bytes:
        """Return the package of this run: of an execution that ran before, or of a new one.

        :raises RequestRefused: the project does not exist; :raises ServiceUnavailable: the execution failed or hangs.
        """
        for number in range(EXECUTIONS):
            execution = str(uuid.uuid5(_NAMESPACE, f"{execution_id}/{number}"))
            state = self._state(execution)
            if state in ENDED_BADLY:
                continue
            if state == "Unknown":
                self._start(export, company, execution)
            self._wait(export, execution, known=state != "Unknown")
            return self._download(execution)
        raise RequestRefused(
            f"Export project `{export.project}` failed {EXECUTIONS} times for this run. Look at the job history of the "
            "project in Finance & Operations, then start a new run."
        )

    def _act(self, action: str, body: dict[str, Any], *, repeatable: bool = True) -> Any:
        headers = {**JSON_HEADERS, "Content-Type": "application/json"}
        call = Call("POST", f"{ACTIONS}.{action}", headers, msgspec.json.encode(body), repeatable, decode=_DECODE)
        value = self._transport.send(call).value.get("value")
        return value.get("value") if isinstance(value, dict) else value  # the documents show both forms

    def _state(self, execution: str) -> str:
        try:
            return str(self._act("GetExecutionSummaryStatus", {"executionId": execution}) or "Unknown")
        except (NotFound, RequestRefused):
            return "Unknown"

    def _start(self, export: PackageExport, company: str, execution: str) -> None:
        body = {
            "definitionGroupId": export.project, "packageName": f"{execution}.zip", "executionId": execution,
            "reExecute": True, "legalEntityId": company,
        }  # fmt: skip
        log.info("Export project %s for %s as execution %s", export.project, company, execution)
        try:
            answer = self._act("ExportToPackage", body, repeatable=False)
        except TransientServiceError:
            # Nobody knows whether it was started; only the service can tell, and starting twice loses a delta.
            if self._state(execution) == "Unknown":
                raise
            return
        if answer == _NO_EXECUTION:
            raise RequestRefused(
                f"Finance & Operations did not start export project `{export.project}` for `{company}`. Check that the "
                "project exists there and holds the entity."
            )

    def _wait(self, export: PackageExport, execution: str, *, known: bool) -> None:
        started, pause = self._time.now(), POLL_SECONDS
        while (state := self._state(execution)) != "Succeeded":
            waited = self._time.now() - started
            known = known or state in RUNNING
            if state in ENDED_BADLY or (state == "Unknown" and (known or waited > GRACE_SECONDS)):
                raise ServiceUnavailable(
                    f"Execution {execution} of export project `{export.project}` ended as `{state}`. "
                    f"{self._errors(execution)} Trying again starts a new execution."
                )
            if waited > LONGEST_EXECUTION:
                raise ServiceUnavailable(
                    f"Execution {execution} of export project `{export.project}` is still `{state}` "
                    f"after {waited:.0f} s. Trying again asks for the same execution."
                )
            self._time.sleep(pause)
            pause = min(pause * 2, LONGEST_POLL_SECONDS)

    def _errors(self, execution: str) -> str:
        """Return the beginning of the service's error list; its JSON is often broken, so it is shown as it is."""
        try:
            return str(self._act("GetExecutionErrors", {"executionId": execution}) or "")[:500]
        except (NotFound, RequestRefused):
            return ""

    def _download(self, execution: str) -> bytes:
        try:
            return self._fetch(self._package_url(execution))
        except PermissionDenied:
            return self._fetch(self._package_url(execution))  # the address expires; a fresh one does not

    def _package_url(self, execution: str) -> str:
        started = self._time.now()
        while not (url := str(self._act("GetExportedPackageUrl", {"executionId": execution}) or "")):
            if self._time.now() - started > GRACE_SECONDS * 5:
                raise ServiceUnavailable(f"Execution {execution} succeeded, but there is no package to download.")
            self._time.sleep(POLL_SECONDS)
        return url

    def _fetch(self, url: str) -> bytes:
        """Download from the storage account. The address carries its own permission, so no token goes there."""
        parts = urlsplit(url)
        storage = Transport(
            f"https://{parts.netloc}", None, ca_file=self._settings.ca_file, limits=self._settings.limits,
            clock=self._time,
        )  # fmt: skip
        return storage.send(Call("GET", parts._replace(scheme="https").geturl())).body


def rows_of(package: bytes, export: PackageExport, *, company: str, order_by: Sequence[str] = ()) -> pd.DataFrame:
    """Read the rows of one entity out of a package.

    :raises MappingError: the file lacks a column the mapping names; :raises ServiceUnavailable: it is no package.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            content = _text(_member(archive, export))
    except (zipfile.BadZipFile, ElementTree.ParseError, UnicodeDecodeError) as exc:
        raise ServiceUnavailable(f"The package of export project `{export.project}` cannot be read: {exc}") from exc
    table = _parse(content, export)
    if COMPANY_FIELD not in table.column_names:
        table = table.append_column(COMPANY_FIELD, pa.repeat(company, table.num_rows))
    return to_frame(table.sort_by([(name, "ascending") for name in order_by]) if order_by else table)


def _member(archive: zipfile.ZipFile, export: PackageExport) -> bytes:
    files = [item for item in archive.infolist() if not item.filename.lower().endswith(".xml")]
    if len(files) != 1:
        named = _named_in_manifest(archive, export.data_entity)
        files = [item for item in files if item.filename == named]
    if not files:
        raise ServiceUnavailable(
            f"The package of export project `{export.project}` holds no file for `{export.data_entity}`."
        )
    if files[0].file_size > UNPACKED_BYTES:
        raise RequestRefused(f"`{files[0].filename}` unpacks to {files[0].file_size} bytes; export in smaller parts.")
    return archive.read(files[0])


def _named_in_manifest(archive: zipfile.ZipFile, data_entity: str) -> str:
    """Return the file the manifest names for an entity; tag names carry a namespace that differs between versions."""
    if "Manifest.xml" not in archive.namelist():
        return ""
    root = ElementTree.fromstring(archive.read("Manifest.xml"))  # noqa: S314  expat bounds the expansion of entities
    for node in root.iter():
        values = {child.tag.rpartition("}")[2]: child.text or "" for child in node}
        if values.get("EntityName") == data_entity and values.get("InputFilePath"):
            return values["InputFilePath"]
    return ""


def _text(content: bytes) -> bytes:
    """Return UTF-8 without a mark; Microsoft's own packages hold UTF-16 as well."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16").encode()
    return content.removeprefix(b"\xef\xbb\xbf")


def _parse(content: bytes, export: PackageExport) -> pa.Table:
    header = content.split(b"\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=lambda mark: header.count(mark.encode()))
    names = [name.strip().strip('"') for name in header.decode().strip().split(delimiter)]
    missing = [name for name in export.columns if name not in names]
    if missing:
        raise MappingError(
            f"The package of export project `{export.project}` has no column {', '.join(missing)}; "
            f"it has {', '.join(names)}."
        )
    try:
        table = pcsv.read_csv(
            io.BytesIO(content),
            parse_options=pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(export.columns),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as exc:
        raise ServiceUnavailable(f"The file of `{export.data_entity}` cannot be read: {str(exc)[:200]}") from exc
    return table.rename_columns(list(export.columns.values()))
