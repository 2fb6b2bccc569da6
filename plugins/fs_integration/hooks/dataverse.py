"""From an Airflow connection to a client of Dataverse (docs/connections.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from fs_integration.hooks.service_settings import checked, settings_of

if TYPE_CHECKING:
    from fs_integration.clients.dataverse import DataverseClient
    from fs_integration.spec.error_rules import ErrorRules


class DataverseHook(BaseHook):
    """Connect to a Dataverse environment, the one that holds Field Service.

    :param dataverse_conn_id: id of a connection of type ``dataverse``.
    """

    conn_name_attr = "dataverse_conn_id"
    default_conn_name = "dataverse_default"
    conn_type = "dataverse"
    hook_name = "Dynamics 365 Field Service (Dataverse)"

    def __init__(self, dataverse_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataverse_conn_id = dataverse_conn_id

    def get_conn(self) -> DataverseClient:
        """Return a client that knows the error rules of this site.

        :raises ConnectionSetupError: the connection lacks something or holds something unusable.
        :raises MappingError: the error rules are wrong.
        """
        from fs_integration.spec.error_rules import load_error_rules

        return self._client(load_error_rules("dataverse"))

    def test_connection(self) -> tuple[bool, str]:
        """Answer the button "Test" of the connection form, also where no mappings are deployed."""
        return checked(lambda: self._client().check())

    def _client(self, rules: ErrorRules | None = None) -> DataverseClient:
        from fs_integration.clients.dataverse import DataverseClient

        return DataverseClient(settings_of(self.get_connection(self.dataverse_conn_id)), rules=rules)
