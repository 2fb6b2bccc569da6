"""Every row of Microsoft's templates is in the standard mappings, or left out for a reason the area's page gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import FieldRule, MappingTask

CONSTANT = "-"
# mapping -> source column of the template (or CONSTANT), target column, what must be true of the rule
ROWS: dict[str, list[tuple[str, str, str]]] = {
    "warehouses": [
        ("WarehouseId", "msdyn_name", "key"),
        ("WarehouseName", "msdyn_description", "copy"),
        (CONSTANT, "msdynce_ismaintainedexternally", "true"),
    ],
    "products": [
        ("ProductNumber", "productnumber", "key"),
        ("ProductName", "name", "cut 100"),
        ("ProductDescription", "description", "copy"),
        ("ProductType", "producttypecode", "map product_type"),
        ("SalesUnitSymbol", "defaultuomid", "map unit, lookup uoms"),
        (CONSTANT, "defaultuomscheduleid", "lookup uomschedules"),
        ("SalesPrice", "price", "round 4"),
        ("UnitCost", "currentcost", "round 4"),
        ("CurrencyCode", "transactioncurrencyid", "lookup transactioncurrencies"),
        ("IsStockedProduct", "isstockitem", "copy"),
        ("SalesUnitDecimalPrecision", "quantitydecimal", "clamp 0 5"),
        (CONSTANT, "msdynce_ismaintainedexternally", "true"),
        ("FieldServiceProductType", "msdyn_fieldserviceproducttype", "map fs_product_type"),
        ("InventoryUnitSymbol", "msdynce_inventoryunit", "map unit, lookup uoms"),
        (CONSTANT, "productstructure", "on create"),
    ],
    "product_inventory": [
        ("ProductNumber", "msdynce_productnumber", "key"),
        ("InventoryWarehouseId", "msdynce_warehouseid", "key"),
        ("ProductNumber", "msdynce_product", "lookup products"),
        ("InventoryWarehouseId", "msdynce_warehouse", "lookup msdyn_warehouses"),
        ("OnHandQuantity", "msdynce_onhandquantity", "round 2"),
        ("OnOrderQuantity", "msdynce_onorderquantity", "round 2, clamp 0"),
        ("OrderedQuantity", "msdynce_orderedquantity", "round 2, clamp 0"),
    ],
}
LEFT_OUT = {("products", "pricelevelid")}
VALUE_MAPS = {
    "fs_product_type": {"Inventory": 690970000, "NonInventory": 690970001, "Service": 690970002, "NotAvailable": None},
    "product_type": {"Item": 1, "Service": 3},
}


@pytest.mark.parametrize(
    ("name", "source", "target", "way"), [(name, *row) for name, rows in ROWS.items() for row in rows]
)
def test_each_template_row_is_mapped(name: str, source: str, target: str, way: str) -> None:
    task = load_mapping(name).tasks[0]
    rule = {rule.to: rule for rule in task.fields}[target]
    assert (rule.from_ or CONSTANT) == source
    assert way_of(rule, task) == way


def way_of(rule: FieldRule, task: MappingTask) -> str:
    """Say a rule in the words of the table above."""
    said = ["key"] if rule.to in task.target.key else []
    said += ["true"] if rule.value is True else []
    said += [f"cut {rule.max_length}"] if rule.too_long == "truncate" else []
    said += [f"map {rule.value_map}"] if rule.value_map is not None else []
    said += [f"lookup {task.references[rule.lookup.reference].entity}"] if rule.lookup else []
    said += [f"round {rule.round}"] if rule.round is not None else []
    bounds = [rule.clamp.min, rule.clamp.max] if rule.clamp else []
    said += [" ".join(["clamp", *(str(bound) for bound in bounds if bound is not None)])] if bounds else []
    said += ["on create"] if rule.only_on_create else []
    return ", ".join(said) or "copy"


@pytest.mark.parametrize("name", ROWS)
def test_no_column_is_written_that_no_template_row_asks_for(name: str) -> None:
    assert {rule.to for rule in load_mapping(name).tasks[0].fields} == {target for _, target, _ in ROWS[name]}


@pytest.mark.parametrize(("name", "column"), sorted(LEFT_OUT))
def test_what_is_left_out_is_explained_to_consultants(name: str, column: str, root: Path) -> None:
    assert f"`{column}`" in (root / "docs" / "areas" / f"{name.replace('_', '-')}.md").read_text()


def test_the_value_maps_are_those_of_the_templates() -> None:
    value_maps = load_mapping("products").value_maps
    assert {name: value_maps[name] for name in VALUE_MAPS} == VALUE_MAPS
