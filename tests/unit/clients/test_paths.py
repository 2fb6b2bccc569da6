"""Paths over lookups: what they are on the wire, what is known about them, how they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from fs_integration.clients.selection import lookups_on, select_and_expand
from fs_integration.errors import MappingError
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.spec.paths import wire_name, with_paths

K = ColumnKind
Leading = tuple[str, str, str]  # lookup column, navigation name, table


def table(name: str, *columns: Column, lookups: tuple[Leading, ...] = (), more: dict[str, Column] | None = None) -> Any:
    bound = [Column(name=n, kind=K.LOOKUP, navigation=way, target_table=to) for n, way, to in lookups]
    named = {column.name: column for column in [*columns, *bound]} | (more or {})
    return EntityMetadata(system="dataverse", name=name, logical_name=name, columns=named)


def to(navigation: str, target: str) -> Column:
    return Column(name="customerid", kind=K.LOOKUP, navigation=navigation, target_table=target)


TABLES = {
    "lines": table("lines", Column(name="quantity", kind=K.DECIMAL), lookups=(("order", "Order_Nav", "orders"),)),
    "orders": table(
        "orders",
        Column(name="status", kind=K.OPTION, options=("1", "2")),
        lookups=(("customerid", "customerid_account", "accounts"),),
        more={"customerid_account": to("customerid_account", "accounts"), "customerid_lead": to("l", "leads")},
    ),
    "accounts": table(
        "accounts", Column(name="accountnumber", kind=K.TEXT, max_length=20, required=True),
        lookups=(("owningbusinessunit", "owningbusinessunit", "units"),),
    ),
}  # fmt: skip


def resolved(path: str) -> Column:
    return with_paths(TABLES["lines"], [path], TABLES.__getitem__).columns[path]


@pytest.mark.parametrize(
    ("path", "wire", "kind"),
    [
        pytest.param("order.status", "Order_Nav/status", K.OPTION, id="the navigation name, not the column's"),
        pytest.param("order.customerid", "Order_Nav/_customerid_value", K.LOOKUP, id="a lookup at the end is an id"),
        pytest.param(
            "order.customerid_account.accountnumber", "Order_Nav/customerid_account/accountnumber", K.TEXT,
            id="two hops",
        ),
        pytest.param(
            "order.customerid_account.owningbusinessunit", "Order_Nav/customerid_account/_owningbusinessunit_value",
            K.LOOKUP, id="two hops to an id",
        ),
        pytest.param(
            "order.customerid_account", "Order_Nav/_customerid_value", K.LOOKUP, id="a navigation name is an id too"
        ),
    ],
)  # fmt: skip
def test_a_path_is_a_column(path: str, wire: str, kind: ColumnKind) -> None:
    column = resolved(path)
    assert (column.name, wire_name(column), column.kind) == (wire, wire, kind)


def test_what_is_known_of_the_last_column_is_known_of_the_path() -> None:
    assert resolved("order.status").options == ("1", "2")
    number = resolved("order.customerid_account.accountnumber")
    assert (number.max_length, number.required, number.can_create, number.can_update) == (20, False, False, False)


def test_a_table_without_paths_stays_as_it_is() -> None:
    assert with_paths(TABLES["lines"], ["quantity", "unknown"], TABLES.__getitem__) is TABLES["lines"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("odrer.status", "`lines` .* no column `odrer`. Did you mean `order`", id="first part"),
        pytest.param("order.stats", "`orders` .* no column `stats`. Did you mean `status`", id="last part"),
        pytest.param("quantity.status", "goes over `quantity`, .* is decimal", id="over a number"),
        pytest.param(
            "order.customerid.accountnumber", "Name the one .* `customerid_account` or `customerid_lead`",
            id="over a lookup with several tables",
        ),
    ],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_explained(path: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        resolved(path)


def test_one_expansion_holds_all_columns_of_a_row() -> None:
    select, expand = select_and_expand(["a", "b/c", "b/d/e", "f/g", "b/h", "a"])
    assert (select, expand) == ("a", "b($select=c,h;$expand=d($select=e)),f($select=g)")


def test_every_lookup_on_the_way_is_read() -> None:
    assert lookups_on(["a", "b.c", "b.d.e"]) == ["b", "b.d"]
