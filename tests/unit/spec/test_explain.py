"""The description of a mapping: everything a consultant signs is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fs_integration.spec.explain import describe_markdown
from fs_integration.spec.loader import load_mapping

Broken = Callable[[str, str], tuple[Path, int]]
STANDARD = ("warehouses", "products", "product_inventory")


@pytest.mark.parametrize("name", STANDARD)
def test_every_column_rule_reason_and_note_of_a_mapping_is_described(name: str) -> None:
    mapping = load_mapping(name)
    text = describe_markdown(mapping).replace("\\|", "|")
    for task in mapping.tasks:
        said = [rule.to for rule in task.fields] + [rule.from_ for rule in task.fields if rule.from_]
        said += [rule.note.rstrip(".") for rule in task.fields] + [rule.reason for rule in task.quality]
        said += [rule.reason for rule in (*task.source.keep, *task.target.protect)]
        said += [rule.field for rule in task.source.where] + [
            column for step in task.source.enrich for column in step.add
        ]
        assert [words for words in said if words not in text] == []


def test_stock_is_described_as_it_travels() -> None:
    text = describe_markdown(load_mapping("product_inventory"))
    for sentence in (
        "Runs after: warehouses, products.",
        "Rows with the same `ProductNumber`, `InventoryWarehouseId` become one",
        "rounded half to even to 2 decimals; not below 0",
        "hold the row until its parent arrives",
        "the others are skipped: Field Service counts stock of products of type Inventory only.",
        "A row that is no longer in the source is written once more with `msdynce_onhandquantity` = `0`",
        "Nothing is loaded when more than 20 % of the rows and more than 10 rows are quarantined.",
    ):
        assert sentence in text


# a word of a mapping -> text to replace, new text, what is said about it
WORDS = {
    "default": (
        "{from: ProductName, to: name,",
        "{from: ProductName, to: name, default: unnamed,",
        "empty becomes `unnamed`",
    ),
    "value map in place": (
        "value_map: kind}",
        "value_map: {Item: 1, Service: 3}}",
        "value map `Item` → `1`, `Service` → `3`",
    ),
    "several values": ('is: "Yes"', 'in: ["Yes", "No"]', "`IsStockedProduct` is one of `Yes`, `No`"),
    "unequal": ('is: "Yes"', 'is_not: "No"', "`IsStockedProduct` is not `No`"),
    "bounds": (
        'field: IsStockedProduct, is: "Yes"',
        "field: SalesPrice, at_least: 1, at_most: 9",
        "`SalesPrice` is at least `1` and at most `9`",
    ),
    "changed since": (
        "      keep:",
        "      changed_since: {field: ModifiedAt}\n      keep:",
        "Only rows whose `ModifiedAt` changed, with 10 minutes of overlap.",
    ),
    "skip when found": ("addressed_by: primary_key", "when_found: skip", "rows found there are left as they are"),
    "no comparison": ("addressed_by: primary_key", "compare: none", "Afterwards nothing is read back."),
    "create only": ("value: 1", "value: 2", "written on create only"),
}


@pytest.mark.parametrize("case", WORDS)
def test_each_word_is_said(case: str, broken: Broken) -> None:
    old, new, sentence = WORDS[case]
    broken(old, new)
    assert sentence in describe_markdown(load_mapping("parts"))


def test_a_function_is_described_in_its_own_words(broken: Broken) -> None:
    broken(
        "{from: ProductNumber, to: productnumber}",
        "{fn: first_given, args: [ProductNumber, ProductName], to: productnumber}",
    )
    text = describe_markdown(load_mapping("parts"), functions={"first_given": "Take the first of the columns."})
    assert "function `first_given` of `ProductNumber`, `ProductName`" in text
    assert "Take the first of the columns." in text


def test_a_bar_in_a_value_does_not_break_the_table(broken: Broken) -> None:
    broken("{Item: 1, Service: 3}", '{"a|b": 1}')
    assert "| `kind` | `a\\|b` → `1` |" in describe_markdown(load_mapping("parts"))


def test_a_table_to_sign_is_added_on_demand() -> None:
    assert "Signature" not in describe_markdown(load_mapping("warehouses"))
    assert "| Functional consultant | | | |" in describe_markdown(load_mapping("warehouses"), signature=True)
