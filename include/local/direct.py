"""Run an area's five steps in this process, without Airflow: for the benchmark, and for tests of the whole pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.settings import ServiceSettings, read_settings
from fs_integration.errors import DataQualityError
from fs_integration.ledger import Ledger, open_engine
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.extract import extract
from fs_integration.pipeline.gate import GateResult, quality_gate, stop_message
from fs_integration.pipeline.load import LoadResult, load
from fs_integration.pipeline.reconcile import Books, reconcile
from fs_integration.pipeline.run import Mode, Run, scopes_of
from fs_integration.pipeline.transform import TransformResult, transform
from fs_integration.records import BatchRef, Interval, Scope
from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.loader import load_connection_set
from fs_integration.spec.mapping import Mapping, MappingTask
from fs_integration.staging import StagingArea, run_key
from local.services import Sandbox

TENANT, CLIENT, SECRET = (
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-0000000000c1",
    "sandbox-secret",
)


@dataclass
class Direct:
    """The stores and clients of one environment.

    :param connections: the companies to serve.
    """

    clients: Clients
    staging: StagingArea
    ledger: Ledger
    docs_root: Path
    connections: ConnectionSet

    @property
    def companies(self) -> list[str]:
        """Legal entities in the order of their runs."""
        return [organization.legal_entity for organization in self.connections.organizations]

    def run(
        self, area: Mapping, *, run_id: str, end: datetime | None = None, mode: Mode = Mode.SCHEDULED,
        full: bool = False,
    ) -> list[Books]:  # fmt: skip
        """Run every task of an area.

        :param end: the moment the run speaks for, now by default; :param full: write also what has not changed.
        """
        moment = end or datetime.now(UTC)
        run = Run(run_key(run_id), f"fs_{area.mapping}", run_id, mode, Interval(None, moment), full)
        return [books for task in area.enabled_tasks for books in self.run_task(area, task, run)]

    def run_task(self, area: Mapping, task: MappingTask, run: Run) -> list[Books]:
        """Run one task and return its books.

        :raises DataQualityError: after closing the books of the other companies, when the gate stopped a company.
        """
        scopes = scopes_of(area.mapping, task.name, self.companies)
        gate = self.up_to_gate(area, task, run, scopes)
        results = [self.load(ref, task, run) for ref in gate.accepted]
        passed = [scope for scope in scopes if scope.legal_entity not in gate.stopped]
        books = reconcile(task, run, companies=scopes, scopes=passed, results=results, clients=self.clients,
                          staging=self.staging, ledger=self.ledger)  # fmt: skip
        if gate.stopped:
            raise DataQualityError(stop_message(scopes[0], gate.stopped))
        return books

    def up_to_gate(self, area: Mapping, task: MappingTask, run: Run, scopes: Sequence[Scope]) -> GateResult:
        """Extract, transform and decide."""
        refs = extract(area, task, run, organizations=self.connections.organizations, clients=self.clients,
                       staging=self.staging, ledger=self.ledger)  # fmt: skip
        results = [self.transform(ref, area, task) for ref in refs]
        return quality_gate(task, run, scopes=scopes, results=results, staging=self.staging, ledger=self.ledger)

    def transform(self, ref: BatchRef, area: Mapping, task: MappingTask) -> TransformResult:
        """Check and shape one batch."""
        organization = self.connections.organization(ref.legal_entity)
        return transform(ref, area, task, organization=organization, staging=self.staging, docs_root=self.docs_root)

    def load(self, ref: BatchRef, task: MappingTask, run: Run, *, try_id: str = "1") -> LoadResult:
        """Write one accepted batch."""
        companies = scopes_of(ref.mapping, ref.task, self.companies)
        return load(ref, task, run, companies=companies, try_id=try_id, clients=self.clients, staging=self.staging,
                    ledger=self.ledger)  # fmt: skip


def connect(
    sandbox: Sandbox, home: Path, *, secret: str = SECRET, connections: ConnectionSet | None = None, **extra: Any
) -> Direct:
    """Open the stores below ``home`` and the clients of a sandbox.

    :param connections: the companies to serve; those of the connection set ``default`` when left out.
    :param extra: further fields of both connections (docs/connections.md).
    """
    home.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(open_engine(f"sqlite:///{home / 'ledger.db'}"))
    ledger.migrate()
    clients = Clients(
        finance_operations=FinanceOperationsClient(settings_of(sandbox, "finops", secret=secret, **extra)),
        dataverse=DataverseClient(settings_of(sandbox, "dataverse", secret=secret, **extra)),
    )
    return Direct(
        clients,
        StagingArea(home / "staging"),
        ledger,
        home / "data_docs",
        connections or load_connection_set("default"),
    )


def settings_of(sandbox: Sandbox, system: str, *, secret: str = SECRET, **extra: Any) -> ServiceSettings:
    """Return the settings of a connection to one system of a sandbox. :param extra: further fields of it."""
    fields = {"tenant_id": TENANT, "authority_host": sandbox.urls["entra"], "instance_discovery": False,
              "allowed_hosts": urlsplit(sandbox.urls[system]).hostname,
              "ca_file": str(sandbox.ca_file), **extra}  # fmt: skip
    return read_settings(system, host=sandbox.urls[system], port=None, login=CLIENT, password=secret, extra=fields,
                         environment={})  # fmt: skip
