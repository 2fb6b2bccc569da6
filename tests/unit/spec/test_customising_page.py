"""Every example of docs/customising.md loads over the standard mappings and does what the page says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from fs_integration.spec.loader import load_mapping, mapping_names
from fs_integration.spec.schema import schemas

PAGE = Path(__file__).resolve().parents[3] / "docs" / "customising.md"
HEADING = r"^## (?P<heading>.+?)$"
FILE = r"^```yaml\n# include/mappings/custom/(?P<file>\w+\.yaml)\n(?P<text>.*?)^```$"
BLOCK = re.compile(f"{HEADING}|{FILE}", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, tuple[str, str]]:
    """Heading -> file name and text of the example under it."""
    found: dict[str, tuple[str, str]] = {}
    heading = ""
    for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        heading = match["heading"] or heading
        if match["file"]:
            found[heading] = (match["file"], match["text"])
    return found


EXAMPLES = examples()


def rule(mapping: Any, name: str) -> Any:
    return next((each for each in mapping.tasks[0].fields if each.to == name), None)


SHOWN: dict[str, Callable[[Any], bool]] = {
    "A custom field": lambda m: rule(m, "contoso_colour").from_ == "ContosoColour" and rule(m, "name") is not None,
    "A custom value map": lambda m: m.value_maps["colour"]["Red"] == 100000000 and m.value_maps["unit"]["pcs"] == "ea",
    "Another value, another rule": lambda m: (
        rule(m, "name").max_length == 80 and rule(m, "description").value == "See Supply Chain Management"
        and rule(m, "currentcost") is None and m.tasks[0].target.request_rows == 500
    ),
    "Other rows": lambda m: (
        [each.field for each in m.tasks[0].source.where] == ["WarehouseType", "OperationalSiteId"]
        and any(each.max == 8 for each in m.tasks[0].quality)
        and all(each.expect != "row_count_change" for each in m.tasks[0].quality)
    ),
    "An optional task": lambda m: m.task("work_order_canceled").enabled,
    "A second mapping from the same standard": lambda m: (
        m.tasks[0].source.where[0].is_ == "Quarantine" and m.tasks[0].source.where[0].enum == "InventLocationType"
    ),
    "A custom entity": lambda m: m.tasks[0].source.entity == "OperationalSites" and m.extends is None,
}  # fmt: skip


@pytest.fixture(scope="module")
def overlays() -> Draft202012Validator:
    return Draft202012Validator(json.loads(schemas()["overlay.json"]))


@pytest.fixture
def place(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the mapping files without anything of one's own."""
    shutil.copytree(root / "include" / "mappings" / "standard", tmp_path / "standard")
    (tmp_path / "custom").mkdir()
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path))
    return tmp_path / "custom"


def test_every_yaml_example_of_the_page_is_shown_to_work() -> None:
    assert set(EXAMPLES) == set(SHOWN)
    error_rules = 1  # tests/unit/spec/test_error_rules.py has it
    assert PAGE.read_text(encoding="utf-8").count("```yaml") == len(EXAMPLES) + error_rules


@pytest.mark.parametrize("heading", SHOWN)
def test_an_example_does_what_the_page_says(heading: str, place: Path) -> None:
    name, text = EXAMPLES[heading]
    before = set(mapping_names())
    (place / name).write_text(text, encoding="utf-8")
    mapping = load_mapping(name.removesuffix(".yaml"))
    assert SHOWN[heading](mapping)
    assert set(mapping_names()) - before <= {mapping.mapping}


@pytest.mark.parametrize("heading", [heading for heading, (_, text) in EXAMPLES.items() if "extends:" in text])
def test_an_example_fulfils_the_schema_of_overlays(heading: str, overlays: Draft202012Validator) -> None:
    assert [error.message for error in overlays.iter_errors(yaml.safe_load(EXAMPLES[heading][1]))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        add:\n", "        append:\n"),
        ("          - {from: ContosoColour", "          - {form: ContosoColour"),
        ("written_for: 1\n", ""),
        ("written_for: 1\n", "written_for: 1\nversion: 1\n"),
        ("      fields:\n        add:\n    ", "      fields:\n    "),
    ],
)
def test_the_schema_of_overlays_refuses_what_the_loader_refuses(
    old: str, new: str, overlays: Draft202012Validator
) -> None:
    text = EXAMPLES["A custom field"][1]
    assert old in text
    assert not overlays.is_valid(yaml.safe_load(text.replace(old, new, 1)))
