"""What counts as a failure of a service, and what does not."""

from __future__ import annotations

import pytest

from fs_integration.errors import (
    AreaPaused,
    ConfigurationError,
    FatalServiceError,
    Fenced,
    LeaseHeld,
    NetworkFailure,
    PackageUnderWay,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
)
from fs_integration.ledger import Ledger, breakers, open_engine
from fs_integration.ledger.breakers import Breaker, Work
from fs_integration.pipeline.breaker import counted
from fs_integration.spec.connection_set import CircuitBreaker

AREA = Breaker("warehouses", "default")
AT_ONCE = CircuitBreaker(failures=1)


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    made = Ledger(open_engine(f"sqlite:///{tmp_path / 'ledger.db'}"))
    made.migrate()
    return made


def attempt(ledger: Ledger, exc: BaseException | None = None, step: str = "load") -> None:
    with counted(ledger, AREA, Work("one", "warehouse", step), AT_ONCE):
        if exc is not None:
            raise exc


@pytest.mark.parametrize(
    ("exc", "pauses"),
    [
        (NetworkFailure("cut"), True),
        (ServiceUnavailable("down"), True),
        (Throttled("slow"), True),
        (FatalServiceError("restored"), True),
        (LeaseHeld("another run"), False),
        (PackageUnderWay("execution"), False),
        (RequestRefused("row"), False),
        (ConfigurationError("file"), False),
        (Fenced("newer"), False),
        (KeyboardInterrupt(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_try_that_a_service_ended_counts(ledger, exc, pauses):
    with pytest.raises(type(exc)):
        attempt(ledger, exc)
    assert bool(breakers.states(ledger)) == pauses
    if pauses:
        with pytest.raises(AreaPaused):
            attempt(ledger)
        attempt(ledger, step="reconcile")  # it never waits


def test_waiting_is_no_failure_and_success_leaves_nothing(ledger):
    attempt(ledger)
    assert breakers.states(ledger) == []
    with pytest.raises(NetworkFailure):
        attempt(ledger, NetworkFailure("cut"))
    with pytest.raises(AreaPaused):
        attempt(ledger)
    assert [state.failures for state in breakers.states(ledger)] == [1]
