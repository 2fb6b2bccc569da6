"""Reads of the emulated Dataverse: each test names the documented behaviour it checks."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

NUMBERS = [f"N{index:02}" for index in range(10)]
ALIASES = '&@p1=\'productnumber\'&@p2=["N01","N03"]'
FORMATTED = "OData.Community.Display.V1.FormattedValue"


@pytest.fixture
def ten(client):
    """Replace the products by ten with known values."""
    unit, other = (row["uomid"] for row in client.rows("uoms")[:2])
    rows = [
        {
            "productnumber": number,
            "name": f"Pump {number}" if index % 2 else None,
            "price": index * 1.5,
            "defaultuomid": unit if index < 5 else other,
            "quantitydecimal": index % 6,
            "isstockitem": index % 2 == 0,
            "overriddencreatedon": f"2026-01-{index + 1:02}T00:00:00Z",
        }
        for index, number in enumerate(NUMBERS)
    ]
    client.system.replace("products", rows)
    return client


FILTERS = {
    "text equality ignores case": ("productnumber eq 'n03'", ["N03"]),
    "a doubled quote is one quote": ("name eq 'O''Brien'", []),
    "ne also finds null": ("name ne 'Pump N01'", [n for n in NUMBERS if n != "N01"]),
    "null is written without quotes": ("name eq null and quantitydecimal lt 3", ["N00", "N02", "N06", "N08"]),
    "and binds stronger than or": (
        "productnumber eq 'N00' or productnumber eq 'N01' and quantitydecimal eq 0",
        ["N00"],
    ),
    "parentheses bind": ("(productnumber eq 'N00' or productnumber eq 'N01') and isstockitem eq false", ["N01"]),
    "not turns around": ("not (price gt 1.5)", ["N00", "N01"]),
    "comparison with a decimal is exact": ("price ge 12.0", ["N08", "N09"]),
    "contains ignores case and skips null": ("contains(name,'pump n0')", ["N01", "N03", "N05", "N07", "N09"]),
    "startswith": ("startswith(productnumber,'N0') and endswith(productnumber,'9')", ["N09"]),
    "a column behind a lookup": ("defaultuomid/name eq 'box' and price lt 9", ["N05"]),
    "moments compare in UTC": (
        "overriddencreatedon lt 2026-01-02T01:00:00+02:00",
        ["N00"],
    ),
    "In with parameter aliases": (
        "Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)" + ALIASES,
        ["N01", "N03"],
    ),
    "In with an inline array": (
        "Microsoft.Dynamics.CRM.In(PropertyName='productnumber',PropertyValues=[\"N01\"])",
        ["N01"],
    ),
    "NotIn": (
        "Microsoft.Dynamics.CRM.NotIn(PropertyName=@p1,PropertyValues=@p2) and price lt 6" + ALIASES,
        ["N00", "N02"],
    ),
    "Between includes both ends": (
        'Microsoft.Dynamics.CRM.Between(PropertyName=\'price\',PropertyValues=["1.5","4.5"])',
        ["N01", "N02", "N03"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), FILTERS.values(), ids=FILTERS.keys())
def test_filter(ten, text, expected):
    condition, *aliases = text.split("&")
    query = "&".join([f"$filter={quote(condition)}", *(quote(alias, safe="=@[],'") for alias in aliases)])
    answer = ten.get(f"products?$select=productnumber&{query}")
    assert answer.status == 200, answer.content
    assert [row["productnumber"] for row in answer.json["value"]] == expected


def levels(client):
    """Give the organisation 30 external levels: ten products in three warehouses."""
    names = [(number, place) for place in ("A", "B", "C") for number in NUMBERS]
    rows = [{"msdynce_productnumber": number, "msdynce_warehouseid": place} for number, place in names]
    client.system.replace("msdynce_externalproductinventories", rows)


COMBINATIONS = {
    "few combinations, found by the key": (["n01", "N03"], ["A", "c"], 4),
    "more combinations than rows, found by a walk": (NUMBERS + [f"X{index}" for index in range(20)], ["A", "B"], 20),
}


@pytest.mark.parametrize(("numbers", "places", "count"), COMBINATIONS.values(), ids=COMBINATIONS.keys())
def test_rows_of_a_composite_key_are_found_by_lists_and_paged(client, numbers, places, count):
    levels(client)
    condition = " and ".join(f"Microsoft.Dynamics.CRM.In(PropertyName=@n{i},PropertyValues=@v{i})" for i in (0, 1))
    lists = f"&@v0={json.dumps(numbers)}&@v1={json.dumps(places)}"
    names = "&@n0='msdynce_productnumber'&@n1='msdynce_warehouseid'"
    url = f"msdynce_externalproductinventories?$filter={condition}{names}{lists}".replace(" ", "%20")
    found = []
    while url:
        page = client.get(url, prefer="odata.maxpagesize=3").json
        found += [(row["msdynce_productnumber"], row["msdynce_warehouseid"]) for row in page["value"]]
        url = page.get("@odata.nextLink")
    wanted = {(number.upper(), place.upper()) for number in numbers for place in places} & {
        (number, place) for number in NUMBERS for place in "ABC"
    }
    assert len(found) == count
    assert set(found) == wanted


def test_a_lookup_is_filtered_by_its_value_column(ten):
    unit = ten.rows("uoms")[0]["uomid"]
    assert len(ten.values("products", filter=f"_defaultuomid_value eq {unit}")) == 5


REFUSED = {
    "$skip does not exist": ("products?$skip=1", 400, "0x80060888"),
    "$search does not exist": ("products?$search=x", 400, "0x80060888"),
    "$format does not exist": ("products?$format=json", 400, "0x80060888"),
    "an unknown column in $select": ("products?$select=nothing", 400, "0x0"),
    "an unknown column in $filter": ("products?$filter=nothing eq 1", 400, "0x0"),
    "column names are case-sensitive": ("products?$select=Name", 400, "0x0"),
    "a lookup has no column of its plain name": ("products?$select=defaultuomid", 400, "0x0"),
    "a text compared with a number": ("products?$filter=name eq 5", 400, "0x0"),
    "a number compared with a text": ("products?$filter=quantitydecimal eq 'x'", 400, "0x0"),
    "an unfinished filter": ("products?$filter=name eq", 400, "0x0"),
    "an alias that is not there": ("products?$filter=name eq @p1", 400, "0x0"),
    "an unknown entity set": ("product", 404, "0x8006088a"),
    "entity set names are case-sensitive": ("Products", 404, "0x8006088a"),
    "an id that does not exist": ("products(00000000-0000-4000-8000-000000000000)", 404, "0x80040217"),
    "a key that does not exist": ("msdyn_warehouses(msdyn_name='none')", 404, "0x80060891"),
    "columns that are no alternate key": ("products(name='x')", 400, "0x0"),
    "a forbidden character in a key": ("msdyn_warehouses(msdyn_name='A%2F1')", 400, "0x0"),
    "an open percent sign": ("products?$filter=name eq '5%'", 400, "0x0"),
    "$top that is no number": ("products?$top=many", 400, "0x0"),
}


@pytest.mark.parametrize(("url", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(client, url, status, code):
    answer = client.get(url.replace(" ", "%20"))
    assert (answer.status, answer.code) == (status, code)


def test_pages_follow_the_next_link_and_show_every_row_once(ten):
    seen, url, pages = [], "products?$select=productnumber", 0
    while url:
        answer = ten.get(url, prefer="odata.maxpagesize=4")
        seen += [row["productnumber"] for row in answer.json["value"]]
        url, pages = answer.json.get("@odata.nextLink"), pages + 1
    assert (seen, pages) == (NUMBERS, 3)


def test_the_server_limits_the_page_size(ten):
    ten.environment.limits.dataverse.page_size = 3
    answer = ten.get("products", prefer="odata.maxpagesize=100")
    assert len(answer.json["value"]) == 3
    assert "$skiptoken=" in answer.json["@odata.nextLink"]


def test_sorted_pages_keep_the_order_of_the_first_page(ten):
    first = ten.get("products?$orderby=price%20desc&$select=productnumber", prefer="odata.maxpagesize=6")
    second = ten.get(first.json["@odata.nextLink"], prefer="odata.maxpagesize=6")
    numbers = [row["productnumber"] for answer in (first, second) for row in answer.json["value"]]
    assert numbers == NUMBERS[::-1]


def test_an_altered_skiptoken_is_refused(ten):
    assert ten.get("products?$skiptoken=page2").status == 400


def test_top_limits_and_is_ignored_together_with_maxpagesize(ten):
    assert len(ten.get("products?$top=2").json["value"]) == 2
    assert len(ten.get("products?$top=2", prefer="odata.maxpagesize=5").json["value"]) == 5


def test_counts_stop_at_5000(client):
    client.system.replace("accounts", [{"name": f"A{index}"} for index in range(5_001)])
    annotations = 'odata.include-annotations="Microsoft.Dynamics.CRM.*"'
    page = client.get("accounts?$count=true&$top=1", prefer=annotations).json
    assert page["@odata.count"] == 5_000
    assert page["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] is True
    assert client.get("accounts/$count").content == b"5000"


def test_the_primary_key_comes_along_and_null_is_shown(ten):
    (row,) = ten.values("products", select="name", filter="productnumber eq 'N00'")
    assert set(row) == {"@odata.etag", "name", "productid"}
    assert row["name"] is None


def test_a_lookup_is_read_as_value_column_with_the_asked_annotations(ten):
    answer = ten.get("products?$select=_defaultuomid_value&$top=1", prefer='odata.include-annotations="*"')
    row = answer.json["value"][0]
    assert row[f"_defaultuomid_value@{FORMATTED}"] == "ea"
    assert row["_defaultuomid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "uom"
    assert row["_defaultuomid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] == "defaultuomid"


def test_the_currency_comes_with_an_amount(client):
    assert "_transactioncurrencyid_value" in client.values("products", select="price", top="1")[0]


def test_expand_shows_the_row_behind_a_lookup(ten):
    (row,) = ten.values("products", select="name", filter="productnumber eq 'N07'", expand="defaultuomid($select=name)")
    assert row["defaultuomid"]["name"] == "box"


def test_inactive_rows_are_returned_like_others(client):
    names = {row["name"]: row["statecode"] for row in client.values("pricelevels", select="name,statecode")}
    assert names["UK 2019"] == 1


def test_an_unchanged_row_answers_304_to_its_etag(client):
    url = f"msdyn_warehouses({client.rows('msdyn_warehouses')[0]['msdyn_warehouseid']})"
    etag = client.get(url).json["@odata.etag"]
    assert client.get(url, if_none_match=etag).status == 304
    client.send("PATCH", url, {"msdyn_description": "new"})
    assert client.get(url, if_none_match=etag).status == 200
