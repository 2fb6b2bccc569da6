"""What the DAG files themselves keep to: short, found by Airflow, cheap to parse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DAG_FILES = sorted((Path(__file__).resolve().parents[2] / "dags").glob("*.py"))
HEAVY = ("pandas", "great_expectations", "pyarrow", "numpy", "msal", "requests")

by_file = pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)

PARSE = """
import json, sys, time
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
import airflow.providers.standard.operators.trigger_dagrun
started = time.process_time()
bag = DagBag(sys.argv[1])
seconds = time.process_time() - started
print("RESULT " + json.dumps({"seconds": seconds, "modules": sorted(sys.modules), "dags": sorted(bag.dags)}))
"""

LOAD_PLUGINS = """
import sys
from airflow import plugins_manager
plugins_manager.ensure_plugins_loaded()
print("RESULT " + ",".join(name for name in ("records", "errors") if name in sys.modules))
"""


def run(code: str, *arguments: str, **environment: str) -> str:
    """Run Python on its own, as a component of Airflow would, and return what it printed after RESULT."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env={**os.environ, **environment}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return next(line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT "))


@pytest.fixture(scope="module")
def parsed(root):
    """What one parse of the DAG folder costs and loads in a fresh process."""
    return json.loads(run(PARSE, str(root / "dags")))


@by_file
def test_a_file_is_at_most_25_lines(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 25


@by_file
def test_a_file_holds_the_two_words_without_which_airflow_skips_it(file):
    text = file.read_text(encoding="utf-8").lower()
    assert "airflow" in text
    assert "dag" in text


@by_file
def test_a_file_explains_itself_in_its_first_lines(file):
    assert file.read_text(encoding="utf-8").startswith('"""')


def test_parsing_loads_nothing_heavy(parsed):
    assert [name for name in HEAVY if name in parsed["modules"]] == []
    assert len(parsed["dags"]) == len(DAG_FILES)


def test_parsing_takes_little_beside_airflows_own_imports(parsed):
    assert parsed["seconds"] < 0.5  # of CPU; a busy machine must not matter


def test_the_package_is_hidden_from_the_plugin_loader(root):
    assert "fs_integration/" in (root / "plugins" / ".airflowignore").read_text(encoding="utf-8").splitlines()


def test_without_the_ignore_file_airflow_would_run_our_modules_under_their_bare_names(root, tmp_path):
    copy = tmp_path / "plugins"
    (copy / "fs_integration").mkdir(parents=True)
    (copy / "fs_integration_plugin.py").write_bytes((root / "plugins" / "fs_integration_plugin.py").read_bytes())
    for name in ("__init__.py", "records.py", "errors.py"):
        (copy / "fs_integration" / name).write_bytes((root / "plugins" / "fs_integration" / name).read_bytes())
    assert loaded_modules(copy) != []
    (copy / ".airflowignore").write_bytes((root / "plugins" / ".airflowignore").read_bytes())
    assert loaded_modules(copy) == []


def loaded_modules(plugins: Path) -> list[str]:
    """Which modules of the package Airflow's plugin loader ran under their bare names."""
    found = run(LOAD_PLUGINS, AIRFLOW__CORE__PLUGINS_FOLDER=str(plugins))
    return [name for name in found.split(",") if name]
