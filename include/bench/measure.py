"""Run a command as a process of its own and say what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BenchError(Exception):
    """A measured command failed; the message names its log."""


@dataclass(frozen=True)
class Cost:
    """:param cpu: seconds of user and system time; :param wall: seconds; :param peak: resident memory in MiB."""

    cpu: float
    wall: float
    peak: float
    answer: dict[str, Any]


def measured(module: str, *arguments: str, log: Path) -> Cost:
    """Run ``python -m module`` and return its cost and the JSON of its last line.

    :raises BenchError: when it does not end with 0.
    """
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if code != 0:
        raise BenchError(f"{module} {' '.join(arguments)} ended with {code}; see {log}: {lines[-1] if lines else ''}")
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime, wall=time.monotonic() - started, peak=usage.ru_maxrss / 1024,
        answer=json.loads(lines[-1]),
    )  # fmt: skip
