"""Whether the connections lead where they led before; asked before anything is read, and again before it is written."""

from __future__ import annotations

from collections.abc import Sequence

from fs_integration.ledger import Ledger, environments
from fs_integration.pipeline.clients import Clients
from fs_integration.records import Environment, Scope


def check_environment(scopes: Sequence[Scope], clients: Clients, ledger: Ledger) -> None:
    """Make sure that both services are those that the ledger's entries are about.

    :raises ConfigurationError: one is another environment, such as a copy; nothing may be read or written.
    """
    environments.check(ledger, scopes, _found(clients))


def pin_environment(scopes: Sequence[Scope], clients: Clients, ledger: Ledger) -> None:
    """The same, and enter both where they are not known yet: what follows makes entries about them."""
    environments.pin(ledger, scopes, _found(clients))


def _found(clients: Clients) -> list[Environment]:
    return [clients.finance_operations.environment(), clients.dataverse.environment()]
