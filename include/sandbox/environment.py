"""What every emulated system is given: clock, limits, tokens and the addresses of the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.entra import TokenIssuer
from sandbox.limits import Limits


@dataclass
class Environment:
    """The surroundings of one sandbox.

    :param urls: addresses of `entra`, `finops`, `dataverse` and `control`, without a slash at the end.
    """

    clock: Clock
    limits: Limits
    issuer: TokenIssuer
    urls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, urls: dict[str, str] | None = None) -> Environment:
        """Make surroundings with default limits and a fresh signing key."""
        clock = Clock()
        return cls(clock, Limits(), TokenIssuer(clock), dict(urls or {}))
