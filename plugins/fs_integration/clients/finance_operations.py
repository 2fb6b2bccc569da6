"""Read from and write to Finance & Operations: entities, rows over OData, change sets, and data packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pandas as pd

from fs_integration.clients.change_set_writer import ChangeSetWriter
from fs_integration.clients.change_sets import ChangeSetBuilder, DocumentHeader, document_groups
from fs_integration.clients.filters import finance_operations_filter, query
from fs_integration.clients.finance_operations_metadata import COMPANY_FIELD, read_entity
from fs_integration.clients.finance_operations_payload import key_filters
from fs_integration.clients.keys import folded, without_null_text
from fs_integration.clients.limiter import limiter_of
from fs_integration.clients.listing import entries
from fs_integration.clients.odata import Reading, pages
from fs_integration.clients.once import Once
from fs_integration.clients.package_actions import PackageActions
from fs_integration.clients.package_export import fetch_export, submit_export
from fs_integration.clients.package_import import import_outcome, submit_import
from fs_integration.clients.packages import rows_of
from fs_integration.clients.patience import Time
from fs_integration.clients.row_answers import RowAnswers
from fs_integration.clients.settings import ServiceSettings
from fs_integration.clients.tenant import tenant_of
from fs_integration.clients.tokens import TokenSource
from fs_integration.clients.transport import Tokens, Transport
from fs_integration.frames import KEY, concat
from fs_integration.records import Environment, Interval
from fs_integration.spec.error_rules import ErrorRules
from fs_integration.spec.mapping import Condition, PackageExport, PackageImport
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.spec.paths import column_of

EMPTY_DATE = "1900-01-01"  # the service has no null dates; it sends this one


class FinanceOperationsClient:
    """One Finance & Operations environment.

    :param tokens: where access tokens come from; None asks Entra as the settings say.
    """

    def __init__(
        self, settings: ServiceSettings, *, tokens: Tokens | None = None, clock: Time | None = None,
        rules: ErrorRules | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._transport = Transport(
            settings.base_url, tokens or TokenSource(settings), ca_file=settings.ca_file, limits=settings.limits,
            clock=clock, limiter=limiter_of(settings.base_url, settings.client_id, (clock or Time()).now), rules=rules,
        )  # fmt: skip
        self._actions = PackageActions(self._transport, settings, clock or Time())
        self._known: Once[EntityMetadata] = Once()
        self._asked: Once[Environment] = Once()

    def check(self) -> str:
        """Ask for the list of entities. :returns: a sentence for the person who pressed "Test"."""
        number = sum(1 for _ in entries(self._transport, "data", dict[str, Any]))
        return f"Connected to {self._settings.base_url}; {number} data entities can be read."

    def environment(self) -> Environment:
        """Return which environment this is; asked once.

        No public document says how Finance & Operations names its environment, so its address stands for it, together
        with a value that the connection's ``environment_id_from`` points at.
        """
        return self._asked.get("environment", self._which)

    def _which(self) -> Environment:
        tenant = tenant_of(self._transport.token()) or self._settings.tenant_id.lower()
        entity, _, column = self._settings.environment_id_from.partition(".")
        identity = ""
        if entity:
            options = query(cross_company="true", select=column, top="1")
            named: Any = msgspec.defstruct("Named", [("value", Any, msgspec.field(name=column))])
            values = [str(row.value or "") for row in entries(self._transport, f"data/{entity}?{options}", named)]
            identity = values[0].lower() if values else ""
        return Environment("finance_operations", self._settings.base_url, tenant, identity)

    def entity_metadata(self, entity: str) -> EntityMetadata:
        """Describe a data entity. :param entity: public collection name. :raises NotFound: there is none."""
        return self._known.get(entity, lambda: read_entity(self._transport, entity))

    def read(
        self, entity: str, *, columns: Sequence[str], company: str | None = None, where: Sequence[Condition] = (),
        order_by: Sequence[str] = (), changed_since: tuple[str, Interval] | None = None, page_size: int | None = None,
    ) -> Iterator[pd.DataFrame]:  # fmt: skip
        """Read rows page by page.

        :param company: only rows of this legal entity; None means of all the application may see.
        :param changed_since: column and window; start inclusive, end exclusive.
        :param page_size: rows per page to ask for; the service may send fewer.
        :raises MappingError: a column or condition the entity does not know; :raises ServiceError: no complete answer.
        """
        metadata = self.entity_metadata(entity)
        condition = finance_operations_filter([*_own(metadata, company), *where], metadata, changed_since)
        prefer = f"odata.maxpagesize={page_size}" if page_size else ""
        # Without an order rows can repeat or be missed between pages.
        order = list(dict.fromkeys([*order_by, *metadata.keys.get("primary", ())]))
        yield from self._pages(metadata, columns, condition, order_by=order, prefer=prefer)

    def read_keys(
        self, entity: str, *, columns: Sequence[str], key: Sequence[str], rows: pd.DataFrame,
        company: str | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Read the rows whose key occurs in ``rows``; case does not count, as it does not in the service.

        :param columns: columns to return, the key among them; :param company: only rows of this legal entity.
        """
        metadata = self.entity_metadata(entity)
        rows = without_null_text(rows, key).drop_duplicates()
        wanted = folded(rows, key)
        own = finance_operations_filter(_own(metadata, company), metadata)
        frames = []
        for condition in key_filters(rows, metadata, key, also=own):
            for frame in self._pages(metadata, columns, condition, order_by=key):
                frames.append(frame[folded(frame, key).isin(wanted).to_numpy(dtype=bool)])
        return concat(frames, {name: column_of(metadata, name).kind for name in columns})

    def write(
        self, metadata: EntityMetadata, rows: pd.DataFrame, *, key: Sequence[str], columns: Sequence[str],
        request_rows: int, parallel_requests: int, before_request: Callable[[], None], exists: bool,
        header: DocumentHeader | None = None, document: str = "",
    ) -> pd.DataFrame:  # fmt: skip
        """Create rows, or update rows by their key; a cut connection makes no second row.

        :param columns: columns to send. :param request_rows: rows per request; :param parallel_requests: at once.
        :param before_request: called before every request; what it raises stops the write.
        :param exists: True updates and never creates; False creates, and updates what turns out to be there already.
        :param header: entity written together with the lines of each document, in one transaction.
        :param document: column whose value the lines of one document share, which are written in one transaction; empty
            where rows stand alone; needed with ``header``.
        :returns: one line per row, in order: ``_key``, ``status`` (``written`` or ``rejected``), ``code``, ``message``.
        :raises ServiceError: a failure that is not about single rows.
        """
        rows = rows.reset_index(drop=True)
        builder = ChangeSetBuilder(
            self, metadata, rows, key=key, columns=columns, exists=exists, header=header
        )  # fmt: skip
        groups = document_groups(rows, document) if document else [(position,) for position in range(len(rows))]
        answers = RowAnswers(rows[KEY], f"Finance & Operations entity {metadata.name}")
        writer = ChangeSetWriter(
            self._transport, builder, answers, entity=metadata.name, before_request=before_request
        )  # fmt: skip
        return writer.write(groups, request_rows=request_rows, parallel_requests=parallel_requests)

    def _pages(
        self, metadata: EntityMetadata, columns: Sequence[str], condition: str, *, order_by: Sequence[str],
        prefer: str = "",
    ) -> Iterator[pd.DataFrame]:  # fmt: skip
        kinds = {name: (name, column_of(metadata, name).kind) for name in columns}
        # Without cross-company only one company is seen.
        options = query(cross_company="true", select=",".join(kinds), orderby=",".join(order_by), filter=condition)
        link = f"data/{metadata.name}?{options}"
        yield from pages(self._transport, link, reading=Reading(kinds, EMPTY_DATE), prefer=prefer)

    def export_package(
        self, export: PackageExport, *, company: str, execution_id: str, keep: Callable[[bytes], None],
        order_by: Sequence[str] = (),
    ) -> Iterator[pd.DataFrame]:  # fmt: skip
        """Run an export project and read its package; all values are text, ``dataAreaId`` is the company.

        :param execution_id: the same id finds the same execution again, so a retry does not consume a second delta.
        :param keep: stores the package; called before anything else is done with it, because the read consumes it.
        :param order_by: columns to order the rows by.
        :raises ServiceUnavailable: the execution failed or did not end in time; try again later.
        """
        execution = self.submit_export(export, company=company, execution_id=execution_id)
        self._actions.wait(execution, export.project, _nothing)
        package = self.fetch_export(export, execution)
        keep(package)
        yield rows_of(package, export, company=company, order_by=order_by)

    def submit_export(self, export: PackageExport, *, company: str, execution_id: str) -> str:
        """Start an export, or find the one that was started before. :returns: its execution."""
        return submit_export(self._actions, export, company=company, execution_id=execution_id)

    def fetch_export(self, export: PackageExport, execution: str) -> bytes:
        """Download the package of an export that has ended. :raises ServiceUnavailable: it did not end well."""
        return fetch_export(self._actions, export, execution)

    def import_package(
        self, package: PackageImport, rows: pd.DataFrame, *, company: str, execution_id: str,
        before_request: Callable[[], None] = lambda: None,
    ) -> pd.DataFrame:  # fmt: skip
        """Write rows through an import project and wait for its end.

        :param execution_id: the same id with the same rows finds the same execution again.
        :param before_request: called before the start and while waiting; what it raises ends the wait.
        :returns: one line per row as ``write`` does.
        :raises ServiceUnavailable: the execution failed as a whole or did not end in time; try again later.
        """
        before_request()
        execution = self.submit_import(package, rows, company=company, execution_id=execution_id)
        if execution:
            self._actions.wait(execution, package.project, before_request)
        return self.import_outcome(package, rows, execution)

    def submit_import(
        self, package: PackageImport, rows: pd.DataFrame, *, company: str, execution_id: str
    ) -> str:  # fmt: skip
        """Upload rows and start their import, or find the one that was started before.

        :returns: its execution; empty when no row can stand in a package, which ``import_outcome`` understands.
        """
        return submit_import(self._actions, package, rows, company=company, execution_id=execution_id)

    def import_outcome(self, package: PackageImport, rows: pd.DataFrame, execution: str) -> pd.DataFrame:
        """Return what became of each row of an import that has ended: one line per row as ``write`` does."""
        return import_outcome(self._actions, package, rows, execution)

    def execution_status(self, execution: str) -> str:
        """Return the state of an import or export; ``Unknown`` where the service does not know it (yet)."""
        return self._actions.state(execution)


def _own(metadata: EntityMetadata, company: str | None) -> list[Condition]:
    if not company or not metadata.company_specific:
        return []
    return [Condition.model_validate({"field": COMPANY_FIELD, "is": company})]


def _nothing() -> None:
    """Do nothing while an export runs: no lease is held while reading."""
