"""The trigger that waits for a data package fires when there is something to tell, and keeps no secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.errors import AuthenticationFailed, NetworkFailure
from fs_integration.operators.package_trigger import FAILED_TO_ASK, TIME_OVER, PackageTrigger

SECRET = "not-for-the-database"
CONNECTION = {
    "conn_type": "finance_operations", "host": "https://contoso.operations.dynamics.com", "login": "app",
    "password": SECRET, "extra": {"tenant_id": "contoso"},
}  # fmt: skip


@pytest.fixture
def trigger(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PackageTrigger]:
    monkeypatch.setenv("AIRFLOW_CONN_FO", json.dumps(CONNECTION))

    def trigger(*answers: str | Exception, seconds: float = 60.0, grace: float = 60.0) -> PackageTrigger:
        left = list(answers)

        def status(client: FinanceOperationsClient, execution: str) -> str:
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer if execution == "e-1" else "Unknown"

        monkeypatch.setattr(FinanceOperationsClient, "execution_status", status)
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        made = PackageTrigger(
            finance_operations_conn_id="fo", execution="e-1", until=until, poll_seconds=0.001, grace_seconds=grace
        )
        module, _, name = made.serialize()[0].rpartition(".")
        again: PackageTrigger = getattr(import_module(module), name)(**made.serialize()[1])
        return again

    return trigger


def fired(trigger: PackageTrigger) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            payload: dict[str, Any] = event.payload
            return payload
        raise AssertionError("nothing fired")

    return asyncio.run(first())


@pytest.mark.parametrize("state", ["Succeeded", "PartiallySucceeded", "Failed", "Canceled"])
def test_it_fires_when_the_execution_has_ended(trigger: Callable[..., PackageTrigger], state: str) -> None:
    event = fired(trigger("Unknown", "Bad request", "NotRun", "Executing", state))
    assert event == {"execution": "e-1", "state": state, "message": ""}


def test_it_goes_on_asking_when_an_answer_is_lost(trigger: Callable[..., PackageTrigger]) -> None:
    assert (
        fired(trigger(NetworkFailure("cut"), "Executing", NetworkFailure("cut"), "Succeeded"))["state"] == "Succeeded"
    )


@pytest.mark.parametrize(
    ("answers", "grace"),
    [
        pytest.param(["Executing", "Unknown"], 60.0, id="known before and then forgotten"),
        pytest.param(["Unknown"], 0.0, id="never known"),
    ],
)
def test_it_fires_when_the_service_does_not_know_the_execution(
    trigger: Callable[..., PackageTrigger], answers: list[str], grace: float
) -> None:
    assert fired(trigger(*answers, grace=grace))["state"] == "Unknown"


def test_it_fires_when_the_time_is_over(trigger: Callable[..., PackageTrigger]) -> None:
    event = fired(trigger("Executing", seconds=0.05))
    assert event["state"] == TIME_OVER
    assert "is still `Executing`" in event["message"]


def test_it_says_what_kept_it_from_asking(trigger: Callable[..., PackageTrigger]) -> None:
    event = fired(trigger(AuthenticationFailed("The secret has expired.")))
    assert event["state"] == FAILED_TO_ASK
    assert "expired" in event["message"]


def test_what_airflow_stores_holds_no_secret(trigger: Callable[..., PackageTrigger]) -> None:
    stored = json.dumps(trigger("Succeeded").serialize())
    assert SECRET not in stored
    assert "e-1" in stored
