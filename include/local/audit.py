"""Ask the public database of advisories about every locked package: the last part of `make check`.

An advisory fails the check. So does, with ``FS_REQUIRE_AUDIT=1``, a database that cannot be asked, which otherwise is
said and not hidden: without a network nothing is known.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path("requirements.lock")
REQUIRED = "FS_REQUIRE_AUDIT"
URL = "FS_AUDIT_URL"  # another database of the same form, such as a mirror
SECONDS = 600


def main(lock: Path = LOCK) -> int:
    """Print what is known of the packages of a lock file and return the exit code."""
    report, why = _asked(lock)
    advisories = [f"{one['name']} {one['version']}: {_named(bad)}" for one in report for bad in one.get("vulns", ())]
    unknown = [f"{one['name']}: {one['skip_reason']}" for one in report if "skip_reason" in one]
    if advisories:
        print(f"{len(advisories)} advisories about packages of {lock}; take the version that mends each, then "
              f"`make lock`:", *advisories, sep="\n  ")  # fmt: skip
        return 1
    if report and not unknown:
        print(f"No advisory is known about the {len(report)} packages of {lock}.")
        return 0
    print(f"NOT AUDITED: {lock} was not compared with the advisories: {'; '.join(unknown) or why}")
    print(f"Run `make check` where the database can be reached; {REQUIRED}=1 makes this a failure.")
    return int(os.environ.get(REQUIRED) == "1")


def _asked(lock: Path) -> tuple[list[dict[str, Any]], str]:
    """Return what the database says of each package; nothing, and the reason, when it was not asked about all."""
    url = ["--osv-url", os.environ[URL]] if URL in os.environ else []
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--no-deps", "--disable-pip", "--format", "json",
        "--progress-spinner", "off", "--vulnerability-service", "osv", *url,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return [], f"no answer within {SECONDS} s"
    try:
        return list(json.loads(done.stdout)["dependencies"]), ""
    except ValueError:
        lines = done.stderr.strip().splitlines() or ["no answer"]
        return [], lines[-1][:300]


def _named(advisory: dict[str, Any]) -> str:
    mended = ", ".join(advisory["fix_versions"]) or "no version yet"
    return f"{advisory['id']}, mended by {mended}"


if __name__ == "__main__":
    sys.exit(main())
