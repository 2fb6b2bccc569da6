"""From an Airflow connection to a client of Finance & Operations (docs/connections.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from fs_integration.hooks.service_settings import checked, settings_of

if TYPE_CHECKING:
    from fs_integration.clients.finance_operations import FinanceOperationsClient
    from fs_integration.spec.error_rules import ErrorRules


class FinanceOperationsHook(BaseHook):
    """Connect to a Finance & Operations environment.

    :param finance_operations_conn_id: id of a connection of type ``finance_operations``.
    """

    conn_name_attr = "finance_operations_conn_id"
    default_conn_name = "finance_operations_default"
    conn_type = "finance_operations"
    hook_name = "Dynamics 365 Finance & Operations"

    def __init__(self, finance_operations_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.finance_operations_conn_id = finance_operations_conn_id

    def get_conn(self) -> FinanceOperationsClient:
        """Return a client that knows the error rules of this site.

        :raises ConnectionSetupError: the connection lacks something or holds something unusable.
        :raises MappingError: the error rules are wrong.
        """
        from fs_integration.spec.error_rules import load_error_rules

        return self._client(load_error_rules("finance_operations"))

    def test_connection(self) -> tuple[bool, str]:
        """Answer the button "Test" of the connection form, also where no mappings are deployed."""
        return checked(lambda: self._client().check())

    def _client(self, rules: ErrorRules | None = None) -> FinanceOperationsClient:
        from fs_integration.clients.finance_operations import FinanceOperationsClient

        return FinanceOperationsClient(settings_of(self.get_connection(self.finance_operations_conn_id)), rules=rules)
