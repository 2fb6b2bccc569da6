"""Customers: what a write must name that the company has set up."""

from __future__ import annotations

from typing import Any

import pytest

SET = "CustomersV2"
NEW = {
    "CustomerAccount": "US-003", "PartyType": "Organization", "OrganizationName": "Wingtip Hotels",
    "CustomerGroupId": "10", "SalesCurrencyCode": "USD", "LanguageId": "en-us",
}  # fmt: skip


def test_a_complete_customer_is_created(business: Any) -> None:
    row = business.made(SET, {**NEW, "SiteId": "1", "WarehouseId": "11", "AddressCountryRegionISOCode": "US"})
    assert (row["CustomerAccount"], row["IsExternallyMaintained"]) == ("US-003", "No")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CustomerGroupId": "77"}, "'77' in field 'CustomerGroupId' is not found in table 'Customer groups'"),
        ({"CustomerGroupId": ""}, "Field 'CustomerGroupId' must be filled in."),
        ({"OrganizationName": ""}, "Field 'OrganizationName' must be filled in."),
        ({"PartyType": "Company"}, "'Company' in field 'PartyType'"),
        ({"SalesCurrencyCode": "XXX"}, "'XXX' in field 'SalesCurrencyCode'"),
        ({"LanguageId": "tlh"}, "'tlh' in field 'LanguageId'"),
        ({"WarehouseId": "99"}, "'99' in field 'WarehouseId' is not found in table 'Warehouses'"),
        ({"SiteId": "2", "WarehouseId": "11"}, "Warehouse '11' does not belong to site '2'."),
        ({"AddressCountryRegionISOCode": "XX"}, "'XX' in field 'AddressCountryRegionISOCode'"),
        ({"CustomerAccount": "US-001"}, "The record already exists."),
        ({"CustomerAccount": "ACC-01000-BVRCPS-TOO-LONG"}, "is longer than 20 characters"),
        ({"PartyNumber": "1"}, "The field 'PartyNumber' does not allow editing."),
    ],
)
def test_what_the_company_has_not_set_up_is_refused(business: Any, changes: dict[str, str], reason: str) -> None:
    before = business.rows(SET)
    answer = business.post(SET, {**NEW, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert business.rows(SET) == before


def test_a_warehouse_of_another_company_is_none_of_this_one(business: Any) -> None:
    assert "table 'Warehouses'" in business.post(SET, {**NEW, "WarehouseId": "D11"}).reason


def test_a_change_is_checked_like_a_creation(business: Any) -> None:
    assert business.patch(SET, "CustomerAccount='US-001'", {"OrganizationName": "New name"}).status == 204
    assert business.patch(SET, "CustomerAccount='US-001'", {"CustomerGroupId": "77"}).status == 400
    assert business.patch(SET, "CustomerAccount='US-001'", {"PartyType": "Person"}).status == 400
