"""The generated world: sizes, determinism, and that both systems accept it."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.dataverse.app import Dataverse
from sandbox.environment import Environment
from sandbox.finops.tables import SCHEMA
from sandbox.world import SCALES, build
from sandbox.world.activity import move_stock

DIMENSIONS = (
    "dataAreaId", "ItemNumber", "ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId",
    "ProductVersionId",
)  # fmt: skip


@pytest.fixture(scope="module")
def small():
    return build(7, "small")


def test_the_same_seed_gives_the_same_world(small):
    assert build(7, "small") == small
    assert build(8, "small") != small


@pytest.mark.parametrize("scale", ["tiny", "small", "medium", 1_000, "1234"])
def test_a_scale_is_the_number_of_on_hand_rows(scale):
    expected = SCALES.get(scale, scale)
    assert len(build(1, scale).finops["WarehousesOnHandV2"]) == int(expected)


@pytest.mark.parametrize("scale", ["huge", "0", "-5", ""])
def test_an_unknown_scale_is_refused_with_the_choice(scale):
    with pytest.raises(ValueError, match="tiny, small, medium, large"):
        build(1, scale)


def test_an_empty_world_has_no_rows():
    world = build(7, "small", empty=True)
    assert (world.finops, world.dataverse) == ({}, {})


def test_there_are_three_companies(small):
    for entity_set in ("Warehouses", "SellableReleasedProducts", "WarehousesOnHandV2", "OperationalSites"):
        assert {row["dataAreaId"] for row in small.finops[entity_set]} == {"usmf", "demf", "frrt"}


@pytest.mark.parametrize(
    ("entity_set", "column"), [("Warehouses", "WarehouseId"), ("SellableReleasedProducts", "ProductNumber")]
)
def test_warehouses_and_product_numbers_differ_between_companies(small, entity_set, column):
    assert max(Counter(row[column].lower() for row in small.finops[entity_set]).values()) == 1


def test_every_row_has_the_properties_lengths_and_members_of_its_entity(small):
    for entity_set, rows in small.finops.items():
        entity = SCHEMA.by_set[entity_set]
        for row in rows:
            assert set(row) <= set(entity.properties), entity_set
            for name, value in row.items():
                described = entity.properties[name]
                assert described.enum is None or value in described.enum.members
                assert described.max_length is None or len(value) <= described.max_length


def test_entity_keys_are_unique(small):
    for entity_set, rows in small.finops.items():
        key = SCHEMA.by_set[entity_set].key
        keys = Counter(tuple(row.get(name, "") for name in key) for row in rows)
        assert max(keys.values()) == 1, entity_set


def test_stock_lies_in_warehouses_that_exist(small):
    warehouses = {(row["dataAreaId"], row["WarehouseId"]) for row in small.finops["Warehouses"]}
    places = {(row["dataAreaId"], row["InventoryWarehouseId"]) for row in small.finops["WarehousesOnHandV2"]}
    assert places <= warehouses


def test_variants_share_an_item_number_and_have_numbers_of_their_own(small):
    rows = small.finops["CDSReleasedDistinctProducts"]
    assert max(Counter(row["ItemNumber"] for row in rows).values()) > 1
    assert max(Counter(tuple(row[name] for name in DIMENSIONS) for row in rows).values()) == 1


def test_some_quantities_have_more_decimals_than_field_service_keeps():
    rows = build(7, "medium").finops["WarehousesOnHandV2"]
    assert any(round(row["OnHandQuantity"], 2) != row["OnHandQuantity"] for row in rows)


def test_dataverse_loads_the_world_and_its_lookups_point_at_rows(small):
    system = Dataverse(Environment.create({"dataverse": "https://d", "entra": "https://e"}))
    system.load(small.dataverse)
    ids = {row_id for rows in small.dataverse.values() for row in rows for row_id in (next(iter(row.values())),)}
    for entity_set, columns in {
        "uoms": ("uomscheduleid",),
        "products": ("defaultuomid", "defaultuomscheduleid", "transactioncurrencyid"),
        "msdyn_productinventories": ("msdyn_product", "msdyn_warehouse", "msdyn_unit"),
        "pricelevels": ("transactioncurrencyid",),
    }.items():
        for row in system.dump(entity_set):
            assert {row[column] for column in columns} <= ids


class Holder:
    """On-hand rows as a system holds them."""

    def __init__(self, rows):
        self.rows = rows

    def dump(self, entity_set):
        assert entity_set == "WarehousesOnHandV2"
        return iter(self.rows)

    def replace(self, entity_set, rows):
        self.rows = rows


def identity(row):
    return tuple(row[name] for name in (*DIMENSIONS, "InventorySiteId", "InventoryWarehouseId"))


def test_activity_changes_and_sells_out_so_many_rows_and_leaves_the_others(small):
    before = {identity(row): row for row in small.finops["WarehousesOnHandV2"]}
    system = Holder(list(before.values()))
    counts = move_stock(system, 25, seed=1)
    after = {identity(row): row for row in system.rows}
    assert counts == {"changed": 22, "vanished": 3}
    assert len(before.keys() - after.keys()) == 3
    assert sum(row["OnHandQuantity"] != before[key]["OnHandQuantity"] for key, row in after.items()) == 22


def test_activity_is_the_same_for_the_same_seed_and_never_sells_what_is_not_there(small):
    results = []
    for _ in range(2):
        system = Holder(list(small.finops["WarehousesOnHandV2"]))
        move_stock(system, 200, seed=3)
        results.append(system.rows)
    assert results[0] == results[1]
    assert min(row["OnHandQuantity"] for row in results[0]) >= 0
