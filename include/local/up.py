"""``make up`` and ``make down``: the sandbox and Airflow with its UI, in the background."""

from __future__ import annotations

import json
import os
import sys

from local.runner import prepare
from local.services import HOME, PIDS, ServiceError, start_airflow, start_sandbox, stop

SANDBOX_PORT = 8443


def up() -> int:
    """Start both and return once they answer."""
    if PIDS.exists():
        print("Already running, or not stopped cleanly: run `make down` first.", file=sys.stderr)
        return 2
    HOME.mkdir(parents=True, exist_ok=True)
    sandbox_process, sandbox = start_sandbox(port=SANDBOX_PORT, log=HOME / "sandbox.log")
    PIDS.write_text(json.dumps([sandbox_process.pid]), encoding="utf-8")
    prepare(sandbox)
    airflow = start_airflow(HOME / "standalone.log")
    PIDS.write_text(json.dumps([sandbox_process.pid, airflow.pid]), encoding="utf-8")
    url = os.environ["AIRFLOW__API__BASE_URL"]
    print(f"Airflow:  {url}   (no login; reachable from this machine only)")
    print(f"Pages:    {url}/fs-integration/")
    print(f"Sandbox:  {sandbox.urls}")
    print("Stop both with `make down`.")
    return 0


def down() -> int:
    """Stop what ``up`` started."""
    if not PIDS.exists():
        print("Nothing is running.")
        return 0
    for pid in reversed(json.loads(PIDS.read_text(encoding="utf-8"))):
        stop(pid)
    PIDS.unlink()
    print("Stopped.")
    return 0


def main() -> int:
    try:
        return down() if "--stop" in sys.argv else up()
    except ServiceError as exc:
        print(exc, file=sys.stderr)
        down()
        return 1


if __name__ == "__main__":
    sys.exit(main())
