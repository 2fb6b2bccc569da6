"""How much the emulated services take: page sizes, latency, service protection, and the systems' own switches.

`POST /limits` sets any field by its name. The defaults of Dataverse are the documented service protection limits; those
of Finance & Operations have no user limits, because Microsoft withdrew them, only overload.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


class UnknownSetting(ValueError):
    """A setting that does not exist or cannot have the value given."""


@dataclass
class EntraLimits:
    """Settings of the token service.

    :param latency_ms: added to every request.
    :param token_lifetime_seconds: lifetime of new tokens.
    :param refresh_in_seconds: `refresh_in` of answers, null for none.
    """

    latency_ms: float = 0.0
    token_lifetime_seconds: int = 3599
    refresh_in_seconds: int | None = None


@dataclass
class SystemLimits:
    """Settings of one system; a limit of null is off.

    :param page_size: most rows of a page.
    :param latency_ms: added to every request; :param latency_us_per_row: added for every row read or written.
    :param requests: requests of one client in the window; :param execution_seconds: their summed duration.
    :param concurrency: requests of one client at the same time; :param window_seconds: length of the sliding window.
    :param retry_after: send the Retry-After header.
    :param overload_every: every n-th request meets an overloaded server.
    :param overload_requests: so many next requests meet an overloaded server.
    :param overload_retry_after_seconds: what the overloaded server asks for.
    :param switches: behaviours of the system, by name; each system documents its own.
    """

    page_size: int
    latency_ms: float = 0.0
    latency_us_per_row: float = 0.0
    requests: int | None = None
    execution_seconds: float | None = None
    concurrency: int | None = None
    window_seconds: float = 300.0
    retry_after: bool = True
    overload_every: int | None = None
    overload_requests: int = 0
    overload_retry_after_seconds: int = 5
    switches: dict[str, Any] = field(default_factory=dict)


def _finops() -> SystemLimits:
    return SystemLimits(page_size=10_000)


def _dataverse() -> SystemLimits:
    return SystemLimits(page_size=5_000, requests=6_000, execution_seconds=1_200.0, concurrency=52)


@dataclass
class Limits:
    """The settings of all systems.

    :param default_switches: the switches that exist, by system, with their defaults.
    """

    entra: EntraLimits = field(default_factory=EntraLimits)
    finops: SystemLimits = field(default_factory=_finops)
    dataverse: SystemLimits = field(default_factory=_dataverse)
    default_switches: dict[str, dict[str, Any]] = field(default_factory=dict)

    def reset(self) -> None:
        """Return to the defaults; the objects stay the same, because systems hold them."""
        defaults = Limits()
        for system in ("entra", "finops", "dataverse"):
            vars(getattr(self, system)).update(vars(getattr(defaults, system)))
        for system, switches in self.default_switches.items():
            getattr(self, system).switches.update(switches)

    def update(self, changes: dict[str, Any]) -> None:
        """Apply settings by system and name: all of them, or none.

        :raises UnknownSetting: a system, setting or switch that does not exist, or a value of the wrong kind.
        """
        checked = [
            (system, name, value) for system, values in changes.items() for name, value in self._check(system, values)
        ]
        for system, name, value in checked:
            if name == "switches":
                getattr(self, system).switches.update(value)
            else:
                setattr(getattr(self, system), name, value)

    def describe(self) -> dict[str, Any]:
        """Give every setting in force."""
        return {system: asdict(getattr(self, system)) for system in ("entra", "finops", "dataverse")}

    def _check(self, system: str, values: Any) -> list[tuple[str, Any]]:
        if system not in ("entra", "finops", "dataverse") or not isinstance(values, dict):
            raise UnknownSetting(
                f"'{system}' is no group of settings; expected an object for entra, finops or dataverse."
            )
        current = getattr(self, system)
        known = {item.name for item in fields(current)}
        for name, value in values.items():
            if name not in known:
                raise UnknownSetting(f"'{system}' has no setting '{name}'; it has {', '.join(sorted(known))}.")
            if name == "switches":
                self._check_switches(system, value)
            else:
                _check_value(system, name, value, getattr(current, name))
        return list(values.items())

    def _check_switches(self, system: str, values: Any) -> None:
        known = self.default_switches.get(system)
        if not isinstance(values, dict):
            raise UnknownSetting(f"The switches of '{system}' must be an object.")
        unknown = sorted(set(values) - set(known)) if known is not None else []
        if unknown and known is not None:
            raise UnknownSetting(f"'{system}' has no switch '{unknown[0]}'; it has {', '.join(sorted(known))}.")


_NULLABLE = frozenset({"requests", "execution_seconds", "concurrency", "overload_every", "refresh_in_seconds"})
_POSITIVE = frozenset({"page_size", "token_lifetime_seconds", "window_seconds", "overload_every"})


def _check_value(system: str, name: str, value: Any, current: Any) -> None:
    if value is None and name in _NULLABLE:
        return
    expected: Any = bool if isinstance(current, bool) else (int, float)
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise UnknownSetting(f"The setting '{name}' of '{system}' cannot be {value!r}.")
    if value < (1 if name in _POSITIVE else 0):
        raise UnknownSetting(f"The setting '{name}' of '{system}' is too small: {value!r}.")
