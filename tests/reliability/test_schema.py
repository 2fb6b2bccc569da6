"""Tables that are changed under a mapping: D12 stops the area before it reads a row, D13 does not matter."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from tests.reliability.catalogue import AREAS
from tests.reliability.plugin import cases
from tests.reliability.site import assert_as_in_peace, assert_one_run_as_in_peace, books_balance
from tests.reliability.test_order_of_runs import writing_requests
from tests.reliability.trouble import assert_untouched
from tests.reliability.whole import whole_site, written_by

from fs_integration.errors import MappingError
from fs_integration.spec.loader import load_mapping
from sandbox.dataverse.schema import Column
from sandbox.dataverse.tables import SCHEMA as DATAVERSE
from sandbox.finops.schema import Property
from sandbox.finops.tables import SCHEMA as FINOPS

Place = tuple[str, str]  # entity set and column


@dataclass(frozen=True)
class Used:
    """A column on either side that the first task of an area reads or writes."""

    finops: Place
    dataverse: Place


USED = {
    "accounts": Used(("CustomersV2", "OrganizationName"), ("accounts", "name")),
    "warehouses": Used(("Warehouses", "WarehouseName"), ("msdyn_warehouses", "msdyn_description")),
    "products": Used(("SellableReleasedProducts", "ProductDescription"), ("products", "description")),
    "projects": Used(("Projects", "ProjectName"), ("msdynce_externalprojects", "msdynce_name")),
    "inventory_adjustments": Used(("InventoryAdjustmentJournalEntriesV2", "InventoryQuantity"),
                                  ("msdyn_inventoryadjustmentproducts", "msdynce_numbersequence")),
    "inventory_transfers": Used(("InventoryTransferJournalEntries", "InventoryQuantity"),
                                ("msdyn_inventoryadjustmentproducts", "msdynce_numbersequence")),
    "work_orders": Used(("CDSSalesOrderHeaders", "SalesOrderName"), ("msdyn_workorders", "msdyn_city")),
    "product_inventory": Used(("WarehousesOnHandV2", "OnHandQuantity"),
                              ("msdynce_externalproductinventories", "msdynce_onhandquantity")),
    "agreement_invoices": Used(("CDSFreeTextInvoiceHeaders", "CustomerReference"), ("invoices", "name")),
}  # fmt: skip
NEW = "cr1_costbearer"


def removed(area: str, patch: pytest.MonkeyPatch) -> Place:
    table, column = USED[area].finops
    patch.delitem(FINOPS.by_set[table].properties, column)
    return table, column


def renamed(area: str, patch: pytest.MonkeyPatch) -> Place:
    table, column = USED[area].dataverse
    columns = DATAVERSE.by_set[table].columns
    patch.setitem(columns, f"{column}2", replace(columns[column], name=f"{column}2"))
    patch.delitem(columns, column)
    return table, column


def retyped(area: str, patch: pytest.MonkeyPatch) -> Place:
    """Let a column hold ids of rows, which nothing but an id can become and which can become nothing else."""
    table, column = USED[area].dataverse
    columns = DATAVERSE.by_set[table].columns
    patch.setitem(columns, column, Column(column, "Uniqueidentifier"))
    return "", column


def made_required(area: str, patch: pytest.MonkeyPatch) -> Place:
    table = load_mapping(area).enabled_tasks[0].target.table
    add_column(table, patch, is_required=True)
    return table, NEW


def add_column(table: str, patch: pytest.MonkeyPatch, *, is_required: bool = False) -> None:
    """Give a table one column more."""
    if table in FINOPS.by_set:
        entity = FINOPS.by_set[table]
        patch.setitem(entity.properties, NEW, Property(NEW, "String", required=is_required))
        patch.setitem(entity.defaults, NEW, "")
    else:
        level = "ApplicationRequired" if is_required else "None"
        patch.setitem(DATAVERSE.by_set[table].columns, NEW, Column(NEW, "String", required=level))


# Areas take turns: the first meets the first and third, the second the second and fourth.
CHANGES: tuple[Callable[[str, pytest.MonkeyPatch], Place], ...] = (removed, renamed, retyped, made_required)


@pytest.mark.parametrize("area", cases("D12"))
def test_a_table_that_no_longer_fits_stops_its_area_before_anything_is_read(area, sites, monkeypatch, outcome):
    site = sites.make(area)
    site.landscape.stats.reset()
    for change in CHANGES[AREAS.index(area) % 2 :: 2]:
        with monkeypatch.context() as patch:
            table, column = change(area, patch)
            sites.restart(site)
            with pytest.raises(MappingError) as caught:
                site.run_area()
        said = str(caught.value)
        assert re.search(rf"{area}\.yaml:\d+ tasks\[\d\]\.", said), said
        assert table in said, said
        assert f"`{column}`" in said or column in said.split("no value: ")[-1], said
        assert "Nothing was read or written" in said
    assert writing_requests(site) == 0
    assert_untouched(site)
    sites.restart(site)
    result = site.run_area()
    assert_as_in_peace(site, sites, result)
    outcome("STOP")


def test_the_other_areas_go_on(sites, sandbox, monkeypatch):
    site = whole_site(sites, sandbox.landscape, "products")
    removed("products", monkeypatch)
    with pytest.raises(MappingError):
        site.run_area()
    other = site.run("warehouses")
    assert written_by(other)
    assert books_balance(other)


@pytest.mark.parametrize("area", cases("D13"))
def test_a_column_more_on_either_side_changes_nothing(area, sites, monkeypatch, outcome):
    sites.in_peace(area)  # without it
    for task in load_mapping(area).enabled_tasks:
        for table in (task.source.entity, task.target.table):
            add_column(table, monkeypatch)
    site = sites.make(area)
    result = site.run_area()
    assert_one_run_as_in_peace(site, sites, result)
    outcome("OK")
