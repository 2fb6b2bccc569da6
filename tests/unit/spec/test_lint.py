"""What lint says about mappings that are sound in themselves but do not fit the tables of the two services."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fs_integration.spec.document import spelled
from fs_integration.spec.finding import Finding
from fs_integration.spec.lint import lint
from fs_integration.spec.loader import load_mapping, mapping_names
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.spec.tables import Tables, save_table, saved_tables
from fs_integration.transform.functions import FUNCTIONS

Broken = Callable[[str, str], tuple[Path, int]]

MISFITS = {case["case"]: case for case in yaml.safe_load(Path(__file__).with_name("misfits.yaml").read_text())}


@pytest.fixture(scope="module")
def tables(root: Path) -> Tables:
    return saved_tables(root / "include" / "mappings" / "metadata")


def findings(tables: Tables) -> list[Finding]:
    mapping = load_mapping("parts")
    return list(lint(mapping, tables, functions=["first_given"], mappings={"parts": mapping}))


def test_the_sound_mapping_fits(sound: str, folder: Path, tables: Tables) -> None:
    (folder / "standard" / "parts.yaml").write_text(sound)
    assert findings(tables) == []


@pytest.mark.parametrize("name", mapping_names())
def test_the_standard_mappings_fit_the_saved_tables(name: str, tables: Tables) -> None:
    mappings = {each: load_mapping(each) for each in mapping_names()}
    assert list(lint(mappings[name], tables, functions=FUNCTIONS, mappings=mappings)) == []


@pytest.mark.parametrize("name", MISFITS)
def test_each_misfit_is_an_error_with_key_path_and_advice(name: str, broken: Broken, tables: Tables) -> None:
    case = MISFITS[name]
    broken(case["replace"], case["by"])
    place = f"tasks[0].{case['key_path']}"
    found = [each for each in findings(tables) if spelled(each.path) == place and case["message"] in each.message]
    assert len(found) == 1, findings(tables)
    assert found[0].serious
    assert case["advice"] in found[0].suggestion


def test_a_value_map_that_leaves_members_out_is_a_warning(broken: Broken, tables: Tables) -> None:
    broken("{Item: 1, Service: 3}", "{Item: 1}")
    found = findings(tables)
    assert [(spelled(each.path), each.message) for each in found] == [
        ("tasks[0].fields[2].value_map", "Rows whose `ProductType` is Service are quarantined.")
    ]
    assert not found[0].serious


def test_a_reference_over_all_companies_is_a_warning(broken: Broken, tables: Tables) -> None:
    sites = "sites: {system: finance_operations, entity: OperationalSites, key: [SiteId], take: [SiteName]}"
    file, _ = broken("      groups:\n", f"      {sites}\n      groups:\n")
    rule = "{from: ProductName, to: msdyn_upccode, lookup: {reference: sites, take: SiteName}}"
    file.write_text(file.read_text().replace("    quality:", f"      - {rule}\n    quality:"))
    found = findings(tables)
    assert [(spelled(each.path), each.suggestion) for each in found] == [
        ("tasks[0].references.sites.entity", "Add `same_company: true`.")
    ]
    assert not found[0].serious


def test_a_longer_source_column_is_a_warning_when_its_length_is_known(broken: Broken, tables: Tables) -> None:
    def with_length(system: str, name: str) -> EntityMetadata | None:
        table = tables(system, name)
        if table is None or name != "SellableReleasedProducts":
            return table
        column = table.columns["ProductName"].model_copy(update={"max_length": 250})
        return table.model_copy(update={"columns": {**table.columns, "ProductName": column}})

    broken(
        "{from: ProductName, to: name, max_length: 100, too_long: truncate, required: true}",
        "{from: ProductName, to: name, required: true}",
    )
    messages = [each.message for each in findings(with_length) if not each.serious]
    assert messages == ["`ProductName` may have 250 characters, `name` takes 100."]


def test_an_unknown_required_mapping_is_an_error(broken: Broken, tables: Tables) -> None:
    broken("title: Parts\nvalue", "title: Parts\nrequires: [part]\nvalue")
    assert [(spelled(each.path), each.suggestion) for each in findings(tables)] == [
        ("requires[0]", "Did you mean `parts`?")
    ]


def test_a_saved_table_is_read_back_as_it_was(tmp_path: Path, tables: Tables) -> None:
    products = tables("dataverse", "products")
    assert products is not None
    save_table(tmp_path, products)
    assert saved_tables(tmp_path)("dataverse", "products") == products
    assert saved_tables(tmp_path)("dataverse", "accounts") is None
