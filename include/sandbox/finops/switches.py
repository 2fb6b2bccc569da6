"""Behaviours of F&O that a test may switch (`POST /limits`): open points of the sources, and forced trouble.

Every field of `Switches` is one switch with its default. Where sources contradict each other the default is the
reading recommended in the protocol notes.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

SANDBOX_CLIENT = "00000000-0000-4000-8000-0000000000c1"


@dataclass(frozen=True)
class Switches:
    """The switches in force for one request.

    :param applications: client ids registered as Microsoft Entra applications; any other gets 401.
    :param default_company: company of the user behind the application.
    :param companies: companies that user may see; empty means all.
    :param forbidden_entities: entity sets the user's roles do not allow: 403.
    :param missing_row_status: answer to PATCH and DELETE of an unknown row, 400 or 404 [conflict].
    :param top_ends_paging: `$top` suppresses `@odata.nextLink`, also when it is larger than a page [conflict].
    :param update_conflicts: so many next updates fail with an update conflict.
    :param nested_values: package actions wrap their value once more, as the documentation prints [conflict].
    :param package_states: what `GetExecutionSummaryStatus` says one after the other; the last one stays.
    :param package_state_seconds: time on the sandbox clock that every state but the last one takes.
    :param package_url_delay_seconds: so long after success the package address is still empty.
    :param package_errors: messages of the failed rows of every export.
    :param malformed_execution_errors: the error list is no valid JSON, as on the real system when messages have quotes.
    :param signed_url_seconds: lifetime of a download address.
    """

    applications: tuple[str, ...] = (SANDBOX_CLIENT,)
    default_company: str = "usmf"
    companies: tuple[str, ...] = ()
    forbidden_entities: tuple[str, ...] = ()
    missing_row_status: int = 400
    top_ends_paging: bool = True
    update_conflicts: int = 0
    nested_values: bool = False
    package_states: tuple[str, ...] = ("NotRun", "Executing", "Succeeded")
    package_state_seconds: float = 0.5
    package_url_delay_seconds: float = 0.0
    package_errors: tuple[str, ...] = ()
    malformed_execution_errors: bool = False
    signed_url_seconds: float = 3600.0

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Switches:
        """Take the switches in force; names that belong to others are not ours to judge."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**{**known, **lists})

    def may_see(self, company: str) -> bool:
        """Tell whether the user may see a company."""
        return not self.companies or company.lower() in self.companies


def lose_next_update(values: MutableMapping[str, Any]) -> bool:
    """Tell whether this update meets a conflict, and count it."""
    left = values.get("update_conflicts", 0)
    if left > 0:
        values["update_conflicts"] = left - 1
    return bool(left > 0)


DEFAULTS: dict[str, Any] = asdict(Switches())
