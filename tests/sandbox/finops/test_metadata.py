"""Metadata: the service document, the CSDL and the JSON lists agree with what the service accepts."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture
def document(service: Any) -> ElementTree.Element:
    return ElementTree.fromstring(service.get("/data/$metadata").response.body)


def test_the_service_document_lists_every_entity_set(service: Any) -> None:
    sets = service.get("/data").rows
    assert {"name": "WarehousesOnHandV2", "kind": "EntitySet", "url": "WarehousesOnHandV2"} in sets
    assert all(service.get(f"/data/{item['url']}?$top=1").status == 200 for item in sets)


def test_the_metadata_document_gives_keys_in_their_order(document: ElementTree.Element) -> None:
    entity = document.find(f".//{EDM}EntityType[@Name='Warehouse']")
    assert entity is not None
    assert [item.get("Name") for item in entity.iter(f"{EDM}PropertyRef")] == ["dataAreaId", "WarehouseId"]


@pytest.mark.parametrize(
    ("entity", "name", "expected"),
    [
        ("Warehouse", "WarehouseId", ("Edm.String", "false", "String")),
        ("Warehouse", "WarehouseName", ("Edm.String", None, "String")),
        ("Warehouse", "WarehouseType", ("Microsoft.Dynamics.DataEntities.InventLocationType", None, "Enum")),
        ("WarehouseOnHandV2", "OnHandQuantity", ("Edm.Decimal", "false", "Real")),
        ("SellableReleasedProduct", "SalesUnitDecimalPrecision", ("Edm.Int32", "false", "Int32")),
    ],
)
def test_the_metadata_document_gives_types(
    document: ElementTree.Element, entity: str, name: str, expected: tuple[str, str | None, str]
) -> None:
    item = document.find(f".//{EDM}EntityType[@Name='{entity}']/{EDM}Property[@Name='{name}']")
    assert item is not None
    annotated = item.findtext(f"{EDM}Annotation/{EDM}EnumMember", "").rpartition("/")[2]
    assert (item.get("Type"), item.get("Nullable"), annotated) == expected


def test_the_metadata_document_gives_enumerations_with_values(document: ElementTree.Element) -> None:
    members = document.findall(f".//{EDM}EnumType[@Name='EcoResFieldServiceProductType']/{EDM}Member")
    assert {item.get("Name"): item.get("Value") for item in members} == {
        "Inventory": "0", "NonInventory": "1", "Service": "2", "NotAvailable": "3",
    }  # fmt: skip


def test_public_entities_say_what_may_be_written(service: Any) -> None:
    definition = service.get("/metadata/PublicEntities('Warehouse')").json
    properties = {item["Name"]: item for item in definition["Properties"]}
    assert (definition["EntitySetName"], definition["IsReadOnly"]) == ("Warehouses", False)
    assert [name for name, item in properties.items() if item["IsKey"]] == ["dataAreaId", "WarehouseId"]
    assert properties["WarehouseId"]["AllowEditOnCreate"]
    assert not properties["WarehouseId"]["AllowEdit"]
    assert not properties["FormattedPrimaryAddress"]["AllowEditOnCreate"]
    assert properties["OperationalSiteId"]["IsMandatory"]


def test_public_enumerations_give_member_values(service: Any) -> None:
    members = service.get("/metadata/PublicEnumerations('NoYes')").json["Members"]
    assert [(item["Name"], item["Value"]) for item in members] == [("No", 0), ("Yes", 1)]


def test_data_entities_tell_which_entities_only_packages_know(service: Any) -> None:
    entities = {item["Name"]: item for item in service.get("/metadata/DataEntities").rows}
    assert entities["InventWarehouseEntity"]["PublicCollectionName"] == "Warehouses"
    packaged = entities["InventWarehouseOnHandCDSEntity"]
    assert (packaged["DataServiceEnabled"], packaged["PublicCollectionName"]) == (False, None)


@pytest.mark.parametrize(
    "path",
    ["PublicEntities('Warehouses')", "PublicEntities(1)", "PublicEnumerations('x'", "Labels(Id='@a:b')", "Other"],
)
def test_an_unknown_definition_is_not_found(service: Any, path: str) -> None:
    assert service.get(f"/metadata/{path}").status == 404


@pytest.mark.parametrize("url", ["/data", "/data/$metadata", "/metadata/PublicEntities"])
def test_metadata_is_only_read(service: Any, url: str) -> None:
    assert service.call("POST", url, {}).status == 405
