"""Take out each rule in turn and see that the suite turns red: `python -m tests.reliability.removal`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.reliability.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
FAILED = re.compile(r"^FAILED \S+::(\S+)", re.MULTILINE)
ALL_PASSED, SOME_FAILED = 0, 1  # pytest's exit status when tests were run


def without(rule: str) -> str:
    """Run the tests of a rule without it. :returns: the first that failed, empty when none did.

    :raises RuntimeError: the tests did not run.
    """
    command = [
        sys.executable, "-m", "pytest", "tests/reliability/test_rules.py", "-k", f"test_{rule.lower()}_",
        "--without", rule, "--exitfirst", "-q", "-p", "no:cacheprovider",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == ALL_PASSED:
        return ""
    found = FAILED.search(done.stdout)
    if done.returncode != SOME_FAILED or found is None:
        raise RuntimeError(f"The tests of {rule} did not run:\n{done.stdout}{done.stderr}")
    return found[1]


def main() -> int:
    """Print a line per rule and how many of them are guarded. :returns: 0 when all are."""
    guarded = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for rule, test in zip(RULES, pool.map(without, RULES), strict=True):
            guarded += bool(test)
            print(
                f"{rule:>3} removed from {RULES[rule].place}: {f'red, {test}' if test else 'STILL GREEN'}", flush=True
            )
    print(f"{guarded} of {len(RULES)}")
    return 0 if guarded == len(RULES) else 1


if __name__ == "__main__":
    sys.exit(main())
