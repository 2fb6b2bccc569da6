"""A corpus of mistakes in the standard mappings: lint finds them with file, line, advice; what is right passes."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from fs_integration.commands.mappings import problems_of_file
from fs_integration.errors import MappingError
from fs_integration.spec.tables import Tables, saved_tables

Mutation = dict[str, Any]


SOUND_CHANGES: list[Mutation] = yaml.safe_load(
    Path(__file__).with_name("sound_changes.yaml").read_text(encoding="utf-8")
)
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


@contextmanager
def changed(file: Path, mutation: Mutation) -> Iterator[tuple[str, str]]:
    """Change a file for a while; gives its text before and after."""
    before = file.read_text(encoding="utf-8")
    assert mutation["replace"] in before, f"{mutation['file']} has no {mutation['replace']!r} any more"
    after = before.replace(mutation["replace"], mutation["by"], 1)
    file.write_text(after, encoding="utf-8")
    try:
        yield before, after
    finally:
        file.write_text(before, encoding="utf-8")


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
    with changed(file, mutation) as (before, after):
        found = problems(file, tables)
    line = wrong_line(before, after, mutation)
    fitting = [
        fault
        for fault, serious in found
        if fault.file == str(file) and fault.line == line and serious is not mutation.get("warns", False)
        and mutation["says"] in fault.message and mutation["advises"] in fault.suggestion and fault.suggestion
    ]  # fmt: skip
    assert fitting, "\n".join(f"{fault} (expected in line {line})" for fault, _ in found) or "nothing was found"


def test_the_standard_files_have_no_problem(mappings: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(mappings))
    files = [*sorted((mappings / "standard").glob("*.yaml")), *sorted((mappings / "connection_sets").glob("*.yaml"))]
    assert len(files) > 9
    assert [str(fault) for file in files for fault, _ in problems(file, tables)] == []


@pytest.mark.parametrize("change", SOUND_CHANGES, ids=lambda each: str(each["case"]))
def test_a_change_for_good_reason_is_not_refused(
    change: Mutation, mappings: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(mappings))
    file = mappings / f"{change['file']}.yaml"
    with changed(file, change), changed(file, change["and"]) if "and" in change else nullcontext():
        assert [str(fault) for fault, _ in problems(file, tables)] == []


EXAMPLE = re.compile(r"^```yaml\n# include/mappings/custom/(\w+\.yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(
    (Path(__file__).resolve().parents[3] / "docs" / "customising.md").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[f"{at}-{name}" for at, (name, _) in enumerate(EXAMPLES)])
def test_the_examples_of_the_page_on_customising_are_not_refused(
    name: str, text: str, mappings: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the columns that the examples invent are unknown to the saved tables."""
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(mappings))
    file = mappings / "custom" / name
    file.write_text(text, encoding="utf-8")
    try:
        found = [str(fault) for fault, serious in problems(file, tables) if serious]
    finally:
        file.unlink()
    assert [fault for fault in found if "contoso" not in fault.lower()] == []


# Values nobody can know to be wrong: texts for people, names given in the file itself, what another side calls its own.
FREE = {
    "title", "description", "note", "reason", "pattern", "project", "data_entity", "basis", "id", "value", "columns",
    "value_maps", "settings",
}  # fmt: skip
SAMPLE, SEED = 40, 20261125


def named_things(text: str) -> list[tuple[int, int]]:
    """Begin and end of every text value that names something which exists elsewhere."""

    def within(node: yaml.Node, words: frozenset[str]) -> Iterator[tuple[int, int]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield from within(value, words | {key.value})
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from within(value, words)
        elif node.tag.endswith(":str") and not words & FREE and words != {"mapping"} and "name" not in words:
            yield node.start_mark.index, node.end_mark.index

    root = yaml.compose(text)
    assert root is not None
    return [(start, end) for start, end in within(root, frozenset()) if re.match(r"\w", text[start])]


def test_nearly_every_misspelt_name_is_found_in_its_line(
    mappings: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(mappings))
    places = []
    for file in sorted((mappings / "standard").glob("*.yaml")):
        places += [(file, *place) for place in named_things(file.read_text(encoding="utf-8"))]
    missed = []
    for file, start, end in random.Random(SEED).sample(places, SAMPLE):
        before = file.read_text(encoding="utf-8")
        file.write_text(f"{before[: end - 1]}q{before[end:]}", encoding="utf-8")
        line = before[:start].count("\n") + 1
        if not any(fault.line == line and fault.suggestion for fault, _ in problems(file, tables)):
            missed.append(f"{file.name}:{line} {before[start:end]}")
        file.write_text(before, encoding="utf-8")
    assert len(missed) <= SAMPLE * 0.05, (SEED, missed)
