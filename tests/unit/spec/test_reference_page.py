"""docs/mapping-reference.md explains every word of a mapping, and no word that does not exist."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest

from fs_integration.spec import connection_set
from fs_integration.spec import mapping as words
from fs_integration.spec.advice import words_of
from fs_integration.spec.metadata import Frozen
from fs_integration.transform.functions import FUNCTIONS

REMARKS = {"basis", "note", "id"}
SECTIONS: dict[str, type[Frozen]] = {
    "On every line": words.Remark, "Mapping": words.Mapping, "Task": words.MappingTask, "Source": words.Source,
    "Condition": words.Condition, "Keep": words.Keep, "Changed since": words.ChangedSince,
    "Package": words.PackageExport, "Enrich": words.Enrich, "Group": words.Group, "References": words.Reference,
    "Fields": words.FieldRule, "Lookup": words.Lookup, "Clamp": words.Clamp, "Quality": words.QualityRule,
    "Target": words.Target, "Protect": words.Protect, "Vanished": words.Vanished, "Thresholds": words.Thresholds,
    "Settings": words.Setting, "Preflight": words.Preflight, "Quarantine": words.Quarantine, "Header": words.Header,
    "Package import": words.PackageImport,
    "Connection set": connection_set.ConnectionSet, "Organization": connection_set.Organization,
    "Circuit breaker": connection_set.CircuitBreaker,
}  # fmt: skip


@pytest.fixture(scope="module")
def sections(root: Path) -> dict[str, str]:
    """Heading -> text up to the next heading."""
    text = (root / "docs" / "mapping-reference.md").read_text()
    parts = re.split(r"^#{2,3} (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def explained(section: str) -> set[str]:
    """Words in the first column of the first table of a section."""
    table = section.split("| word | meaning |", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^\| `([a-z_]+)` \|", table, flags=re.MULTILINE))


def own_words(model: type[Frozen]) -> set[str]:
    """Words of a block that are not explained with what it builds on."""
    inherited = (
        set(words_of(words.Condition)) if issubclass(model, words.Condition) and model is not words.Condition else set()
    )
    return set(words_of(model)) - inherited - (set() if model is words.Remark else REMARKS)


@pytest.mark.parametrize("heading", SECTIONS)
def test_each_block_is_explained_word_by_word(heading: str, sections: dict[str, str]) -> None:
    assert explained(sections[heading]) == own_words(SECTIONS[heading])


def test_every_block_of_the_vocabulary_has_a_section() -> None:
    blocks = {
        each
        for each in (*vars(words).values(), *vars(connection_set).values())
        if isinstance(each, type) and issubclass(each, Frozen) and each is not Frozen
    }
    assert blocks == set(SECTIONS.values())


def test_every_closed_list_is_explained_where_its_word_is(sections: dict[str, str]) -> None:
    missing = [
        (heading, name, value)
        for heading, model in SECTIONS.items()
        for name, field in model.model_fields.items()
        for value in closed_values(field.annotation)
        if (name not in REMARKS or model is words.Remark) and f"`{value}`" not in sections[heading]
    ]
    assert missing == []


def closed_values(kind: Any) -> list[str]:
    """Words that a value must be one of; none for a value that is free."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    inner = get_args(kind)
    if inner and all(isinstance(member, str) for member in inner):
        return [str(member.value) if isinstance(member, Enum) else member for member in inner]
    return [value for member in inner if isinstance(member, type) for value in closed_values(member)]


def test_every_function_is_explained(sections: dict[str, str]) -> None:
    assert [name for name in FUNCTIONS if f"`{name}`" not in sections["Fields"]] == []


@pytest.mark.parametrize(
    "page",
    [
        "mapping-reference.md",
        "finance-operations.md",
        "areas/warehouses.md",
        "areas/products.md",
        "areas/product-inventory.md",
    ],
)
def test_links_between_pages_lead_somewhere(page: str, root: Path) -> None:
    file = root / "docs" / page
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text())
    assert [target for target in targets if not (file.parent / target).is_file()] == []
