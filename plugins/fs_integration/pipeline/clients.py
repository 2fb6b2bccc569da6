"""The clients of both services, as the pipeline is handed them."""

from __future__ import annotations

from dataclasses import dataclass

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.spec.mapping import System


@dataclass(frozen=True)
class Clients:
    """One client per service."""

    finance_operations: FinanceOperationsClient
    dataverse: DataverseClient

    def of(self, system: System) -> FinanceOperationsClient | DataverseClient:
        return self.finance_operations if system == "finance_operations" else self.dataverse
