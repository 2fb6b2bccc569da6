"""Run a command as a process of its own and say what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class BenchError(Exception):
    """The benchmark itself cannot go on; the message names the log."""


@dataclass(frozen=True)
class Cost:
    """What a process cost.

    :param cpu: seconds of user and system time; :param wall: seconds from start to end.
    :param answer: the JSON of its last line; :param error: why it did not end well, empty when it did.
    """

    cpu: float
    wall: float
    answer: dict[str, Any] = field(default_factory=dict)
    error: str = ""


def measured(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, limit: float = 900.0
) -> Cost:
    """Run a command and return its cost. :param limit: seconds after which it is stopped."""
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        timer = threading.Timer(limit, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C: nobody would stop the program later
            process.kill()
            raise
        finally:
            timer.cancel()
    wall = time.monotonic() - started
    code = process.returncode = os.waitstatus_to_exitcode(status)
    last = (log.read_text(encoding="utf-8", errors="replace").splitlines() or [""])[-1]
    cpu = usage.ru_utime + usage.ru_stime
    if code != 0:
        return Cost(cpu, wall, error=f"stopped after {limit:g} s" if wall >= limit else f"ended with {code}: {last}")
    return Cost(cpu, wall, json.loads(last))
