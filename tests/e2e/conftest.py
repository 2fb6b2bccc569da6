"""A real Airflow (API server, scheduler, DAG processor) beside a sandbox, both as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.services import Sandbox, running_sandbox, start_airflow, stop

RUN_SECONDS = 240
PREPARE = "from local.runner import prepare_database; prepare_database()"


@dataclass
class Airflow:
    """One running Airflow with its home, its environment and the sandbox its connections point to."""

    home: Path
    environment: dict[str, str]
    sandbox: Sandbox
    token: str = ""

    @property
    def url(self) -> str:
        return self.environment["AIRFLOW__API__BASE_URL"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API; ``path`` starts after ``/api/v2``."""
        request = urllib.request.Request(f"{self.url}/api/v2{path}", method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(request, data=data, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def page(self, path: str, *, token: bool = True) -> tuple[int, str]:
        """Fetch a page of the web server as a browser would, with or without login."""
        request = urllib.request.Request(self.url + path)
        if token:
            request.add_header("Cookie", f"_token={self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the ``airflow`` command."""
        return subprocess.run([sys.executable, "-m", "airflow", *arguments], env=self.environment, capture_output=True,
                              text=True, check=False, timeout=120)  # fmt: skip

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        return list(self.call("GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"])

    def wait_for_runs(self, dag_id: str, prefix: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many runs whose id starts with ``prefix`` have ended, and return them."""
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            ended = [run for run in self.runs(dag_id)
                     if run["dag_run_id"].startswith(prefix) and run["state"] in ("success", "failed")]  # fmt: skip
            if len(ended) >= count:
                return ended
            time.sleep(1)
        raise AssertionError(f"{dag_id}: fewer than {count} runs {prefix} ended: {self.runs(dag_id)}")

    def unpause(self, dag_id: str) -> None:
        """Unpause a DAG as soon as its file has been read."""
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            try:
                self.call("PATCH", f"/dags/{dag_id}", {"is_paused": False})
            except urllib.error.HTTPError as error:
                if error.code != 404 or time.monotonic() > deadline:
                    raise
                time.sleep(1)
            else:
                return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def airflow_environment(home: Path, sandbox: Sandbox) -> dict[str, str]:
    port = free_port()
    return {
        **os.environ,
        **sandbox.environment(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",  # nobody edits them; reading ten costs half a core
    }


def copy_dags(root: Path, folder: Path, schedule: str | None) -> None:
    """Copy the package's DAG files with another schedule for all."""
    folder.mkdir(parents=True)
    for file in (root / "dags").glob("fs_*.py"):
        before, _, rest = file.read_text(encoding="utf-8").partition('schedule="')
        _, _, after = rest.partition('"')
        (folder / file.name).write_text(f"{before}schedule={schedule!r}{after}", encoding="utf-8")


@pytest.fixture(scope="module")
def schedule() -> str | None:
    """When the areas run: daily, so that three past days are three runs and not hundreds. A module may override it."""
    return "0 2 * * *"


@pytest.fixture(scope="module")
def dag_files() -> dict[str, str]:
    """DAG files put in place of the package's own, name -> text. A module may override it."""
    return {}


@pytest.fixture(scope="module")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, root: Path, schedule: str | None, dag_files: dict[str, str]
) -> Iterator[Airflow]:
    home = tmp_path_factory.mktemp("airflow")
    copy_dags(root, home / "dags", schedule)
    for name, text in dag_files.items():
        (home / "dags" / name).write_text(text, encoding="utf-8")
    with running_sandbox(port=0, scale="tiny", log=home / "sandbox.log") as sandbox:
        environment = airflow_environment(home, sandbox)
        subprocess.run([sys.executable, "-c", PREPARE], env=environment, check=True, timeout=120, capture_output=True)
        process = start_airflow(home / "standalone.log", environment)
        try:
            running = Airflow(home, environment, sandbox)
            with urllib.request.urlopen(f"{running.url}/auth/token", timeout=30) as answer:
                running.token = json.loads(answer.read())["access_token"]
            yield running
        finally:
            stop(process.pid)
            process.wait()
            keep = os.environ.get("FS_KEEP_LOGS")
            if keep:
                shutil.copytree(home, Path(keep), dirs_exist_ok=True)
