"""Several companies in one Field Service organisation: shared codes, prefixes, business units, filters and settings."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.conftest import Site

from fs_integration.errors import ConfigurationError
from fs_integration.spec.connection_set import ConnectionSet, Organization
from fs_integration.spec.loader import load_connection_set

Row = dict[str, Any]
DISTINCT, SELLABLE, ON_HAND = "CDSReleasedDistinctProducts", "SellableReleasedProducts", "WarehousesOnHandV2"

ADJUSTMENTS, LINES = "msdyn_inventoryadjustments", "msdyn_inventoryadjustmentproducts"
JOURNAL_LINES = "InventoryAdjustmentJournalEntriesV2"


def connections(**companies: dict[str, Any]) -> ConnectionSet:
    """Return the sandbox's connection set with fields of companies changed."""
    standard = load_connection_set("default")
    changed = tuple(each.model_copy(update=companies.get(each.legal_entity, {})) for each in standard.organizations)
    return standard.model_copy(update={"organizations": changed})


def share_codes(site: Site) -> tuple[str, str]:
    """Give `demf` a warehouse and a product with the code and the number of ones of `usmf`, with stock of its own.

    :returns: warehouse and product number that both companies have.
    """
    stock = [row for row in site.rows("finops", ON_HAND) if row["dataAreaId"] == "usmf" and row["OnHandQuantity"] >= 1]
    sellable = {row["ProductNumber"]: row for row in site.rows("finops", SELLABLE) if row["dataAreaId"] == "usmf"}
    on_hand = next(row for row in stock if row["InventoryWarehouseId"] == "11" and sold(row, sellable))
    number = on_hand["ItemNumber"]
    put(site, "Warehouses", lambda row: row["dataAreaId"] == "usmf" and row["WarehouseId"] == "11")
    put(site, SELLABLE, lambda row: row["dataAreaId"] == "usmf" and row["ProductNumber"] == number, CurrencyCode="EUR")
    put(site, DISTINCT, lambda row: row["dataAreaId"] == "usmf" and row["ProductNumber"] == number)
    put(
        site,
        ON_HAND,
        lambda row: all(row[name] == on_hand[name] for name in ("dataAreaId", "ItemNumber", "InventoryWarehouseId")),
        OnHandQuantity=1234.0,
    )
    return "11", number


def sold(row: Row, sellable: dict[str, Row]) -> bool:
    product = sellable.get(row["ItemNumber"])
    return (
        product is not None and product["FieldServiceProductType"] == "Inventory" and product["CurrencyCode"] == "USD"
    )


def put(site: Site, entity_set: str, chosen: Any, **changes: Any) -> None:
    """Give `demf` a copy of a row of `usmf`, in an entity set of Finance & Operations."""
    rows = site.rows("finops", entity_set)
    (model, *_) = [row for row in rows if chosen(row)]
    site.replace("finops", entity_set, [*rows, {**model, "dataAreaId": "demf", **changes}])


STOCK_AREAS = ("warehouses", "products", "product_inventory")


def test_companies_that_share_codes_live_side_by_side_with_a_prefix(new_site):
    site = new_site(connections=connections(demf={"key_prefix": "DE~"}))
    warehouse, number = share_codes(site)
    site.cycle(STOCK_AREAS)
    warehouses = {row["msdyn_name"] for row in site.rows("dataverse", "msdyn_warehouses")}
    products = {row["productnumber"] for row in site.rows("dataverse", "products")}
    assert {warehouse, f"DE~{warehouse}"} <= warehouses
    assert {number, f"DE~{number}"} <= products
    levels = site.levels()
    assert levels[f"DE~{number}|DE~{warehouse}"][0] == 1234.0
    assert levels[f"{number}|{warehouse}"][0] not in (0, 1234.0)
    assert set(site.direct.ledger.open_quarantine()["legal_entity"]) == {"usmf"}


def test_companies_that_share_codes_without_a_prefix_are_both_held_back(new_site):
    site = new_site()
    warehouse, number = share_codes(site)
    site.cycle(STOCK_AREAS)
    lines = site.direct.ledger.open_quarantine().to_dict("records")
    clashes = {(line["mapping"], line["legal_entity"], line["row_key"]) for line in lines
               if line["rule"] == "several_companies"}  # fmt: skip
    assert {clash for clash in clashes if clash[0] != "product_inventory"} == {
        (area, company, key)
        for area, key in (("warehouses", warehouse), ("products", number))
        for company in ("usmf", "demf")
    }
    assert f"{number}|{warehouse}" not in site.levels()


def test_documents_go_back_to_the_company_whose_prefix_they_carry(new_site):
    site = new_site(connections=connections(demf={"key_prefix": "DE~"}))
    warehouse, number = share_codes(site)
    site.cycle(STOCK_AREAS)
    places = {row["msdyn_name"]: row["msdyn_warehouseid"] for row in site.rows("dataverse", "msdyn_warehouses")}
    products = {row["productnumber"]: row for row in site.rows("dataverse", "products")}
    own = products[f"DE~{number}"]
    (header,) = edit(site, ADJUSTMENTS, "msdyn_name", "DA000001", msdyn_warehouse=places[f"DE~{warehouse}"])
    edit(
        site,
        LINES,
        "msdyn_inventoryadjustment",
        header["msdyn_inventoryadjustmentid"],
        msdyn_product=own["productid"],
        msdyn_unit=own["msdynce_inventoryunit"],
    )
    site.live = True
    site.run("inventory_adjustments")
    lines = [row for row in site.rows("finops", JOURNAL_LINES) if row["JournalNumber"] == "DA000001"]
    assert [(row["dataAreaId"], row["ItemNumber"], row["InventoryWarehouseId"]) for row in lines] == [
        ("demf", number, warehouse)
    ]


def edit(site: Site, entity_set: str, key: str, value: str, **changes: Any) -> list[Row]:
    """Change rows of Field Service. :returns: these rows."""
    rows = site.rows("dataverse", entity_set)
    chosen = [row for row in rows if row[key] == value]
    for row in chosen:
        row.update(changes)
    site.replace("dataverse", entity_set, rows)
    return chosen


def test_a_document_belongs_to_the_company_of_its_business_unit(nine):
    units = {row["name"]: row["businessunitid"] for row in nine.rows("dataverse", "businessunits")}
    (header,) = edit(nine, ADJUSTMENTS, "msdyn_name", "UA000003", msdynce_poststatus=2)
    id_ = header["msdyn_inventoryadjustmentid"]
    rows = nine.rows("dataverse", ADJUSTMENTS)
    renewed = [without_stamps(row) if row["msdyn_name"] == "UA000003" else row for row in rows]
    nine.replace("dataverse", ADJUSTMENTS, renewed)
    (line,) = edit(nine, LINES, "msdyn_inventoryadjustment", id_, owningbusinessunit=units["DEMF"])
    books = {own.legal_entity: own for own in nine.run("inventory_adjustments")}
    held = nine.direct.ledger.open_quarantine(mapping="inventory_adjustments").to_dict("records")
    mine = [one for one in held if one["row_key"] == line["msdyn_inventoryadjustmentproductid"]]
    assert [(one["legal_entity"], one["rule"]) for one in mine] == [("demf", "enrich:scm_products")]
    assert (books["demf"].quarantined, books["usmf"].created) == (1, 0)
    assert "UA000003" not in {row["JournalNumber"] for row in nine.rows("finops", JOURNAL_LINES)}


def without_stamps(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("createdon", "modifiedon", "versionnumber")}


def test_filters_choose_the_rows_of_one_company_and_leave_the_others_alone(new_site):
    chosen = {"warehouses": [{"field": "WarehouseId", "in": ["D101", "D102"]}]}
    demf = load_connection_set("default").organization("demf").model_dump() | {"filters": chosen}
    site = new_site(connections=connections(demf=Organization.model_validate(demf).__dict__))
    books = {own.legal_entity: own for own in site.run("warehouses")}
    standard = [row for row in site.rows("finops", "Warehouses") if row["WarehouseType"] == "Standard"]
    total = {company: len([row for row in standard if row["dataAreaId"] == company]) for company in books}
    assert books["demf"].skipped == total["demf"] - 2 > 0
    assert (books["usmf"].skipped, books["frrt"].skipped) == (0, 0)
    arrived = {row["msdyn_name"] for row in site.rows("dataverse", "msdyn_warehouses")
               if row["msdynce_ismaintainedexternally"]}  # fmt: skip
    assert {name for name in arrived if name.startswith("D")} == {"D101", "D102"}
    assert {name for name in arrived if name.startswith("F")} == {
        row["WarehouseId"] for row in standard if row["dataAreaId"] == "frrt"
    }


@pytest.mark.parametrize(
    ("area", "setting"),
    [
        ("accounts", "customer_group"),
        ("inventory_transfers", "quantity_sign"),
        ("agreement_invoices", "agreement_invoice_origin"),
    ],
)
def test_a_missing_required_setting_stops_before_anything_is_written(new_site, area, setting):
    settings = {**load_connection_set("default").organization("demf").settings}
    del settings[setting]
    site = new_site(connections=connections(demf={"settings": settings}))
    with pytest.raises(ConfigurationError, match=f"`{setting}` of company `demf`"):
        site.run(area)
    assert site.writing_requests() == {}
