"""The cost model of docs/performance.md: requests and time of a run by rows, changed rows, latency and limits.

``python -m bench.model`` prints the calculator table; its options are the circumstances of another tenant.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, fields
from typing import get_type_hints

SOURCE_PAGE, TARGET_PAGE = 10_000, 5_000  # rows of a page: F&O, Dataverse
READ_BY_KEY, KEYS_PER_REQUEST = 2_000, 150  # rows of a company that are read back by key, and how many at once
ROWS_PER_KEY = 8  # that such a request finds: it asks for the products and for the warehouses, not for their pairs
WINDOW_SECONDS, WINDOW_REQUESTS, WINDOW_EXECUTION = 300, 6_000, 1_200  # "Service protection API limits", per user
ROWS = tuple(10**power for power in range(4, 9))
CHANGED = 0.01


@dataclass(frozen=True)
class Circumstances:
    """What differs between tenants.

    :param latency: seconds of a request beside its rows; :param read_row: seconds the service takes to read a row;
        :param write_row: to write one. :param writers: requests at once; :param request_rows: rows per request.
    :param companies: that stock is read for; :param largest: share of the rows that the largest one has: companies are
        read side by side. :param fixed_requests: metadata, look-ups, sign-in; :param rounds: of them, those that wait
        for another one. :param fixed: seconds of own work per run; :param own_row: seconds of own work per row read;
        :param own_change: per row written.
    """

    latency: float = 0.05
    read_row: float = 0.0002
    write_row: float = 0.0002
    writers: int = 8
    request_rows: int = 1000
    companies: int = 3
    largest: float = 0.5
    fixed_requests: int = 57
    rounds: int = 15
    fixed: float = 3.4
    own_row: float = 0.00006
    own_change: float = 0.00003


@dataclass(frozen=True)
class Estimate:
    """What a run costs.

    :param requests: in total; :param limited: those that count against the limits of Dataverse.
    :param seconds: without limits; :param floor: the least that the limits allow.
    """

    requests: int
    limited: int
    seconds: float
    floor: float

    @property
    def total(self) -> float:
        """Seconds of the run."""
        return max(self.seconds, self.floor)


def estimate(rows: int, changed: int, tenant: Circumstances) -> Estimate:
    """Estimate a run. :param rows: read from the source; :param changed: of them, to be written."""
    pages = max(tenant.companies, math.ceil(rows / SOURCE_PAGE))
    writes = min(changed, math.ceil(changed / tenant.request_rows) + tenant.companies - 1)
    back, back_rows, readers = _read_back(rows, changed, tenant)
    seconds = (
        tenant.fixed + tenant.rounds * tenant.latency
        + (pages * tenant.latency + rows * tenant.read_row) * tenant.largest + rows * tenant.own_row
        + (writes * tenant.latency + changed * tenant.write_row) / tenant.writers + changed * tenant.own_change
        + (back * tenant.latency + back_rows * tenant.read_row) / readers
    )  # fmt: skip
    limited = writes + back + tenant.fixed_requests // 2
    execution = changed * tenant.write_row + back_rows * tenant.read_row
    return Estimate(tenant.fixed_requests + pages + writes + back, limited, seconds, _floor(limited, execution))


def _read_back(rows: int, changed: int, tenant: Circumstances) -> tuple[int, int, int]:
    """Return requests, rows and readers of reconciliation: by key when few were written, else ranges of the table."""
    if changed <= READ_BY_KEY * tenant.companies:
        return math.ceil(changed / KEYS_PER_REQUEST), min(rows, changed * ROWS_PER_KEY), 1
    return math.ceil(rows / TARGET_PAGE), rows, tenant.writers


def _floor(requests: int, execution: float) -> float:
    """Return the least seconds that so many requests and seconds of execution take; a first window passes at once."""
    windows = max(requests / WINDOW_REQUESTS, execution / WINDOW_EXECUTION)
    return max(0.0, (windows - 1) * WINDOW_SECONDS)


def calculator(tenant: Circumstances) -> list[str]:
    """Return the table as lines of Markdown."""
    head = ["rows", "first load: requests", "time", "1 % changed: requests", "time", "nothing changed: time"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for rows in ROWS:
        first, one, none = (estimate(rows, int(rows * share), tenant) for share in (1, CHANGED, 0))
        cells = [f"{rows:,}", f"{first.requests:,}", duration(first.total), f"{one.requests:,}", duration(one.total),
                 duration(none.total)]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def duration(seconds: float) -> str:
    """Write seconds as a person would."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.model", description=__doc__)
    kinds = get_type_hints(Circumstances)
    for one in fields(Circumstances):
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=kinds[one.name], default=one.default)
    print("\n".join(calculator(Circumstances(**vars(parser.parse_args())))))


if __name__ == "__main__":
    main()
