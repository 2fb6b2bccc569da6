"""Wait for the end of a data package in the triggerer, so that no worker is kept busy meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from fs_integration.errors import FsIntegrationError, TransientServiceError

if TYPE_CHECKING:
    from fs_integration.clients.finance_operations import FinanceOperationsClient

log = logging.getLogger(__name__)

TIME_OVER = "TimeOver"
FAILED_TO_ASK = "FailedToAsk"


class PackageTrigger(BaseTrigger):
    """Fire once an execution has ended, once Finance & Operations forgot it, or once the time is over.

    The event's payload holds ``execution``, ``state`` (the service's word, ``TimeOver`` or ``FailedToAsk``) and
    ``message``. The trigger keeps the connection's id and no secret.

    :param finance_operations_conn_id: connection of the environment; :param execution: id of the execution.
    :param until: moment at which the time is over, ISO 8601 with time zone; a restart does not move it.
    :param poll_seconds: pause between two questions; :param grace_seconds: how long the service may not know the
        execution yet.
    """

    def __init__(
        self, *, finance_operations_conn_id: str, execution: str, until: str, poll_seconds: float = 15.0,
        grace_seconds: float = 60.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.finance_operations_conn_id, self.execution, self.until = finance_operations_conn_id, execution, until
        self.poll_seconds, self.grace_seconds = poll_seconds, grace_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to build the trigger again."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "finance_operations_conn_id": self.finance_operations_conn_id, "execution": self.execution,
            "until": self.until, "poll_seconds": self.poll_seconds, "grace_seconds": self.grace_seconds,
        }  # fmt: skip

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until there is something to tell."""
        try:
            state, message = await self._end()
        except FsIntegrationError as exc:
            state, message = FAILED_TO_ASK, str(exc)
        yield TriggerEvent({"execution": self.execution, "state": state, "message": message})

    async def _end(self) -> tuple[str, str]:
        from fs_integration.clients.package_actions import RUNNING, is_lost, is_over

        client = await self._client()
        over, started, known, said = datetime.fromisoformat(self.until), datetime.now(UTC), False, ""
        while True:
            try:
                state = await asyncio.to_thread(client.execution_status, self.execution)
            except TransientServiceError as exc:
                log.warning("Execution %s: %s This is asked again.", self.execution, exc)
                state, said = "", str(exc)
            else:
                known, said = known or state in RUNNING, ""
                waited = (datetime.now(UTC) - started).total_seconds()
                if is_over(state) or is_lost(state, known=known, waited=waited, grace=self.grace_seconds):
                    return state, ""
            if datetime.now(UTC) >= over:
                return TIME_OVER, said or f"Execution {self.execution} is still `{state}`."
            await asyncio.sleep(self.poll_seconds)

    async def _client(self) -> FinanceOperationsClient:
        from airflow.sdk import BaseHook

        from fs_integration.clients.finance_operations import FinanceOperationsClient
        from fs_integration.hooks.service_settings import settings_of

        return FinanceOperationsClient(settings_of(await BaseHook.aget_connection(self.finance_operations_conn_id)))
