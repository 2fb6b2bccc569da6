"""A corpus of mistakes in the standard mappings: lint finds them with file, line and advice, and refuses what is right never."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from fs_integration.commands.mappings import problems_of_file
from fs_integration.errors import MappingError
from fs_integration.spec.tables import Tables, saved_tables

Mutation = dict[str, Any]

MUTATIONS: list[Mutation] = yaml.safe_load(Path(__file__).with_name("mutations.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def mappings(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the mappings that may be damaged."""
    folder = tmp_path_factory.mktemp("mutations") / "mappings"
    shutil.copytree(root / "include" / "mappings", folder)
    return folder


@pytest.fixture(scope="module")
def tables(mappings: Path) -> Tables:
    return saved_tables(mappings / "metadata")


def problems(file: Path, tables: Tables) -> list[tuple[MappingError, bool]]:
    return list(problems_of_file(file, tables))


def mutated(text: str, mutation: Mutation) -> str:
    assert mutation["replace"] in text, f"{mutation['file']} has no {mutation['replace']!r} any more"
    return text.replace(mutation["replace"], mutation["by"], 1)


def wrong_line(before: str, after: str, mutation: Mutation) -> int:
    """The line that must be named: the one with the text ``at``, else the first that has changed."""
    if "at" in mutation:
        return after[: after.index(mutation["at"]) + len(mutation["at"])].count("\n") + 1
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next(number for number, (old, new) in enumerate(pairs, 1) if old != new)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: str(each["case"]))
def test_each_mistake_is_found_with_file_line_and_advice(
    mutation: Mutation, mappings: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(mappings))
    file = mappings / f"{mutation['file']}.yaml"
    before = file.read_text(encoding="utf-8")
    after = mutated(before, mutation)
    try:
        file.write_text(after, encoding="utf-8")
        found = problems(file, tables)
    finally:
        file.write_text(before, encoding="utf-8")
    line = wrong_line(before, after, mutation)
    fitting = [
        fault
        for fault, serious in found
        if fault.file == str(file) and fault.line == line and serious is not mutation.get("warns", False)
        and mutation["says"] in fault.message and mutation["advises"] in fault.suggestion and fault.suggestion
    ]  # fmt: skip
    assert fitting, "\n".join(f"{fault} (expected in line {line})" for fault, _ in found) or "nothing was found"
