"""A program that cannot be installed has a line that says so and why."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.environments import NotInstalled, interpreter


class Pip:
    """Stands in for ``subprocess.run``; fails from the given call on."""

    def __init__(self, fails_at: int, error: str) -> None:
        self.commands: list[list[str]] = []
        self._fails_at, self._error = fails_at, error

    def __call__(self, command: list[str], **options: Any) -> SimpleNamespace:
        self.commands.append(command)
        Path(command[-1]).mkdir(parents=True, exist_ok=True) if command[2] == "venv" else None
        failed = len(self.commands) >= self._fails_at
        return SimpleNamespace(returncode=int(failed), stderr=self._error if failed else "")


def test_the_reason_is_pips_own_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip = Pip(2, "WARNING: slow\nERROR: No matching distribution found for dlt\nnotice: a new pip")
    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(NotInstalled, match="No matching distribution found for dlt"):
        interpreter("dlt", tmp_path)


def test_an_environment_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip = Pip(99, "")
    monkeypatch.setattr(subprocess, "run", pip)
    assert interpreter("dlt", tmp_path) == interpreter("dlt", tmp_path)
    assert [command[-1] for command in pip.commands] == [str(tmp_path / "dlt"), "dlt"]
