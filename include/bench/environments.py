"""Throwaway virtual environments for programs whose libraries are no dependency of this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

INSTALL_SECONDS = 300


class NotInstalled(Exception):
    """The environment cannot be made; the message says why."""


def interpreter(requirement: str, folder: Path) -> str:
    """Return the interpreter of an environment that holds a package; it is made on the first call.

    :param requirement: as ``pip install`` takes it. :raises NotInstalled: with pip's last line.
    """
    place = folder / "".join(letter if letter.isalnum() else "-" for letter in requirement)
    python = place / "bin" / "python"
    ready = place / ".installed"
    if not ready.exists():
        _run([sys.executable, "-m", "venv", str(place)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement])
        ready.touch()
    return str(python)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise NotInstalled(f"{type(exc).__name__} after `{' '.join(command[1:4])}`") from exc
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstalled((errors or done.stderr.splitlines() or ["no message"])[-1])
