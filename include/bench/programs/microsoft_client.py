"""Microsoft's Dataverse client for Python: ``records.upsert`` of 1,000 rows, one call after the other.

The client repeats after network errors itself; what it reports as transient is sent again after the wait it names.
Runs in an environment of its own. Usage: ``python -m bench.programs.microsoft_client JOB.json``.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from bench.programs.wire import LOGICAL_NAME, Row, body, done, parts, read_job, read_rows, token

TRIES = 10


class SandboxCredential:
    """Signs in as the other programs do; the real credential classes insist on Microsoft's own addresses."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._token = AccessToken(token(job, job["urls"]["dataverse"]), int(time.time()) + 3000)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # noqa: ARG002
        return self._token


def main() -> int:
    job = read_job()
    rows = read_rows(job)
    os.environ["REQUESTS_CA_BUNDLE"] = job["ca_file"]
    started = time.monotonic()
    with DataverseClient(job["urls"]["dataverse"], SandboxCredential(job)) as client:
        for part in parts(rows):
            upsert(client, part)
    return done(started, written=len(rows))


def upsert(client: DataverseClient, part: list[Row]) -> None:
    """Write one part and repeat it while the client calls the failure transient."""
    items = [UpsertItem(alternate_key=row["key"], record=body(row)) for row in part]
    for number in range(1, TRIES + 1):
        try:
            client.records.upsert(LOGICAL_NAME, items)
            return
        except HttpError as exc:
            if not exc.is_transient or number == TRIES:
                raise
            time.sleep(exc.details.get("retry_after") or 1)


if __name__ == "__main__":
    sys.exit(main())
