"""An area of one's own is one YAML file and one DAG file of five lines: the example of docs/customising.md."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag


def block(page: Path, language: str, path: str) -> str:
    """The code block of a page that begins with the path of its file, without that line."""
    found = re.search(rf"```{language}\n# {re.escape(path)}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, f"{page.name} has no block for {path}"
    return found[1]


@pytest.fixture
def dag_file(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the example's two files, the mapping beside the repository's own."""
    shutil.copytree(root / "include" / "mappings", tmp_path / "mappings")
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path / "mappings"))
    page = root / "docs" / "customising.md"
    mapping = block(page, "yaml", "include/mappings/custom/sites.yaml")
    (tmp_path / "mappings" / "custom" / "sites.yaml").write_text(mapping, encoding="utf-8")
    file = tmp_path / "dags" / "fs_sites.py"
    file.parent.mkdir()
    file.write_text(block(page, "python", "dags/fs_sites.py"), encoding="utf-8")
    return file


def test_the_dag_file_has_five_lines(dag_file: Path) -> None:
    assert len(dag_file.read_text(encoding="utf-8").splitlines()) == 5


def test_airflow_finds_a_dag_with_all_steps(dag_file: Path) -> None:
    bag: Any = DagBag(str(dag_file.parent))
    assert bag.import_errors == {}
    steps = {"sites.extract", "sites.transform", "sites.quality_gate", "sites.load", "sites.reconcile"}
    assert steps <= set(bag.dags["fs_sites"].task_ids)
    assert "`OperationalSites`" in bag.dags["fs_sites"].doc_md


def test_a_mistake_in_the_yaml_file_is_an_import_error_of_this_dag_with_file_and_line(
    dag_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mappings" / "custom" / "sites.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("from: SiteName", "form: SiteName"), encoding="utf-8")
    line = next(number for number, part in enumerate(text.splitlines(), 1) if "SiteName" in part)
    message = DagBag(str(dag_file.parent)).import_errors[str(dag_file)]
    assert f"{file}:{line}" in message
    assert "Did you mean `from`?" in message
