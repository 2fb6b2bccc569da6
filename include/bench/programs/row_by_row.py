"""A script as many are written: one ``PATCH`` per row with requests, a line in the log when a row fails, and on.

Usage: ``python -m bench.programs.row_by_row JOB.json``.
"""

from __future__ import annotations

import sys
import time

import requests

from bench.programs.wire import API, TABLE, TIMEOUT_SECONDS, body, done, read_job, read_rows, session


def main() -> int:
    job = read_job()
    rows = read_rows(job)
    started = time.monotonic()
    base_url = job["urls"]["dataverse"]
    client, written = session(job, base_url), 0
    for row in rows:
        key = ",".join(f"{name}='{value}'" for name, value in row["key"].items())
        try:
            answer = client.patch(f"{base_url}/{API}/{TABLE}({key})", json=body(row), timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
            written += 1
        except requests.RequestException as exc:
            print(f"{key}: {exc}")
    return done(started, written=written)


if __name__ == "__main__":
    sys.exit(main())
