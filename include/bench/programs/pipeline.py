"""Run areas once, every step without Airflow: ``python -m bench.programs.pipeline JOB.json AREA...``."""

from __future__ import annotations

import sys
import time
import uuid
from collections import Counter
from pathlib import Path

from bench.programs.wire import done, read_job
from fs_integration.spec.loader import load_mapping
from local.direct import connect
from local.services import Sandbox

COUNTS = ("read", "created", "updated", "unchanged", "quarantined", "skipped", "blocked", "drift")


def main(areas: list[str]) -> int:
    started = time.monotonic()
    job = read_job()
    direct = connect(Sandbox(job["urls"], Path(job["ca_file"])), Path(job["home"]))
    sums: Counter[str] = Counter()
    for area in areas:
        for books in direct.run(load_mapping(area), run_id=uuid.uuid4().hex):
            sums.update({name: getattr(books, name) for name in COUNTS})
    return done(started, written=sums["created"] + sums["updated"], **sums)


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
