"""Keys in URL segments."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.odata.keys import parse_segment
from sandbox.odata.literals import Literal

GUID = "00000000-0000-4000-8000-00000000ABCD"
NO_YES = "Microsoft.Dynamics.DataEntities.NoYes"
SEGMENTS = {
    "a collection has no key": ("Warehouses", "Warehouses", None),
    "a primary key is unnamed, in lower case": (f"accounts({GUID})", "accounts", {None: Literal("guid", GUID.lower())}),
    "an alternate key has names": (
        "Warehouses(dataAreaId='usmf',WarehouseId='11')",
        "Warehouses",
        {"dataAreaId": Literal("string", "usmf"), "WarehouseId": Literal("string", "11")},
    ),
    "a slash in a value is escaped": ("W(Id='A%2F1')", "W", {"Id": Literal("string", "A/1")}),
    "a quote in a value is doubled": ("W(Id='O''Brien')", "W", {"Id": Literal("string", "O'Brien")}),
    "comma and parentheses may be in a value": ("W(Id='a,b(c)=d')", "W", {"Id": Literal("string", "a,b(c)=d")}),
    "an empty text is a value": ("W(Id='')", "W", {"Id": Literal("string", "")}),
    "blanks around parts do not matter": ("W(A=1, B=2)", "W", {"A": Literal("number", 1), "B": Literal("number", 2)}),
    "a fraction is exact": ("L(N=1.10)", "L", {"N": Literal("number", Decimal("1.10"))}),
    "a date is unquoted": ("P(D=2026-01-31)", "P", {"D": Literal("date", "2026-01-31")}),
    "a time stamp is unquoted": (
        "P(D=2026-01-31T12:00:00Z)",
        "P",
        {"D": Literal("datetime", "2026-01-31T12:00:00Z")},
    ),
    "an enum member is qualified": (f"P(E={NO_YES}'Yes')", "P", {"E": Literal("enum", "Yes", NO_YES)}),
    "a lookup column may be part": (f"t(_x_value={GUID})", "t", {"_x_value": Literal("guid", GUID.lower())}),
    "a boolean is a word": ("t(a=true)", "t", {"a": Literal("boolean", True)}),
}


@pytest.mark.parametrize("fact", SEGMENTS)
def test_segment(fact: str) -> None:
    segment, name, key = SEGMENTS[fact]
    assert parse_segment(segment) == (name, key)


@pytest.mark.parametrize(
    "segment",
    [
        "W()",
        "W(Id='a'",
        "W(Id='a')x",
        "W(Id=)",
        "W(Id='a',)",
        "W(Id='a',Id='b')",
        "W('a','b')",
        "W(Id='a' B='b')",
        "W(Id=name)",
        "W(Id='a)",
        "W(D=2026-02-30)",
        "('a')",
    ],
)
def test_a_malformed_key_is_a_value_error(segment: str) -> None:
    with pytest.raises(ValueError, match=r"malformed|twice|neither|Syntax error|no date"):
        parse_segment(segment)
