"""X6: a value is a value, whatever it looks like: the row that is asked for is the row that is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reliability.hostile import HOSTILE, TRIED
from tests.unit.transform.builders import a_frame

from fs_integration.errors import NotFound
from fs_integration.spec.mapping import Condition

PACKAGE = Path(__file__).resolve().parents[2] / "plugins" / "fs_integration"
FILTERS = (
    "' or 1 eq 1 or msdyn_name eq '", "') or ('1' eq '1", "''", "'", "x' or startswith(msdyn_name,'", "null", "true",
    "%27 or 1", "%2527", "&$filter=true", "?$top=1", "#", "a/b", "/../../x", ";", "@p0", "{[x]}", '"', "\\", "a\nb",
    "\r\n\r\nGET /", "\t", "+", "%", "%00", "/*x*/", "--", "(1)", ",", "=", "é", "e\u0301", "ß", "İ", "\u2028", "😀",
    "1e5", "2026-11-20T00:00:00Z",
)  # fmt: skip
WITHOUT_STAR = st.characters(
    codec="utf-8", exclude_characters="*\x00"
)  # Finance & Operations takes a star for any text
LOOK_ALIKES = [text for text in (*FILTERS, *HOSTILE) if not {"*", "\x00", "\ud800"} & {*text}]
TEXTS = st.text(WITHOUT_STAR, max_size=12) | st.sampled_from(LOOK_ALIKES)
FEW = settings(TRIED, max_examples=30)
SIDES = {  # system, table, column of the text, column that tells rows apart, a row besides
    "dataverse": ("msdyn_warehouses", "msdyn_name", "msdyn_warehouseid", {"statecode": 0}),
    "finops": ("Warehouses", "WarehouseName", "WarehouseId", {"dataAreaId": "usmf"}),
}


@pytest.mark.fault("X6")
@pytest.mark.parametrize("system", SIDES)
def test_the_row_asked_for_is_the_row_found(system, sites, outcome):
    site = sites.make("warehouses")
    table, column, identity, row = SIDES[system]
    client = site.pipeline.clients.dataverse if system == "dataverse" else site.pipeline.clients.finance_operations

    def found(rows):
        return sorted(rows[identity].tolist())

    @FEW
    @given(st.lists(TEXTS, min_size=2, max_size=6))
    def try_values(texts):
        # A number before it and a point behind it make texts differ that the services take for equal.
        values = {identity_of(system, number): f"{number}{text}." for number, text in enumerate(texts)}
        site.landscape.replace(system, table, [{**row, identity: one, column: value} for one, value in values.items()])
        for one, value in values.items():
            asked = Condition(field=column, **{"is": value})
            assert [name for page in client.read(table, columns=[identity], where=[asked]) for name in found(page)] == [
                one
            ]
        asked = Condition(field=column, **{"in": list(values.values())[1:]})
        assert sum(len(page) for page in client.read(table, columns=[identity], where=[asked])) == len(values) - 1
        rows = a_frame(**{column: list(values.values())[1:]})
        assert found(client.read_keys(table, columns=[column, identity], key=[column], rows=rows)) == sorted(values)[1:]

    try_values()
    outcome("OK")


def identity_of(system: str, number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}" if system == "dataverse" else f"W{number}"


@pytest.mark.fault("X6")
@pytest.mark.parametrize("name", [text for text in FILTERS if text != "null"])
def test_a_table_whose_name_is_a_filter_or_a_path_is_unknown(name, sites, outcome):
    clients = sites.make("warehouses").pipeline.clients
    for ask in (clients.dataverse.table, clients.finance_operations.entity_metadata):
        with pytest.raises(NotFound):
            ask(f"msdyn_warehouses{name}")
    outcome("OK")


@pytest.mark.fault("X6")
def test_texts_become_parts_of_a_filter_in_one_place(outcome):
    """What the two tests above prove holds for every question only as long as nobody writes constants elsewhere."""
    files = {str(file.relative_to(PACKAGE)): file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")}
    assert [name for name, text in files.items() if """"'", "''\"""" in text] == ["clients/filters.py"]
    assert [name for name, text in files.items() if "$filter" in text.replace("``$filter``", "")] == []
    outcome("OK")
