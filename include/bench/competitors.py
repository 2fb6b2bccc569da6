"""Who is measured: our pipeline and client, and what else one could use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from bench.programs.wire import ROWS_PER_REQUEST


class Job(StrEnum):
    """What a program does: write given rows, go from source to target, or go that way again after a change."""

    UPSERT = "upsert"
    WHOLE = "whole"
    AGAIN = "again"


@dataclass(frozen=True)
class Program:
    """One program.

    :param module: below ``bench.programs``; :param arguments: after the job file.
    :param requirement: what its throwaway environment holds; empty for the environment of this package.
    :param share: part of the rows it writes, as slow programs would take hours; :param most: and never more than these.
    """

    name: str
    title: str
    job: Job
    module: str
    arguments: tuple[str, ...] = ()
    requirement: str = ""
    share: float = 1.0
    most: int = 10**9
    rows_per_request: int = ROWS_PER_REQUEST

    def rows(self, rows: int, *, throttled: bool = False) -> int:
        """Return how many rows it writes of so many, at least two requests of them.

        :param throttled: no part is enough, as a part would not meet the limits.
        """
        part = rows if throttled else max(int(rows * self.share), 2 * self.rows_per_request)
        return min(rows, self.most, part)

    def requests(self, rows: int) -> int:
        """Return about how many requests so many rows take."""
        return math.ceil(rows / self.rows_per_request)


SEQUENTIAL = 0.2
PROGRAMS = (
    Program("ours", "our client, 8 writers", Job.UPSERT, "our_client"),
    Program("hand", "hand-tuned script, 8 writers", Job.UPSERT, "bulk", ("8",)),
    Program("sequential", "sequential bulk client", Job.UPSERT, "bulk", ("1",), share=SEQUENTIAL),
    Program("rows", "row-by-row script", Job.UPSERT, "row_by_row", most=200, rows_per_request=1),
    Program("dlt", "dlt, custom destination", Job.UPSERT, "dlt_pipeline", requirement="dlt", share=SEQUENTIAL),
    Program(
        "microsoft", "Microsoft's client for Python", Job.UPSERT, "microsoft_client",
        requirement="PowerPlatform-Dataverse-Client", share=SEQUENTIAL,
    ),
    Program("minimal", "minimal script, whole job", Job.WHOLE, "minimal"),
    Program("pipeline", "our pipeline, whole job", Job.WHOLE, "pipeline", ("product_inventory",)),
    Program("again", "our pipeline, 1 % changed", Job.AGAIN, "pipeline", ("product_inventory",)),
)  # fmt: skip
# The limits and the sandbox's faults tell nothing new about these.
LEFT_OUT = {"throttled": {"minimal", "pipeline", "again"}, "chaos": {"minimal", "again"}}
