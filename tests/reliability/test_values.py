"""Values nobody thought of, D7 to D11: keys, missing values, amounts, lengths, options."""

from __future__ import annotations

from decimal import Decimal
from unicodedata import normalize

import pytest
from tests.reliability.plugin import cases
from tests.reliability.rows import KINDS, assert_judged, judge
from tests.reliability.variants import ABSENT, BAD, Variant, numbered, try_variants

from sandbox.dataverse.tables import SCHEMA

# What a URL, a filter or a bulk message would take for something else; at most ten characters, as journals want it.
KEYS = ("o'brien", "50%41", "a#b", "a&b", "a+b", "c/d", "e f", "É9", normalize("NFD", "É8"), "ß7", "x=1", "(y)")
BLANKS = (" k7 ", "k8  ")  # Supply Chain Management keeps no blanks around its own keys
STOCK = ("o'brien", "a#b", "e f", "É9", normalize("NFD", "É8"), "x=1", "(y)", "a:b")  # the others may not travel


@pytest.mark.parametrize("area", cases("D7"))
def test_a_key_of_any_characters_names_one_row_and_arrives_as_it_is(area, sites, outcome):
    numbers = STOCK if area == "product_inventory" else KEYS
    if KINDS[area].system == "dataverse":
        numbers += BLANKS
    world, told = numbered(area, numbers, told=str.strip)
    site = sites.make(area, world=world)
    result = site.run_area()
    assert_judged(site, result, judge(area, told))
    before = site.state()
    again = site.run_area()  # the same rows again: they are found under their keys, and nothing is written
    assert [own for books, _ in again.values() for own in books if own.created or own.updated] == []
    assert site.state() == before
    outcome("QUA" if any(own.quarantined for books, _ in result.values() for own in books) else "OK")


EMPTY_DATE = "1900-01-01T12:00:00Z"  # Finance & Operations takes this day for no day
NOTHING = {
    "accounts": [Variant("address1_city", None, ""), Variant("address1_city", "  "),
                 Variant("address1_city", ABSENT, "")],
    "warehouses": [Variant("WarehouseName", ""), Variant("WarehouseName", "  "), Variant("WarehouseName", ABSENT, "")],
    "products": [Variant("ProductDescription", ""), Variant("ProductDescription", ABSENT, ""),
                 Variant("ProductName", "", BAD), Variant("ProductName", ABSENT, BAD)],
    "projects": [Variant("CustomerAccount", ""), Variant("CustomerAccount", ABSENT, ""), Variant("ProjectName", "")],
    "inventory_adjustments": [Variant("msdyn_adjustmenttime", None), Variant("msdyn_adjustmenttime", ABSENT, None),
                              Variant("msdyn_adjustmenttime", EMPTY_DATE), Variant("msdyn_quantity", None, BAD),
                              Variant("msdynce_numbersequence", "", BAD)],
    "inventory_transfers": [Variant("msdyn_transfertime", None), Variant("msdyn_transfertime", ABSENT, None),
                            Variant("msdyn_transfertime", EMPTY_DATE), Variant("msdyn_quantity", None, BAD)],
    "work_orders": [Variant("msdyn_address2", None, ""), Variant("msdyn_timefrompromised", ABSENT, None),
                    Variant("msdyn_timetopromised", EMPTY_DATE), Variant("transactioncurrencyid", ABSENT, BAD)],
    "product_inventory": [Variant("OnHandQuantity", ABSENT, Decimal(0)), Variant("OnOrderQuantity", ABSENT, Decimal(0)),
                          Variant("ProductSizeId", ""), Variant("ProductSizeId", ABSENT, "")],
    "agreement_invoices": [Variant("duedate", None), Variant("duedate", ABSENT, None), Variant("name", None, ""),
                           Variant("duedate", EMPTY_DATE[:10]), Variant("msdyn_invoicedate", ABSENT, BAD)],
}  # fmt: skip


@pytest.mark.parametrize("area", cases("D8"))
def test_a_missing_value_is_what_the_mapping_says_and_never_invented(area, sites, outcome):
    variants = NOTHING[area]
    try_variants(area, sites, variants)
    outcome("QUA" if any(variant.told is BAD for variant in variants) else "OK")


AMOUNTS = {
    "products": [Variant("SalesPrice", Decimal("0.00005")), Variant("SalesPrice", Decimal("0.00015")),
                 Variant("UnitCost", Decimal("-0.00004")), Variant("UnitCost", Decimal("12345678.123456")),
                 Variant("SalesPrice", Decimal("-0"))],
    "product_inventory": [Variant("OnHandQuantity", Decimal("7.125")), Variant("OnHandQuantity", Decimal("7.135")),
                          Variant("OnHandQuantity", Decimal("-0.004")), Variant("OnOrderQuantity", Decimal("-0.001"))],
    "inventory_adjustments": [Variant("msdyn_quantity", 0.125, 0.12), Variant("msdyn_quantity", 0.135, 0.14),
                              Variant("msdyn_quantity", -2.005, -2.0), Variant("msdyn_quantity", 0.004, BAD)],
    "inventory_transfers": [Variant("msdyn_quantity", 0.125, 0.12), Variant("msdyn_quantity", 0.135, 0.14),
                            Variant("msdyn_quantity", 0.004, BAD), Variant("msdyn_quantity", -1, BAD)],
    "agreement_invoices": [Variant("quantity", Decimal("0.00005")), Variant("priceperunit", Decimal("0.12345")),
                           Variant("baseamount", Decimal("0.125")), Variant("baseamount", Decimal("-0.004"))],
    "work_orders": [Variant("msdyn_totalamount", Decimal("33.3333")), Variant("msdyn_quantity", 0.123456)],
}  # fmt: skip


@pytest.mark.parametrize("area", cases("D9"))
def test_an_amount_is_rounded_once_half_to_even_and_never_becomes_minus_zero(area, sites, outcome):
    variants = AMOUNTS[area]
    try_variants(area, sites, variants)
    outcome("QUA" if any(variant.told is BAD for variant in variants) else "OK")


TEXTS = {
    "accounts": [Variant("name", "n" * 100), Variant("name", "n" * 101, BAD), Variant("address1_city", "c" * 61, BAD),
                 Variant("accountnumber", "1" * 20)],
    "warehouses": [Variant("WarehouseName", "n" * 60)],
    "products": [Variant("ProductName", "x" * 250)],  # the mapping cuts names at 100, and says so
    "projects": [Variant("ProjectName", "n" * 100), Variant("ProjectName", "n" * 101, BAD)],
    "inventory_adjustments": [Variant("msdyn_name", "ABCDEFGHIJ"), Variant("msdyn_name", "ABCDEFGHIJK", BAD)],
    "inventory_transfers": [Variant("msdyn_name", "ABCDEFGHIJ"), Variant("msdyn_name", "ABCDEFGHIJK", BAD)],
    "work_orders": [Variant("msdyn_name", "W" * 20), Variant("msdyn_name", "W" * 21, BAD),
                    Variant("msdyn_stateorprovince", "s" * 11, BAD), Variant("msdyn_workordersummary", "s" * 90)],
    "agreement_invoices": [Variant("name", "i" * 61), Variant("invoicenumber", "V" * 100)],
}  # fmt: skip


@pytest.mark.parametrize("area", cases("D10"))
def test_a_text_that_is_too_long_is_held_back_and_cut_only_where_the_mapping_says_so(area, sites, outcome):
    variants = TEXTS[area]
    try_variants(area, sites, variants)
    outcome("QUA" if any(variant.told is BAD for variant in variants) else "OK")


NEW_STATUS = 690970099  # somebody added it to the option set
OPTIONS = {
    "accounts": [Variant("address1_country", "Atlantis", BAD), Variant("address1_country", "usa")],
    "products": [Variant("SalesUnitSymbol", "pal", BAD), Variant("InventoryUnitSymbol", "parsec", BAD),
                 Variant("CurrencyCode", "XXX", BAD), Variant("SalesUnitSymbol", "HR")],
    "work_orders": [Variant("msdyn_systemstatus", NEW_STATUS, BAD), Variant("msdyn_country", "Atlantis", BAD)],
}  # fmt: skip


@pytest.mark.parametrize("area", cases("D11"))
def test_an_option_that_nobody_mapped_is_held_back(area, sites, monkeypatch, outcome):
    statuses = SCHEMA.tables["msdyn_workorder"].columns["msdyn_systemstatus"].options
    monkeypatch.setitem(statuses.labels, NEW_STATUS, "Waiting for parts")
    try_variants(area, sites, OPTIONS[area])
    outcome("QUA")
