"""After the wait for a data package: go on only when it has ended."""

from __future__ import annotations

import pytest

from fs_integration.errors import ServiceUnavailable
from fs_integration.operators.package_trigger import FAILED_TO_ASK, TIME_OVER
from fs_integration.operators.packages import check_ended


def event(state: str) -> dict[str, str]:
    return {"execution": "e-1", "state": state, "message": "Why."}


@pytest.mark.parametrize("state", ["Succeeded", "PartiallySucceeded", "Failed", "Canceled"])
def test_an_execution_that_has_ended_is_looked_at(state: str) -> None:
    check_ended(event(state))


@pytest.mark.parametrize("state", [TIME_OVER, FAILED_TO_ASK, "Unknown"])
def test_one_that_has_not_fails_the_try_with_its_id(state: str) -> None:
    with pytest.raises(ServiceUnavailable, match=f"e-1 ended with `{state}`. Why."):
        check_ended(event(state))
