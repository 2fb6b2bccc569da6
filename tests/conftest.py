"""What every test relies on: a home of its own for Airflow, set before anything imports Airflow."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(tempfile.mkdtemp(prefix="fs-integration-tests-"))

# Nothing of the caller's Airflow reaches a test: `make` itself hands on a web server without login.
for inherited in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[inherited]
os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,viewer:viewer",
        "GX_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": os.pathsep.join(str(path) for path in (ROOT, ROOT / "plugins", ROOT / "include")),
    }
)


@pytest.fixture
def require() -> Callable[[bool, str], None]:
    """Return what skips a test when a program is missing, or fails it where it was promised (FS_REQUIRE_SERVICES=1)."""

    def check(present: bool, reason: str) -> None:
        if not present and os.environ.get("FS_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{reason} (and FS_REQUIRE_SERVICES=1 promises it)")
        if not present:
            pytest.skip(reason)

    return check


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


def pytest_configure(config: pytest.Config) -> None:
    """Note what the tests of the fault catalogue end as (tests/reliability)."""
    from tests.reliability.plugin import Found

    config.pluginmanager.register(Found())


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that takes a defence out (tests/reliability/rules.py)."""
    parser.addoption("--without", metavar="RULE", help="run with one of the rules R1 to R14 switched off")
