"""Count what services fail to do, so that an area whose services are down pauses instead of asking on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fs_integration.errors import FatalServiceError, LeaseHeld, PackageUnderWay, TransientServiceError
from fs_integration.ledger import Ledger, breakers
from fs_integration.ledger.breakers import LAST_STEP, Breaker, Work
from fs_integration.spec.connection_set import CircuitBreaker


@contextmanager
def counted(ledger: Ledger, breaker: Breaker, work: Work, limits: CircuitBreaker) -> Iterator[None]:
    """Do the work of a try inside; a row that is refused, or a lease that another run has, is no failure.

    The last step never waits: it holds the right to write, and what it has to say is about what was written.

    :raises AreaPaused: the area pauses, nothing was done.
    """
    if work.step != LAST_STEP:
        breakers.admit(ledger, breaker, work.run_key)
    try:
        yield
    except (LeaseHeld, PackageUnderWay):
        raise
    except (TransientServiceError, FatalServiceError) as exc:
        fatal = isinstance(exc, FatalServiceError)
        breakers.failed(ledger, breaker, work, limits=limits, message=str(exc), fatal=fatal)
        raise
    breakers.succeeded(ledger, breaker, work)
