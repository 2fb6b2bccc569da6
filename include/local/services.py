"""Start and stop the sandbox and Airflow as processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(os.environ["AIRFLOW_HOME"])
SANDBOX_STATE = HOME / "sandbox"
PIDS = HOME / "up.json"  # what `make up` started
START_SECONDS = 120


class ServiceError(Exception):
    """A process did not come up; the message names its log."""


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its addresses and the certificate authority to trust."""

    urls: dict[str, str]
    ca_file: Path

    def environment(self) -> dict[str, str]:
        """Return what ``airflow_settings.yaml`` refers to."""
        return {
            "FS_SANDBOX_ENTRA_URL": self.urls["entra"],
            "FS_SANDBOX_FINOPS_URL": self.urls["finops"],
            "FS_SANDBOX_DATAVERSE_URL": self.urls["dataverse"],
            "FS_SANDBOX_CA_FILE": str(self.ca_file),
        }

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control interface; newline-delimited answers come back as a list."""
        return self._call(method, path, json.dumps(body).encode() if body is not None else None, "application/json")

    def replace(self, system: str, entity_set: str, rows: Iterable[dict[str, Any]]) -> None:
        """Put these rows in place of an entity set, past the service's own rules."""
        lines = "\n".join(json.dumps(row) for row in rows)
        self._call("PUT", f"/state/{system}/{entity_set}", lines.encode(), "application/x-ndjson")

    def _call(self, method: str, path: str, data: bytes | None, content_type: str) -> Any:
        request = urllib.request.Request(self.urls["control"] + path, data=data, method=method)  # noqa: S310
        request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            text = answer.read().decode()
            lines = answer.headers.get_content_type() == "application/x-ndjson"
        return [json.loads(line) for line in text.splitlines() if line] if lines else json.loads(text)


def start_sandbox(
    *, port: int, seed: int = 7, scale: str = "small", log: Path, kept: bool = True
) -> tuple[subprocess.Popen[bytes], Sandbox]:
    """Start the sandbox and wait until it answers.

    :param port: first of four ports, 0 for free ones; :param kept: begin with the world of the last stop, and keep it.
    """
    SANDBOX_STATE.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "sandbox", "serve", "--host", "127.0.0.1", "--port", str(port),
        "--seed", str(seed), "--scale", scale,
        "--tls-dir", str(SANDBOX_STATE / "tls"), *(("--state", str(SANDBOX_STATE / "state")) if kept else ()),
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    urls = _ready_urls(process, log)
    return process, Sandbox(urls=urls, ca_file=SANDBOX_STATE / "tls" / "ca.pem")


def _ready_urls(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("{") and '"control"' in line:
                return dict(json.loads(line)["urls"])
        time.sleep(0.1)
    raise ServiceError(f"The sandbox did not come up; see {log}.")


@contextmanager
def running_sandbox(
    *, port: int, seed: int = 7, scale: str = "small", log: Path, kept: bool = True
) -> Iterator[Sandbox]:
    """Run the sandbox for the length of a block.

    :param kept: begin with the world of the last stop, and keep it in ``AIRFLOW_HOME/sandbox`` for the next start.
    """
    process, sandbox = start_sandbox(port=port, seed=seed, scale=scale, log=log, kept=kept)
    try:
        yield sandbox
    finally:
        stop(process.pid)
        process.wait()  # it has ended and been reaped; Popen has to be told, or it warns


def start_airflow(log: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start API server, scheduler, DAG processor and triggerer as one process group and wait until they answer.

    :param environment: this process's by default. ``airflow standalone`` starts its parts by name, so the virtual
        environment's programs are put first on the path.
    """
    variables = dict(os.environ if environment is None else environment)
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", "")])
    command = [sys.executable, "-m", "airflow", "standalone"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, env=variables
        )
    try:
        _wait_for(f"{variables['AIRFLOW__API__BASE_URL']}/api/v2/monitor/health", process, log)
    except ServiceError:
        stop(process.pid)
        raise
    return process


def stop(pid: int) -> None:
    """Stop a process group: politely, and after eight seconds firmly."""
    for sent, seconds in ((signal.SIGINT, 8), (signal.SIGKILL, 2)):
        try:
            os.killpg(pid, sent)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and _alive(pid):
            time.sleep(0.1)
        if not _alive(pid):
            return


def _alive(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
    except ChildProcessError:
        pass  # not our child: it was started by an earlier `make up`
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an address answers with success. :raises ServiceError: when it does not in time, naming the log."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise ServiceError(f"Nothing answers at {url}; see {log}.")
