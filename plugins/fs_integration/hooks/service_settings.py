"""What the hooks of both services share: reading a connection, and saying in one sentence whether it works."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from fs_integration.clients.settings import ServiceSettings, read_settings
from fs_integration.errors import FsIntegrationError, ServiceError

if TYPE_CHECKING:
    from airflow.sdk import Connection


def settings_of(connection: Connection) -> ServiceSettings:
    """Read an Airflow connection.

    :raises ConnectionSetupError: the connection lacks something or holds something unusable.
    """
    return read_settings(
        connection.conn_id, host=connection.host or "", port=connection.port, login=connection.login or "",
        password=connection.password or "", extra=connection.extra_dejson, environment=os.environ,
    )  # fmt: skip


def checked(check: Callable[[], str]) -> tuple[bool, str]:
    """Return whether a connection works and a sentence about it, without text of the service and without secrets."""
    try:
        return True, check()
    except ServiceError as exc:
        code = f", code {exc.code}" if exc.code else ""
        status = f", status {exc.status}" if exc.status else ""
        return (
            False,
            f"{type(exc).__name__}{status}{code}. {ADVICE.get(type(exc).__name__, '')} The log has the details.",
        )
    except FsIntegrationError as exc:
        return False, str(exc)


ADVICE = {
    "AuthenticationFailed": "Check tenant, client id and credential, and that the environment knows the application.",
    "PermissionDenied": "Give the application user a role that may read.",
    "NotFound": "Check the environment URL.",
    "NetworkFailure": "Check the environment URL, the network and the proxy.",
    "Throttled": "The service asked for less load; try again later.",
    "ServiceUnavailable": "The service cannot answer now; try again later.",
    "AnswerTooLarge": "The answer is far too large; check the environment URL and the proxy.",
    "ForeignLinkRefused": "The address redirects elsewhere; check the environment URL.",
}
