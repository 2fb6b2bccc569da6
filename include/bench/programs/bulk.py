"""A hand-tuned bulk writer: ``UpsertMultiple`` of 1,000 rows with so many writers; with one, the sequential client.

Repeats what the service refuses, and waits as ``Retry-After`` asks, each writer for itself.
Usage: ``python -m bench.programs.bulk JOB.json WRITERS``.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from bench.programs.wire import API, TABLE, TIMEOUT_SECONDS, Row, done, parts, read_job, read_rows, session, target


def main(writers: int) -> int:
    job = read_job()
    rows = read_rows(job)
    started = time.monotonic()
    base_url = job["urls"]["dataverse"]
    client = session(job, base_url, writers=writers, tries=10)
    url = f"{base_url}/{API}/{TABLE}/Microsoft.Dynamics.CRM.UpsertMultiple"

    def post(part: list[Row]) -> int:
        targets = [target(row) for row in part]
        client.post(url, json={"Targets": targets}, timeout=TIMEOUT_SECONDS).raise_for_status()
        return len(targets)

    with ThreadPoolExecutor(writers) as pool:
        return done(started, written=sum(pool.map(post, parts(rows))))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[2])))
