"""Rows become JSON that says exactly what the frame says."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fs_integration.clients.payload import derived_ids, id_member, json_rows, key_reference, not_addressable
from fs_integration.errors import MappingError
from fs_integration.frames import frame_of
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

K = ColumnKind
GUID = "4624eff7-0000-4000-8000-00000000000a"
COLUMNS = {
    "text": Column(name="text", kind=K.TEXT),
    "other": Column(name="other", kind=K.TEXT),
    "number": Column(name="number", kind=K.DECIMAL),
    "whole": Column(name="whole", kind=K.INTEGER),
    "option": Column(name="option", kind=K.OPTION),
    "flag": Column(name="flag", kind=K.BOOLEAN),
    "day": Column(name="day", kind=K.DATE),
    "moment": Column(name="moment", kind=K.DATETIME),
    "product": Column(name="product", kind=K.LOOKUP, navigation="Product_Nav", target_table="products"),
    "loose": Column(name="loose", kind=K.LOOKUP),
}
TABLE = EntityMetadata(system="dataverse", name="rows", logical_name="row", primary_id="rowid", columns=COLUMNS)


def rows(**columns: list[Any]) -> pd.DataFrame:
    return frame_of(columns, {name: COLUMNS[name].kind for name in columns})


def sent(**columns: list[Any]) -> list[dict[str, Any]]:
    texts = json_rows(rows(**columns), TABLE, list(columns))
    return [json.loads(text, parse_float=Decimal) for text in texts]


@pytest.mark.parametrize(
    ("name", "value", "member", "expected"),
    [
        pytest.param("text", 'a"b\\c\n\u0001ä', "text", 'a"b\\c\n\u0001ä', id="text with everything in it"),
        pytest.param("text", "", "text", "", id="empty text is not null"),
        pytest.param("number", Decimal("-12.3400000000"), "number", Decimal("-12.34"), id="exact number"),
        pytest.param("number", Decimal("0E-10"), "number", 0, id="zero"),
        pytest.param("number", Decimal("0.0000001"), "number", Decimal("1E-7"), id="very small number"),
        pytest.param("whole", 2**53 + 1, "whole", 2**53 + 1, id="large whole number"),
        pytest.param("option", 690970000, "option", 690970000, id="option"),
        pytest.param("flag", True, "flag", True, id="truth"),
        pytest.param("day", date(2026, 11, 23), "day", "2026-11-23", id="date without time"),
        pytest.param(
            "moment", datetime(2026, 11, 23, 10, 0, 1, tzinfo=UTC), "moment", "2026-11-23T10:00:01Z", id="moment"
        ),
        pytest.param("product", GUID, "Product_Nav@odata.bind", f"/products({GUID})", id="lookup by navigation name"),
        pytest.param("product", None, "Product_Nav@odata.bind", None, id="no lookup"),
        pytest.param("moment", None, "moment", None, id="no moment"),
        pytest.param("number", None, "number", None, id="no number"),
        pytest.param("text", None, "text", None, id="no text"),
    ],
)
def test_a_value_is_sent_as_the_service_wants_it(name: str, value: Any, member: str, expected: Any) -> None:
    assert sent(**{name: [value]}) == [{"@odata.type": "Microsoft.Dynamics.CRM.row", member: expected}]


@given(
    st.lists(
        st.tuples(
            st.none() | st.text(st.characters(codec="utf-8")), st.none() | st.decimals(-(10**12), 10**12, places=10)
        )
    )
)
def test_whatever_is_in_a_frame_comes_out_of_the_json_unchanged(
    values: list[tuple[str | None, Decimal | None]],
) -> None:
    texts, numbers = [text for text, _ in values], [number for _, number in values]
    assert [(row["text"], row["number"]) for row in sent(text=texts, number=numbers)] == values


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="/<>*%&:\\?+#", min_codepoint=32), min_size=1),
        min_size=1,
    )
)
def test_the_address_of_a_row_names_its_key_exactly(values: list[str]) -> None:
    frame = rows(text=values)
    for text, value in zip(json_rows(frame, TABLE, [], [key_reference(frame, TABLE, ["text"])]), values, strict=True):
        reference = json.loads(text)["@odata.id"]
        assert unquote(reference) == "rows(text='" + value.replace("'", "''") + "')"
        assert reference.isascii()


def test_keys_of_several_columns_and_kinds() -> None:
    frame = rows(text=["a b"], whole=[5], moment=[datetime(2026, 1, 2, tzinfo=UTC)], product=[GUID])
    reference = key_reference(frame, TABLE, ["text", "whole", "moment", "product"])[0].as_py()
    assert reference == f'"@odata.id":"rows(text=\'a%20b\',whole=5,moment=2026-01-02T00:00:00Z,_product_value={GUID})"'


@pytest.mark.parametrize("character", [*"/<>*%&:\\?+#", "\n", "\x00"])
def test_a_key_with_a_forbidden_character_cannot_be_an_address(character: str) -> None:
    frame = rows(text=["fine", f"a{character}b", "fine"], other=["x", "y", None])
    assert not_addressable(frame, ["text"]).tolist() == [False, True, False]
    assert not_addressable(frame, ["text", "other"]).tolist() == [False, True, True]


def test_an_empty_key_cannot_be_an_address() -> None:
    assert not_addressable(rows(text=["", None, "x"]), ["text"]).tolist() == [True, True, False]


def test_the_id_of_a_new_row_follows_from_table_and_key() -> None:
    keys = pd.Series(["a", "b"], index=[7, 9])
    ids = derived_ids(keys, TABLE)
    assert ids.tolist() == derived_ids(keys, TABLE).tolist()
    assert ids.index.tolist() == [7, 9]
    assert ids.nunique() == 2
    assert ids.tolist() != derived_ids(keys, TABLE.model_copy(update={"logical_name": "other"})).tolist()
    assert all(uuid.UUID(text).version == 5 for text in ids)
    assert ids.tolist() == ["ea68390e-588e-5cec-9da0-3eb26fc71ef0", "9a0b42c8-2a20-500b-bc3d-d629ff244cc7"]


def test_an_id_is_sent_under_the_name_of_the_primary_key() -> None:
    assert id_member(pd.Series([GUID], dtype="string[pyarrow]"), TABLE)[0].as_py() == f'"rowid":"{GUID}"'


def test_a_lookup_without_navigation_name_is_refused() -> None:
    with pytest.raises(MappingError, match="loose"):
        sent(loose=[GUID])
