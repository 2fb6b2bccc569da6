"""When Airflow tries a task again: decided by the family of the error, not by the task."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from fs_integration.errors import FsIntegrationError, TransientServiceError

if TYPE_CHECKING:
    from airflow.sdk import Context


class FamilyRetryPolicy(RetryPolicy):
    """Retry what time can heal, fail at once what a person must mend, leave all else to the task's own settings."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002  Airflow hands it over by name
        max_tries: int,  # noqa: ARG002
        context: Context | None = None,  # noqa: ARG002
    ) -> RetryDecision:
        if isinstance(exception, TransientServiceError):
            delay = timedelta(seconds=exception.retry_after) if exception.retry_after else None
            return RetryDecision.retry(delay, reason=f"{type(exception).__name__}: the same call may work later")
        if isinstance(exception, FsIntegrationError):
            return RetryDecision.fail(
                reason=f"{type(exception).__name__}: trying again cannot help; see the message above"
            )
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> FamilyRetryPolicy:  # noqa: ARG003
        return cls()
