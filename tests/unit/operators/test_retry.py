"""The family of an error decides whether Airflow tries again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from fs_integration import errors
from fs_integration.operators.retry import FamilyRetryPolicy

CASES = [
    (errors.Throttled("slow down", retry_after=17), RetryAction.RETRY, timedelta(seconds=17)),
    (errors.NetworkFailure("cut"), RetryAction.RETRY, None),
    (errors.LeaseHeld("busy"), RetryAction.RETRY, None),
    (errors.AuthenticationFailed("wrong secret"), RetryAction.FAIL, None),
    (errors.MappingError("bad"), RetryAction.FAIL, None),
    (errors.DataQualityError("gate"), RetryAction.FAIL, None),
    (errors.ReconciliationError("books"), RetryAction.FAIL, None),
    (ValueError("a bug"), RetryAction.DEFAULT, None),
]


@pytest.mark.parametrize(("error", "action", "delay"), CASES, ids=[type(error).__name__ for error, *_ in CASES])
def test_family_decides(error, action, delay):
    decision = FamilyRetryPolicy().evaluate(error, 1, 3)
    assert (decision.action, decision.retry_delay) == (action, delay)
