"""All areas in a real Airflow, then a look for secrets in what it keeps: XCom, rendered templates, logs, reports."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tests.soak.canaries import CANARY, secrets_in

NOT_KEPT_BY_US = {"connection"}  # where Airflow keeps the secrets themselves, encrypted where a Fernet key is set


def secrets_kept_by_airflow() -> list[str]:
    """Run the demo in an Airflow of its own. :returns: where a secret was found.

    :raises RuntimeError: the demo failed, so that too little was left behind to prove anything.
    """
    with tempfile.TemporaryDirectory(prefix="soak-airflow") as name:
        home = Path(name)
        done = subprocess.run(
            [sys.executable, "-m", "local.demo"], env=os.environ | {"AIRFLOW_HOME": name},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"The demo failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return secrets_in_home(home)


def secrets_in_home(home: Path) -> list[str]:
    """Return where a secret was found in the home of an Airflow, the keys of the sandbox left out."""
    return _in_tables(home / "airflow.db") + secrets_in(home, but=("airflow.db*", "sandbox*"))


def _in_tables(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"xcom", "rendered_task_instance_fields", *NOT_KEPT_BY_US} <= names, names
        return [
            f"table {name}"
            for name in sorted(names - NOT_KEPT_BY_US)
            if any(CANARY.search(repr(row).encode()) for row in connection.execute(f'SELECT * FROM "{name}"'))
        ]
