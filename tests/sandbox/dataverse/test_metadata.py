"""Definitions and functions of the emulated Dataverse."""

from __future__ import annotations

from urllib.parse import quote

import pytest

WAREHOUSE = "EntityDefinitions(LogicalName='msdyn_warehouse')"


def names(answer, member="LogicalName"):
    return {row[member] for row in answer.json["value"]}


def test_an_entity_set_name_is_resolved_by_filter(client):
    condition = quote("LogicalName eq 'msdynce_externalproductinventory'")
    answer = client.get(f"EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute&$filter={condition}")
    (row,) = answer.json["value"]
    assert row["EntitySetName"] == "msdynce_externalproductinventories"
    assert row["PrimaryIdAttribute"] == "msdynce_externalproductinventoryid"


def test_a_table_that_is_not_installed_gives_an_empty_list(client):
    condition = quote("EntitySetName eq 'nothing'")
    assert client.get(f"EntityDefinitions?$select=LogicalName&$filter={condition}").json["value"] == []


def test_an_unknown_table_is_404(client):
    assert client.get("EntityDefinitions(LogicalName='nothing')").status == 404


KEYS = {
    "msdyn_warehouse": {"msdynce_name": ["msdyn_name"]},
    "msdynce_externalproductinventory": {
        "msdynce_productwarehouse": ["msdynce_productnumber", "msdynce_warehouseid"],
    },
    "product": {},
    "uom": {},
}


@pytest.mark.parametrize(("table", "expected"), KEYS.items())
def test_alternate_keys_are_the_ones_that_the_solutions_ship(client, table, expected):
    answer = client.get(f"EntityDefinitions(LogicalName='{table}')/Keys")
    assert {row["LogicalName"]: row["KeyAttributes"] for row in answer.json["value"]} == expected
    assert all(row["EntityKeyIndexStatus"] == "Active" for row in answer.json["value"])


CAST = "Microsoft.Dynamics.CRM."
COLUMNS = {
    ("msdyn_warehouse", "StringAttributeMetadata", "msdyn_name"): {"MaxLength": 100},
    ("msdyn_warehouse", "MemoAttributeMetadata", "msdyn_description"): {"MaxLength": 2000},
    ("msdyn_productinventory", "DoubleAttributeMetadata", "msdyn_qtyallocated"): {"MinValue": 0.0, "Precision": 2},
    ("msdyn_productinventory", "DoubleAttributeMetadata", "msdyn_qtyonhand"): {"MinValue": -1e9, "MaxValue": 1e9},
    ("product", "IntegerAttributeMetadata", "quantitydecimal"): {"MinValue": 0, "MaxValue": 5},
    ("product", "LookupAttributeMetadata", "msdynce_inventoryunit"): {"Targets": ["uom"]},
}


@pytest.mark.parametrize(
    ("column", "expected"), COLUMNS.items(), ids=lambda value: value[2] if len(value) == 3 else None
)
def test_columns_are_described_with_their_limits(client, column, expected):
    table, cast, name = column
    answer = client.get(f"EntityDefinitions(LogicalName='{table}')/Attributes/{CAST}{cast}")
    described = next(row for row in answer.json["value"] if row["LogicalName"] == name)
    assert {key: described[key] for key in expected} == expected


def test_choices_are_expanded_with_their_option_sets(client):
    url = f"EntityDefinitions(LogicalName='product')/Attributes/{CAST}PicklistAttributeMetadata"
    answer = client.get(f"{url}?$select=LogicalName&$expand=OptionSet($select=Options)")
    options = {row["LogicalName"]: [o["Value"] for o in row["OptionSet"]["Options"]] for row in answer.json["value"]}
    assert options["msdyn_fieldserviceproducttype"] == [690970000, 690970001, 690970002]


def test_navigation_names_come_from_the_relationships(client):
    members = "ReferencingEntityNavigationPropertyName,ReferencedEntity,ReferencingAttribute"
    url = "EntityDefinitions(LogicalName='msdynce_externalproductinventory')/ManyToOneRelationships"
    answer = client.get(f"{url}?$select={members}")
    found = {row["ReferencingAttribute"]: row["ReferencedEntity"] for row in answer.json["value"]}
    assert found["msdynce_product"] == "product"
    assert found["msdynce_warehouse"] == "msdyn_warehouse"


def test_change_tracking_is_shown(client):
    assert client.get(WAREHOUSE).json["ChangeTrackingEnabled"] is True
    adjustment = client.get("EntityDefinitions(LogicalName='msdyn_inventoryadjustment')")
    assert adjustment.json["ChangeTrackingEnabled"] is False


def test_the_availability_of_bulk_messages_is_answered(client):
    condition = quote("sdkmessageid/name eq @message and primaryobjecttypecode eq @table")
    url = f"sdkmessagefilters?$select=sdkmessagefilterid&$filter={condition}&@message='UpsertMultiple'&@table='{{}}'"
    assert len(client.get(url.format("msdyn_warehouse")).json["value"]) == 1
    client.switch(tables_without_bulk_messages=["msdyn_warehouse"])
    assert client.get(url.format("msdyn_warehouse")).json["value"] == []


def test_who_am_i_names_user_and_organisation_and_hints_at_the_parallelism(client):
    answer = client.get("WhoAmI")
    assert set(answer.json) >= {"BusinessUnitId", "UserId", "OrganizationId"}
    assert int(answer.headers["x-ms-dop-hint"]) > 0


def test_rows_are_counted_by_table(client):
    answer = client.get("RetrieveTotalRecordCount(EntityNames=['uom','account'])")
    collection = answer.json["EntityRecordCountCollection"]
    assert dict(zip(collection["Keys"], collection["Values"], strict=True)) == {
        "uom": 8,
        "account": len(client.rows("accounts")),
    }
