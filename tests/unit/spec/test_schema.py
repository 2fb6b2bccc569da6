"""The published JSON schemas say what the loader says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from fs_integration.spec.schema import outdated, schemas, write_schemas


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(schemas()["mapping.json"]))


def test_the_published_schemas_are_up_to_date(root: Path) -> None:
    assert outdated(root / "include" / "mappings" / "schema") == [], "run `python -m fs_integration schema`"


def test_a_schema_that_was_changed_by_hand_is_found(tmp_path: Path) -> None:
    files = write_schemas(tmp_path)
    assert outdated(tmp_path) == []
    files[0].write_text(files[0].read_text().replace("Mapping", "Maping", 1))
    assert outdated(tmp_path) == [files[0].name]


@pytest.mark.parametrize("name", ["warehouses", "products", "product_inventory"])
def test_the_standard_mappings_fulfil_the_schema(name: str, root: Path, validator: Draft202012Validator) -> None:
    text = (root / "include" / "mappings" / "standard" / f"{name}.yaml").read_text()
    assert [error.message for error in validator.iter_errors(yaml.safe_load(text))] == []


def test_the_schema_refuses_unknown_keys_and_words(sound: str, validator: Draft202012Validator) -> None:
    unknown_key = yaml.safe_load(sound.replace("company_field", "company_feild"))
    unknown_word = yaml.safe_load(sound.replace("primary_key", "primery_key"))
    assert not validator.is_valid(unknown_key)
    assert not validator.is_valid(unknown_word)
    assert validator.is_valid(yaml.safe_load(sound))
