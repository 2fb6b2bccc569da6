"""The unusual rows: each is in every world, and is as unusual as it says."""

from __future__ import annotations

import pytest

from sandbox.world import build, peculiarities
from sandbox.world.peculiarities import PECULIARITIES

BY_ID = {peculiarity.id: peculiarity for peculiarity in PECULIARITIES}
OUTCOMES = {"loaded", "quarantined", "skipped", "blocked", "not_read"}


@pytest.fixture(scope="module")
def world():
    return build(3, "tiny")


@pytest.mark.parametrize("peculiarity", PECULIARITIES, ids=BY_ID.keys())
def test_its_row_is_found_by_its_key_in_every_world(world, peculiarity):
    rows = world.finops[peculiarity.entity_set]
    found = [row for row in rows if peculiarity.key.items() <= row.items()]
    assert found == [peculiarity.row]
    assert peculiarity.outcome in OUTCOMES


def test_every_kind_has_an_id_of_its_own():
    assert len(BY_ID) == len(PECULIARITIES)


def test_the_other_companies_are_clean(world):
    assert {row["dataAreaId"] for row in peculiarities.rows("WarehousesOnHandV2")} == {"usmf"}
    for company in ("demf", "frrt"):
        warehouses = [row for row in world.finops["Warehouses"] if row["dataAreaId"] == company]
        assert {row["WarehouseType"] for row in warehouses} == {"Standard"}


NAMES = {
    "warehouse-long-name": ("WarehouseName", lambda text: len(text) > 100),
    "warehouse-empty-name": ("WarehouseName", lambda text: text == ""),
    "product-long-name": ("ProductName", lambda text: len(text) > 100),
    "product-empty-name": ("ProductName", lambda text: text == ""),
    "warehouse-forbidden-character": ("WarehouseId", lambda text: set(text) & set("/<>*%&:\\?+")),
    "warehouse-transit": ("WarehouseType", lambda text: text == "Transit"),
    "warehouse-quarantine": ("WarehouseType", lambda text: text == "Quarantine"),
    "stock-negative-on-order": ("OnOrderQuantity", lambda value: value < 0),
    "stock-too-large": ("OnHandQuantity", lambda value: value > 1_000_000_000),
}


@pytest.mark.parametrize(("id_", "check"), NAMES.items(), ids=NAMES.keys())
def test_a_value_is_out_of_the_ordinary(id_, check):
    column, is_odd = check
    assert is_odd(BY_ID[id_].row[column])


def test_units_and_price_lists_that_field_service_lacks(world):
    units = {row["name"] for row in world.dataverse["uoms"]}
    assert BY_ID["product-unknown-unit"].row["SalesUnitSymbol"] not in units
    currencies = {
        row["transactioncurrencyid"]: row["isocurrencycode"] for row in world.dataverse["transactioncurrencies"]
    }
    priced = {
        currencies[row["transactioncurrencyid"]] for row in world.dataverse["pricelevels"] if row["statecode"] == 0
    }
    assert BY_ID["product-without-price-list"].row["CurrencyCode"] in set(currencies.values()) - priced


def test_field_service_has_a_warehouse_of_its_own_with_the_name_of_one_in_f_and_o(world):
    wanted = BY_ID["warehouse-takeover"].row["WarehouseId"]
    (own,) = [row for row in world.dataverse["msdyn_warehouses"] if row["msdyn_name"] == wanted]
    assert own["msdynce_ismaintainedexternally"] is False


def test_the_product_behind_unusual_stock_is_missing_where_it_says(world):
    sellable = {row["ProductNumber"] for row in world.finops["SellableReleasedProducts"]}
    items = {row["ItemNumber"]: row["ProductNumber"] for row in world.finops["CDSReleasedDistinctProducts"]}
    assert BY_ID["stock-unknown-item"].row["ItemNumber"] not in items
    assert BY_ID["stock-not-distinct"].row["ItemNumber"] not in items
    assert BY_ID["stock-not-distinct"].row["ItemNumber"] in sellable
    assert items[BY_ID["stock-not-sellable"].row["ItemNumber"]] not in sellable


def test_one_product_lies_in_one_warehouse_on_two_sites(world):
    wanted = BY_ID["stock-two-sites"].row
    rows = [row for row in world.finops["WarehousesOnHandV2"] if row["ItemNumber"] == wanted["ItemNumber"]]
    assert {row["InventoryWarehouseId"] for row in rows} == {wanted["InventoryWarehouseId"]}
    assert len({row["InventorySiteId"] for row in rows}) == 2


def test_ties_lie_exactly_between_two_hundredths():
    texts = [str(BY_ID[id_].row["OnHandQuantity"]) for id_ in ("stock-tie-to-even-down", "stock-tie-to-even-up")]
    assert texts == ["10.005", "10.015"]
