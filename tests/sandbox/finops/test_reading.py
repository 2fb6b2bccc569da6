"""Reads over OData: company scope, filters, order, pages, counts, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

ALL = "/data/Warehouses?cross-company=true"
TYPE = "Microsoft.Dynamics.DataEntities.InventLocationType"


def test_without_cross_company_only_the_default_company_is_read(service: Any) -> None:
    assert service.numbers("/data/Warehouses") == ["11", "13", "24", "O'B"]


def test_a_filter_for_another_company_alone_finds_nothing_without_an_error(service: Any) -> None:
    assert service.numbers("/data/Warehouses?$filter=dataAreaId eq 'demf'") == []


def test_cross_company_reads_the_company_of_the_filter_in_any_case(service: Any) -> None:
    assert service.numbers(f"{ALL}&$filter=dataAreaId eq 'DEMF'") == ["11", "12"]


def test_cross_company_shows_only_companies_the_user_may_see(service: Any) -> None:
    service.switch(companies=["demf"])
    assert service.numbers(ALL) == ["11", "12"]


def test_shared_entities_ignore_the_company(service: Any) -> None:
    assert service.numbers("/data/LegalEntities", "LegalEntityId") == ["demf", "frrt", "usmf"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"WarehouseType eq {TYPE}'Quarantine'", ["11"]),
        (f"WarehouseType ne {TYPE}'Standard' and dataAreaId eq 'demf'", ["12"]),
        ("WarehouseName eq '*RETAIL*'", ["24", "11"]),
        ("WarehouseName eq 'retail*'", ["24"]),
        ("WarehouseName ne '*r*'", ["O'B"]),
        ("WarehouseName eq '*? [A]'", ["O'B"]),
        ("WarehouseName eq 'denver'", ["13"]),
        ("WarehouseId eq 'O''B'", ["O'B"]),
        ("WarehouseId gt '13' and dataAreaId eq 'usmf'", ["24", "O'B"]),
        ("WarehouseId eq '24' or WarehouseId eq '12'", ["24", "12"]),
        ("not (WarehouseId eq '24') and dataAreaId eq 'usmf'", ["11", "13", "O'B"]),
        ("WarehouseName eq null", []),
    ],
)
def test_a_filter_selects(service: Any, condition: str, expected: list[str]) -> None:
    assert sorted(service.numbers(f"{ALL}&$filter={condition}")) == sorted(expected)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("OnHandQuantity eq 5.125", 4), ("OnOrderQuantity lt 0", 1), ("OnHandQuantity ge 5.1250001", 0)],
)
def test_a_filter_compares_quantities(service: Any, condition: str, expected: int) -> None:
    url = f"/data/WarehousesOnHandV2?cross-company=true&$filter={condition}"
    assert len(service.numbers(url, "ItemNumber")) == expected


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("$filter=WarehouseType eq 'Standard'", "incompatible types"),
        (f"$filter=WarehouseType eq {TYPE}'standard'", "incompatible types"),
        ("$filter=WarehouseType eq Microsoft.Dynamics.DataEntities.NoYes'No'", "incompatible types"),
        (f"$filter=WarehouseType gt {TYPE}'Standard'", "does not apply to the enumeration"),
        ("$filter=WarehouseId eq 24", "incompatible types"),
        ("$filter=WarehouseId in ('11','13')", "'in' is not supported"),
        ("$filter=contains(WarehouseName,'retail')", "unknown function"),
        ("$filter=Colour eq 'red'", "property named 'Colour'"),
        ("$filter=WarehouseId eq", "Syntax error"),
        ("$select=WarehouseId,warehouseName", "property named 'warehouseName'"),
        ("$orderby=Colour", "property named 'Colour'"),
        ("$orderby=WarehouseId down", "Syntax error"),
        ("$expand=Site", "property named 'Site'"),
        ("$expand=Site($select=SiteId)", "first level"),
        ("$search=retail", "not supported"),
        ("$apply=aggregate(WarehouseId)", "not supported"),
        ("$format=atom", "not supported"),
        ("$count=yes", "$count"),
        ("$top=-1", "$top"),
        ("$skiptoken=abc", "$skiptoken"),
    ],
)
def test_what_the_system_does_not_support_is_refused(service: Any, options: str, reason: str) -> None:
    answer = service.get(f"/data/Warehouses?{options}")
    assert answer.status == 400
    assert reason in answer.reason


def test_a_refusal_has_its_text_in_the_inner_error_only(service: Any) -> None:
    error = service.get("/data/Warehouses?$top=x").json["error"]
    assert (error["code"], error["message"]) == ("", "An error has occurred.")
    assert set(error["innererror"]) == {"message", "type", "stacktrace"}


def test_an_unknown_entity_set_is_a_routing_error(service: Any) -> None:
    answer = service.get("/data/warehouses")
    assert answer.status == 404
    assert answer.json["Message"].startswith("No HTTP resource was found")


def test_a_row_shows_etag_and_selected_properties_in_their_order(service: Any) -> None:
    (row,) = service.get("/data/Warehouses?$select=WarehouseType,WarehouseId&$filter=WarehouseId eq '24'").rows
    assert list(row) == ["@odata.etag", "WarehouseType", "WarehouseId"]
    assert row["@odata.etag"].startswith('W/"Jz')


def test_unset_values_are_empty_never_null(service: Any) -> None:
    (row,) = service.get("/data/Warehouses?$filter=WarehouseId eq '13'").rows
    assert (row["TransitWarehouseId"], row["IsFallbackWarehouse"], row["WarehouseType"]) == ("", "No", "Standard")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("WarehouseId", ["11", "11", "12", "13", "24", "O'B"]),
        ("WarehouseId desc,dataAreaId desc", ["O'B", "24", "13", "12", "11", "11"]),
        ("WarehouseName", ["11", "11", "13", "12", "24", "O'B"]),
        ("dataAreaId,WarehouseId", ["11", "12", "11", "13", "24", "O'B"]),
        ("dataAreaId desc,WarehouseId", ["11", "13", "24", "O'B", "11", "12"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 10])
def test_pages_in_any_order_give_every_row_once(service: Any, order: str, expected: list[str], size: int) -> None:
    pages = list(service.pages(f"{ALL}&$orderby={order}&$count=true", prefer=f"odata.maxpagesize={size}"))
    assert [row["WarehouseId"] for page in pages for row in page.rows] == expected
    assert {page.json["@odata.count"] for page in pages} == {6}
    assert all(len(page.rows) <= size for page in pages)


def test_the_configured_page_size_limits_the_wish_of_the_client(service: Any) -> None:
    service.environment.limits.finops.page_size = 2
    assert len(service.get(ALL, prefer="odata.maxpagesize=5").rows) == 2


def test_a_next_link_keeps_the_options_of_the_query(service: Any) -> None:
    first = service.get(f"{ALL}&%24select=WarehouseId&$skip=1", prefer="odata.maxpagesize=3")
    link = first.json["@odata.nextLink"]
    assert "cross-company=true" in link
    assert "select=WarehouseId" in link
    assert "$skip=1" not in link
    assert [row["WarehouseId"] for row in first.rows] == ["12", "11", "13"]
    assert service.numbers(link) == ["24", "O'B"]


def test_a_row_inserted_before_the_page_boundary_moves_no_other_row(service: Any) -> None:
    first = service.get("/data/Warehouses", prefer="odata.maxpagesize=2")
    service.system.upsert("Warehouses", [{"dataAreaId": "usmf", "WarehouseId": "10", "OperationalSiteId": "1"}])
    assert service.numbers(first.json["@odata.nextLink"]) == ["24", "O'B"]


def test_top_suppresses_the_next_link_unless_switched_off(service: Any) -> None:
    limited = f"{ALL}&$top=3"
    first = service.get(limited, prefer="odata.maxpagesize=2")
    assert len(first.rows) == 2
    assert "@odata.nextLink" not in first.json
    service.switch(top_ends_paging=False)
    assert [len(page.rows) for page in service.pages(limited, prefer="odata.maxpagesize=2")] == [2, 1]


def test_count_is_plain_text_behind_a_byte_order_mark(service: Any) -> None:
    answer = service.get(f"/data/Warehouses/$count?cross-company=true&$filter=WarehouseType eq {TYPE}'Standard'")
    assert answer.response.body == b"\xef\xbb\xbf4"


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/data/Warehouses(dataAreaId='usmf',WarehouseId='24')", 200),
        ("/data/Warehouses(WarehouseId='o%27%27b',dataAreaId='USMF')", 200),
        ("/data/Warehouses(dataAreaId='demf',WarehouseId='12')", 404),
        ("/data/Warehouses(dataAreaId='demf',WarehouseId='12')?cross-company=true", 200),
        ("/data/Warehouses(dataAreaId='usmf',WarehouseId='99')", 404),
        ("/data/Warehouses(WarehouseId='24')", 400),
        ("/data/Warehouses('24')", 400),
        ("/data/Warehouses(dataAreaId='usmf',WarehouseId=24)", 400),
        ("/data/Warehouses(dataAreaId='usmf',WarehouseId='24'", 400),
    ],
)
def test_a_row_is_addressed_by_all_its_key_parts_inside_the_company_scope(service: Any, url: str, status: int) -> None:
    assert service.get(url).status == status
