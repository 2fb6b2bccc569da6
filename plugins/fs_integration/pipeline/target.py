"""The target of a task, whichever service holds it: what it looks like, which rows it has, and how rows get there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fs_integration.clients.change_sets import DocumentHeader
from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import EMPTY_DATE, FinanceOperationsClient
from fs_integration.clients.finance_operations_metadata import COMPANY_FIELD
from fs_integration.clients.package_actions import is_over
from fs_integration.clients.parallel import merged
from fs_integration.errors import PackageUnderWay
from fs_integration.frames import fingerprints
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.key_ranges import Range, key_ranges
from fs_integration.spec.columns import HEADER
from fs_integration.spec.mapping import MappingTask, PackageImport
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata


class TargetTable(Protocol):
    """What load and reconcile need of a target. Rows of other companies are out of its reach."""

    def read(self, columns: Sequence[str], *, near: pd.DataFrame | None = None) -> Iterator[pd.DataFrame]:
        """Read every row that has a key, some perhaps more than once.

        :param near: rows whose keys are spread as those of the table, so that parts of it can be read side by side.
        """

    def read_keys(self, columns: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
        """Read the rows that have the integration keys of ``rows``."""

    def write(
        self, rows: pd.DataFrame, *, columns: Sequence[str], exists: bool, execution_id: str,
        before_request: Callable[[], None],
    ) -> pd.DataFrame:  # fmt: skip
        """Write rows. :returns: one line per row: ``_key``, ``status``, ``code``, ``message``.

        :param exists: whether the target holds them already; :param execution_id: names these rows in this run.
        """


@dataclass(frozen=True)
class DataverseTarget:
    """A table of Dataverse."""

    client: DataverseClient
    task: MappingTask
    metadata: EntityMetadata

    def read(self, columns: Sequence[str], *, near: pd.DataFrame | None = None) -> Iterator[pd.DataFrame]:
        target = self.task.target
        parts: list[Range] = [()]
        if near is not None:
            parts = key_ranges(near, self.metadata, target.key, parts=target.parallel_requests)
        reads = [self.client.read(target.table, columns=columns, where=part) for part in parts]
        return merged(reads, at_once=len(reads), name="read-back")

    def read_keys(self, columns: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
        return self.client.read_keys(self.task.target.table, columns=columns, key=self.task.target.key, rows=rows)

    def write(
        self, rows: pd.DataFrame, *, columns: Sequence[str], exists: bool, execution_id: str,  # noqa: ARG002
        before_request: Callable[[], None],
    ) -> pd.DataFrame:  # fmt: skip
        target = self.task.target
        return self.client.write(
            self.metadata, rows, key=target.key, columns=columns, request_rows=target.request_rows,
            parallel_requests=target.parallel_requests, before_request=before_request, exists=exists,
            strategy=target.write,
        )  # fmt: skip


@dataclass(frozen=True)
class FinanceOperationsTarget:
    """A data entity of F&O, for one company; written over OData or by a data package."""

    client: FinanceOperationsClient
    task: MappingTask
    metadata: EntityMetadata
    company: str
    wait: bool = True

    def read(self, columns: Sequence[str], *, near: pd.DataFrame | None = None) -> Iterator[pd.DataFrame]:  # noqa: ARG002
        return self.client.read(
            self.task.target.table, columns=columns, company=self.company, order_by=self.task.target.key
        )

    def read_keys(self, columns: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
        target = self.task.target
        return self.client.read_keys(target.table, columns=columns, key=target.key, rows=rows, company=self.company)

    def write(
        self, rows: pd.DataFrame, *, columns: Sequence[str], exists: bool, execution_id: str,
        before_request: Callable[[], None],
    ) -> pd.DataFrame:  # fmt: skip
        target = self.task.target
        if target.route == "package" and target.package is not None:
            return self._import(target.package, rows, execution_id=execution_id, before_request=before_request)
        header = _document_header(self.task, columns)
        return self.client.write(
            self.metadata, rows, key=target.key, columns=[name for name in columns if not name.startswith(HEADER)],
            request_rows=target.request_rows, parallel_requests=target.parallel_requests,
            before_request=before_request, exists=exists, header=header, document=document_column(self.task),
        )  # fmt: skip

    def _import(
        self, package: PackageImport, rows: pd.DataFrame, *, execution_id: str, before_request: Callable[[], None]
    ) -> pd.DataFrame:
        if not self.wait:
            before_request()
            started = self.client.submit_import(package, rows, company=self.company, execution_id=execution_id)
            if started and not is_over(self.client.execution_status(started)):
                raise PackageUnderWay(started)
        return self.client.import_package(package, rows, company=self.company, execution_id=execution_id,
                                          before_request=before_request)  # fmt: skip


def target_table(
    task: MappingTask, clients: Clients, *, company: str, metadata: EntityMetadata, wait: bool = True
) -> TargetTable:
    """Return the target of a task as one company may use it.

    :param wait: stay until a data package has ended; else ``PackageUnderWay`` is raised and the caller comes back.
    """
    if task.target.system == "dataverse":
        return DataverseTarget(clients.dataverse, task, metadata)
    return FinanceOperationsTarget(clients.finance_operations, task, metadata, company, wait)


def target_metadata(task: MappingTask, clients: Clients) -> EntityMetadata:
    """Describe the target, with the columns of the document's header and those only the package file has."""
    if task.target.system == "dataverse":
        return clients.dataverse.table(task.target.table)
    client = clients.finance_operations
    described = client.entity_metadata(task.target.table)
    columns = dict(described.columns)
    if task.target.header is not None:
        header = client.entity_metadata(task.target.header.table)
        columns |= {f"{HEADER}{name}": column for name, column in header.columns.items()}
    if task.target.route == "package":
        for rule in task.active_fields:
            columns.setdefault(rule.to, Column(name=rule.to, kind=rule.kind or ColumnKind.TEXT))
    return described.model_copy(update={"columns": columns})


def compared_columns(task: MappingTask) -> list[str]:
    """Return the written columns whose value is read back and compared.

    Left out are those that only a package file has, the header's, those an update does not send, and those the target
    may change by its own rules (``compare: false``).
    """
    return [
        rule.to
        for rule in task.active_fields
        if rule.compare and not rule.only_on_create and rule.route != "package" and not rule.to.startswith(HEADER)
    ]


def readable_prints(task: MappingTask, rows: pd.DataFrame) -> pd.Series:
    """Return a fingerprint of each row's compared columns; of rows sent and of rows read back it is the same.

    F&O knows no null: what was sent without a value comes back as empty text or as 0, and what was sent as its empty
    date comes back without a value.
    """
    columns = compared_columns(task)
    if task.target.system == "finance_operations":
        rows = pd.DataFrame({name: _without_empty(rows[name]) for name in columns})
    return fingerprints(rows, columns)


def _without_empty(column: pd.Series) -> pd.Series:
    array = pa.array(column)
    if pa.types.is_string(array.type):
        empty = pc.equal(array, "")
    elif pa.types.is_decimal(array.type) or pa.types.is_integer(array.type):
        empty = pc.equal(array, pa.scalar(0).cast(array.type))
    elif pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        empty = pc.equal(array.cast(pa.date32()), pa.scalar(date.fromisoformat(EMPTY_DATE)))
    else:
        return column
    return pd.Series(pd.arrays.ArrowExtensionArray(pc.if_else(empty, pa.scalar(None, array.type), array)))


def document_column(task: MappingTask) -> str:
    """Return the column whose value the rows of one document of F&O share: in the key, before that of the line.

    Empty where rows stand alone (docs/concepts.md, "Documents").
    """
    target, key = task.target, [name for name in task.target.key if name != COMPANY_FIELD]
    has_documents = task.source.document is not None or target.header is not None
    return key[-2] if target.system == "finance_operations" and has_documents and len(key) > 1 else ""


def _document_header(task: MappingTask, columns: Sequence[str]) -> DocumentHeader | None:
    header = task.target.header
    if header is None:
        return None
    own = {name.removeprefix(HEADER): name for name in columns if name.startswith(HEADER)}
    return DocumentHeader(header.table, header.key, {**{name: name for name in header.key}, **own})
