"""The package's own Dataverse client, without the pipeline. Usage: ``python -m bench.programs.our_client JOB.json``."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from bench.programs.wire import ROWS_PER_REQUEST, TABLE, Row, done, read_job, read_rows
from fs_integration.frames import KEY, KEY_SEPARATOR, frame_of
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
from local.direct import connect
from local.services import Sandbox

WRITERS = 8  # `parallel_requests` of the shipped mapping


def main() -> int:
    job = read_job()
    rows = read_rows(job)
    started = time.monotonic()
    client = connect(Sandbox(job["urls"], Path(job["ca_file"])), Path(job["home"])).clients.dataverse
    metadata = client.table(TABLE)
    frame = _frame(rows, metadata)
    answer = client.write(
        metadata, frame, key=list(rows[0]["key"]), columns=[str(name) for name in frame if name != KEY],
        request_rows=ROWS_PER_REQUEST, parallel_requests=WRITERS, before_request=lambda: None,
    )  # fmt: skip
    return done(started, written=int((answer["status"] == "written").sum()))


def _frame(rows: list[Row], metadata: EntityMetadata) -> pd.DataFrame:
    """Return the rows as the pipeline hands them to the client."""
    columns: dict[str, list[Any]] = {name: [row["key"][name] for row in rows] for name in rows[0]["key"]}
    columns[KEY] = [KEY_SEPARATOR.join(row["key"].values()) for row in rows]
    columns |= {name: [Decimal(str(row["record"][name])) for row in rows] for name in rows[0]["record"]}
    columns |= {f"msdynce_{name}": [row[name] for row in rows] for name in ("product", "warehouse")}
    kinds = {KEY: ColumnKind.TEXT} | {name: metadata.columns[name].kind for name in columns if name != KEY}
    return frame_of(columns, kinds)


if __name__ == "__main__":
    sys.exit(main())
