"""Starting and stopping: the command, its files, and a world that is kept."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import composition

from sandbox import tls
from sandbox.__main__ import main
from sandbox.runtime import Options, Sandbox


@contextmanager
def served(*arguments: str) -> Iterator[dict[str, Any]]:
    """Run the command until the end of the block, and give what it printed when it was ready."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--scale", "tiny", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ.copy()) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0


def control(ready: dict[str, Any], path: str, *, method: str = "GET", body: bytes | None = None) -> bytes:
    request = urllib.request.Request(ready["urls"]["control"] + path, data=body, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        content: bytes = answer.read()
        return content


def test_the_command_prints_its_addresses_and_keeps_its_world(tmp_path: Path) -> None:
    arguments = ("--tls-dir", str(tmp_path / "tls"), "--state", str(tmp_path / "state"))
    with served(*arguments) as ready:
        assert ready["urls"].keys() == {"entra", "finops", "dataverse", "control"}
        assert Path(ready["ca_file"]) == tmp_path / "tls" / "ca.pem"
        everything = control(ready, "/state/finops/WarehousesOnHandV2")
        first = everything.splitlines()[0]
        control(ready, "/state/finops/WarehousesOnHandV2", method="PUT", body=first)
        ca = Path(ready["ca_file"]).read_bytes()
    with served(*arguments) as ready:
        assert json.loads(control(ready, "/state/finops/WarehousesOnHandV2")) == json.loads(first)
        assert Path(ready["ca_file"]).read_bytes() == ca


def test_a_taken_port_is_said_in_words(core: SandboxClient, capsys: pytest.CaptureFixture[str]) -> None:
    port = core.urls["entra"].rpartition(":")[2]
    assert main(["serve", "--port", port]) == 2
    assert "did not start" in capsys.readouterr().err


def test_an_unknown_scale_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--scale", "huge"]) == 2
    assert "'huge'" in capsys.readouterr().err


def test_a_kept_world_wins_over_seed_and_scale(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Sandbox(Options(port=0, seed=1, scale=2, state_dir=state), composition()):
        pass
    with Sandbox(Options(port=0, seed=9, scale=9, state_dir=state), composition()) as sandbox:
        assert list(sandbox.landscape.dump("finops", "things")) == [{"id": 1}, {"id": 2}]
        assert sandbox.landscape.world["seed"] == 1


def test_without_state_a_world_is_forgotten(tmp_path: Path) -> None:
    for seed in (1, 2):
        with Sandbox(Options(port=0, seed=seed, scale=1, tls_dir=tmp_path), composition()) as sandbox:
            assert list(sandbox.landscape.dump("finops", "things")) == [{"id": seed}]


def is_free(port: int) -> bool:
    with socket.socket() as own:
        return own.connect_ex(("127.0.0.1", port)) != 0


def test_the_four_ports_follow_each_other(tmp_path: Path) -> None:
    # Below the ports that are given to whoever asks for any, as other tests do at the same time.
    free = next(port for port in range(20_000, 30_000, 4) if all(map(is_free, range(port, port + 4))))
    with Sandbox(Options(port=free, scale=1), composition()) as sandbox:
        assert [int(url.rpartition(":")[2]) - free for url in sandbox.urls.values()] == [0, 1, 2, 3]
        assert list(sandbox.urls) == ["entra", "finops", "dataverse", "control"]


def test_certificates_are_made_once_per_folder_and_host(tmp_path: Path) -> None:
    first = tls.prepare(tmp_path, "127.0.0.1").read_bytes()
    assert tls.prepare(tmp_path, "127.0.0.1").read_bytes() == first
    assert tls.prepare(tmp_path, "sandbox.example").read_bytes() != first


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    tls.prepare(tmp_path, "127.0.0.1")
    for name in (tls.SERVER_KEY, tls.CLIENT_KEY):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
