"""What the tests of faults between us and the services share: where faults meet an area, and how it must end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.reliability.site import Result, Site, Sites, assert_as_in_peace, assert_one_run_as_in_peace

from fs_integration.errors import FsIntegrationError
from fs_integration.spec.loader import load_mapping

WRITES = {"method": "POST", "path_regex": r"Multiple|\$batch"}
SYSTEMS = {"finance_operations": "finops", "dataverse": "dataverse"}
Place = dict[str, Any]


def reads(area: str) -> Place:
    """Return where the source rows of an area's first task are read."""
    source = load_mapping(area).enabled_tasks[0].source
    return {"system": SYSTEMS[source.system], "method": "GET", "path_regex": rf"/{source.entity}\?"}


def target_of(area: str) -> tuple[str, str]:
    """Return system and table that an area's first task writes to."""
    target = load_mapping(area).enabled_tasks[0].target
    return SYSTEMS[target.system], target.table


def both(area: str, action: str, times: int | None = 1, nth: int = 1, **args: Any) -> list[Place]:
    """Return one fault at the source rows and the same at the writes of an area."""
    return [{**place, "action": action, "args": args, "times": times, "nth": nth} for place in (reads(area), WRITES)]


def in_turn(*faults: tuple[str, dict[str, Any]], at: Sequence[Place]) -> list[Place]:
    """Return faults of which the first hits the first request, the second its repetition, and so on.

    :param faults: action and args of each; :param at: places at which all of them happen.
    """
    return [
        {**place, "action": action, "args": args, "nth": nth}
        for place in at
        for nth, (action, args) in enumerate(faults, start=1)
    ]


def assert_met(site: Site) -> None:
    """Make sure that every fault in force has hit a request; one that did not proves nothing."""
    missed = [fault for fault in site.landscape.faults.describe() if not fault["hit"]]
    assert missed == []


def assert_untouched(site: Site) -> None:
    """Make sure that both systems hold exactly what they held before the first run."""
    now = site.dump()
    assert {name: rows for name, rows in now.items() if rows != site.start[name]} == {}


def run_through(site: Site, sites: Sites, *faults: Place) -> Result:
    """Run under faults that may cost time only: each must hit, and the end must be that of a run in peace."""
    site.faults(*faults)
    result = site.run_area()
    assert_met(site)
    assert_one_run_as_in_peace(site, sites, result)
    return result


def run_stopped(site: Site, family: type[FsIntegrationError], match: str, *faults: Place) -> FsIntegrationError:
    """Run under faults that must stop the area, and return the error."""
    site.faults(*faults)
    with pytest.raises(family, match=match) as caught:
        site.run_area()
    assert_met(site)
    return caught.value


def recover(site: Site, sites: Sites) -> Result:
    """End all faults and try the run again, as Airflow does; it must end like a run in peace."""
    site.heal()
    result = site.run_again()
    assert_as_in_peace(site, sites, result)
    return result


class Unreachable:
    """Lets connections fail before they are made: names that are not found, and ports where nobody listens.

    :param failures: so many connections to each port; None: all of them until ``end``.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, failures: int | None = None) -> None:
        self._nobody = socket.socket()
        self._nobody.bind(("127.0.0.1", 0))  # bound and not listening: who connects is refused
        self._left, self._seen, self._ask = failures, dict[int, int](), socket.getaddrinfo
        self._end: Callable[[], None] = monkeypatch.undo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)
        self.failed = 0

    def end(self) -> None:
        """Let connections be made again."""
        self._end()
        self._nobody.close()

    def _answer(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        seen = self._seen[port] = self._seen.get(port, 0) + 1
        if self._left is not None and seen > self._left:
            return self._ask(host, port, *args, **kwargs)
        self.failed += 1
        if seen % 2:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._ask(host, self._nobody.getsockname()[1], *args, **kwargs)
