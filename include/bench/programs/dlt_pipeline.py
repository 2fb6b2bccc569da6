"""dlt: the rows as a resource, and a custom destination that posts ``UpsertMultiple`` of 1,000 rows.

dlt ships no destination for Dataverse. Runs in an environment of its own.
Usage: ``python -m bench.programs.dlt_pipeline JOB.json``.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import dlt

from bench.programs.wire import API, ROWS_PER_REQUEST, TABLE, TIMEOUT_SECONDS, Row, done, read_job, read_rows, session
from bench.programs.wire import target as wire_target


def main() -> int:
    job = read_job()
    rows = read_rows(job)
    started = time.monotonic()
    base_url = job["urls"]["dataverse"]
    client = session(job, base_url, writers=8, tries=10)
    url = f"{base_url}/{API}/{TABLE}/Microsoft.Dynamics.CRM.UpsertMultiple"

    def upsert(items: list[Row], table: Any) -> None:  # noqa: ARG001
        targets = [wire_target(item) for item in items]
        client.post(url, json={"Targets": targets}, timeout=TIMEOUT_SECONDS).raise_for_status()

    destination = dlt.destination(
        upsert, batch_size=ROWS_PER_REQUEST, naming_convention="direct", skip_dlt_columns_and_tables=True
    )
    pipeline = dlt.pipeline("bench", pipelines_dir=f"{job['home']}/dlt", destination=destination())
    pipeline.run(dlt.resource(rows, name="stock", max_table_nesting=0)).raise_on_failed_jobs()
    return done(started, written=len(rows))


if __name__ == "__main__":
    sys.exit(main())
