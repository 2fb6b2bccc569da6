"""What every measured program needs: its job, a signed-in session, the rows, and the line it ends with.

A job file holds the addresses of the sandbox, the client's credentials, and ``rows_file``: one JSON object per row with
``key``, ``record`` (plain columns) and the ids of ``product`` and ``warehouse``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

TABLE = "msdynce_externalproductinventories"
LOGICAL_NAME = "msdynce_externalproductinventory"
API = "api/data/v9.2"
ROWS_PER_REQUEST = 1000
TIMEOUT_SECONDS = 300
Row = dict[str, Any]


def read_job() -> dict[str, Any]:
    """Read the job file that the command line names."""
    job: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return job


def read_rows(job: dict[str, Any]) -> list[Row]:
    """Read the rows to write."""
    with Path(job["rows_file"]).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def token(job: dict[str, Any], base_url: str) -> str:
    """Ask for an access token for one service."""
    form = {
        "grant_type": "client_credentials", "client_id": job["client_id"], "client_secret": job["client_secret"],
        "scope": f"{base_url}/.default",
    }  # fmt: skip
    with plain_session(job) as session:
        url = f"{job['urls']['entra']}/{job['tenant_id']}/oauth2/v2.0/token"
        answer = session.post(url, data=form, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def plain_session(job: dict[str, Any]) -> requests.Session:
    """Return a session that trusts the sandbox."""
    made = requests.Session()
    made.verify, made.trust_env = job["ca_file"], False
    return made


def session(job: dict[str, Any], base_url: str, *, writers: int = 1, tries: int = 0) -> requests.Session:
    """Return a signed-in session. :param tries: repetitions after 429 and 5xx, as ``Retry-After`` asks."""
    made = plain_session(job)
    retry = Retry(
        total=tries, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None,
        respect_retry_after_header=True, raise_on_status=False,
    )  # fmt: skip
    made.mount("https://", HTTPAdapter(pool_maxsize=writers, max_retries=retry))
    made.headers.update({"Authorization": f"Bearer {token(job, base_url)}", "Accept": "application/json"})
    return made


def target(row: Row) -> Row:
    """Return a row as a target of ``UpsertMultiple``."""
    key = ",".join(f"{name}='{value}'" for name, value in row["key"].items())
    return {"@odata.type": f"Microsoft.Dynamics.CRM.{LOGICAL_NAME}", "@odata.id": f"{TABLE}({key})", **body(row)}


def body(row: Row) -> Row:
    """Return the columns and lookups of a row as Dataverse takes them."""
    return {
        **row["record"],
        "msdynce_product@odata.bind": f"/products({row['product']})",
        "msdynce_warehouse@odata.bind": f"/msdyn_warehouses({row['warehouse']})",
    }


def parts(rows: list[Row], size: int = ROWS_PER_REQUEST) -> list[list[Row]]:
    """Cut rows into requests."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def done(started: float, **counts: Any) -> int:
    """Print the last line. :param started: ``time.monotonic()`` before the work. :returns: exit code 0."""
    print(json.dumps({**counts, "seconds": time.monotonic() - started, "peak": peak_mib()}))
    return 0


def peak_mib() -> float:
    """Return this process's peak memory in MiB.

    Linux hands ``ru_maxrss`` of the starting process down, so ``VmHWM`` is asked where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
