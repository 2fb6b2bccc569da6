"""The description of a mapping: everything a consultant signs is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fs_integration.spec.columns import HEADER, SETTINGS
from fs_integration.spec.explain import describe_markdown
from fs_integration.spec.loader import load_mapping, mapping_names

Broken = Callable[[str, str], tuple[Path, int]]
STANDARD = mapping_names()


@pytest.mark.parametrize("name", STANDARD)
def test_every_column_rule_reason_and_note_of_a_mapping_is_described(name: str) -> None:
    mapping = load_mapping(name)
    text = describe_markdown(mapping).replace("\\|", "|")
    for task in mapping.tasks:
        said = [rule.to.removeprefix(HEADER) for rule in task.fields]
        said += [rule.from_.removeprefix(SETTINGS) for rule in task.fields if rule.from_]
        said += [name.removeprefix(SETTINGS) for rule in task.fields for name in rule.args]
        said += [rule.note.rstrip(".") for rule in task.fields] + [rule.reason for rule in task.quality]
        said += [rule.reason.rstrip(".") for rule in task.fields]
        said += [rule.reason for rule in (*task.source.keep, *task.target.protect, *task.preflight)]
        conditions = (*task.source.where, *task.source.keep)
        said += [name.removeprefix(SETTINGS) for rule in conditions for name in rule.fields]
        said += [column for step in task.source.enrich for column in step.add]
        said += [setting.description for setting in mapping.settings.values()]
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
    "settings": ("value: default unit,", "from: settings.unit_group,", "the company's setting `unit_group`"),
    "several conditions": (
        'field: IsStockedProduct, is: "Yes"',
        'any_of: [{field: IsStockedProduct, is: "Yes"}, {field: SalesPrice, is: null}]',
        "either `IsStockedProduct` is `Yes` or `SalesPrice` is empty",
    ),
    "equal columns": (
        'is: "Yes"',
        "same_as: ProductType",
        "`IsStockedProduct` is the same as `ProductType`",
    ),
    "different columns": (
        'is: "Yes"',
        "differs_from: ProductType",
        "`IsStockedProduct` is not the same as `ProductType`",
    ),
    "company prefix": (
        "{from: ProductNumber, to: productnumber}",
        "{from: ProductNumber, to: productnumber, company_prefix: add}",
        "the company's key prefix is put before it",
    ),
    "no comparison of one column": ("round: 4}", "round: 4, compare: false}", "not compared afterwards"),
    "task that is switched off": (
        "    title: Parts\n    source",
        "    title: Parts\n    enabled: false\n    source",
        "This task is switched off; it does not run.",
    ),
    "preflight": (
        "    target:",
        "    preflight: [{reference: units, max_rows: 1, reason: Set up the unit.}]\n    target:",
        "`uoms` must have exactly 1 row. Else nothing is read: Set up the unit.",
    ),
    "creation on conditions": (
        "addressed_by: primary_key",
        "create_when: [{field: price, at_least: 1}]",
        "A row that is not there yet is created only where `price` is at least `1`; else skipped.",
    ),
    "masked columns": (
        "    quality:",
        "    quarantine: {mask: [ProductName, price]}\n    quality:",
        "The quarantine and the Data Docs show `***` in place of `ProductName`, `price`.",
    ),
    "days kept": (
        "    quality:",
        "    quarantine: {keep_days: 180}\n    quality:",
        "What the quarantine holds of a row is removed 180 days after it was last reported.",
    ),
    "create only": ("value: 1", "value: 2", "written on create only"),
}


@pytest.mark.parametrize("case", WORDS)
def test_each_word_is_said(case: str, broken: Broken) -> None:
    old, new, sentence = WORDS[case]
    file, _ = broken(old, new)
    if case == "settings":
        declared = "settings: {unit_group: {description: Unit group of new parts}}\ntasks:"
        file.write_text(file.read_text().replace("tasks:", declared, 1))
    assert sentence in describe_markdown(load_mapping("parts"))


def test_a_document_is_described_with_its_header_its_lines_and_both_routes() -> None:
    text = describe_markdown(load_mapping("inventory_transfers"))
    for sentence in (
        "| `quantity_sign` | 1 when Supply Chain Management's transfer journal takes the quantity as it is",
        "none: each company must give it | `1`, `-1` |",
        "company by company (`owningbusinessunit.name`)",
        "Rows with the same `msdyn_inventorytransfer` are one document: when one of its rows is held back, none",
        "from the value map `warehouse_map`, matched by `SourceWarehouse`; the company's key prefix is taken away",
        "from the keys that `inventory_transfers.inventory_transfers` has written",
        "Each document has a header in `InventoryTransferJournalHeaders`",
        "`JournalNameId` (of the header)",
        "only in the package file",
        "`route: package` would write by the data package `FS_TRANSFER_IMPORT`",
    ):
        assert sentence in text


def test_what_must_be_set_up_is_said_with_its_number_of_rows() -> None:
    text = describe_markdown(load_mapping("work_orders"))
    assert "`SalesOrderOriginCodes` of the company must have exactly 1 row, only where `IsOriginTypeAssigned`" in text


def test_a_function_is_described_in_its_own_words(broken: Broken) -> None:
    broken(
        "{from: ProductNumber, to: productnumber}",
        "{fn: first_given, args: [ProductNumber, ProductName], to: productnumber}",
    )
    text = describe_markdown(load_mapping("parts"), functions={"first_given": "Take the first of the columns."})
    assert "function `first_given` of `ProductNumber`, `ProductName`" in text
    assert "Take the first of the columns" in text


def test_a_bar_in_a_value_does_not_break_the_table(broken: Broken) -> None:
    broken("{Item: 1, Service: 3}", '{"a|b": 1}')
    assert "| `kind` | `a\\|b` → `1` |" in describe_markdown(load_mapping("parts"))


def test_a_table_to_sign_is_added_on_demand() -> None:
    assert "Signature" not in describe_markdown(load_mapping("warehouses"))
    assert "| Functional consultant | | | |" in describe_markdown(load_mapping("warehouses"), signature=True)
