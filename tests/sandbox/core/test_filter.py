"""Filters: what they parse to, what they mean, and what is no filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.odata.filter import And, Call, Comparison, Field, FilterSyntaxError, In, Literal, Not, Operand, Or, parse
from sandbox.odata.predicate import Getter, compile_filter, getter, matches_wildcards, same, text_function

NO_YES = "Microsoft.Dynamics.DataEntities.NoYes"
GUID = "5e3f1c2a-0000-4000-8000-00000000abcd"


def text(value: str) -> Literal:
    return Literal("string", value)


A, B, C = (Comparison("eq", Field((name,)), Literal("number", 1)) for name in "abc")
TREES = {
    "and binds closer than or": ("a eq 1 or b eq 1 and c eq 1", Or((A, And((B, C))))),
    "parentheses change that": ("(a eq 1 or b eq 1) and c eq 1", And((Or((A, B)), C))),
    "not binds closest": ("not a eq 1 and b eq 1", And((Not(A), B))),
    "not takes parentheses": ("not (a eq 1 and b eq 1)", Not(And((A, B)))),
    "a path crosses navigations": ("x/y eq 'z'", Comparison("eq", Field(("x", "y")), text("z"))),
    "in lists constants": ("a in ('x','y')", In(Field(("a",)), (text("x"), text("y")))),
    "a doubled quote is one": ("a eq 'O''Brien'", Comparison("eq", Field(("a",)), text("O'Brien"))),
    "an enum is qualified": (f"a ne {NO_YES}'Yes'", Comparison("ne", Field(("a",)), Literal("enum", "Yes", NO_YES))),
    "a guid is unquoted": (f"a eq {GUID}", Comparison("eq", Field(("a",)), Literal("guid", GUID))),
    "a negative fraction is exact": (
        "a le -1.50",
        Comparison("le", Field(("a",)), Literal("number", Decimal("-1.50"))),
    ),
    "a time stamp": (
        "a ge 2026-01-02T03:04:05.678Z",
        Comparison("ge", Field(("a",)), Literal("datetime", "2026-01-02T03:04:05.678Z")),
    ),
    "a date": ("a lt 2026-01-02", Comparison("lt", Field(("a",)), Literal("date", "2026-01-02"))),
    "columns compare with columns": ("a gt b", Comparison("gt", Field(("a",)), Field(("b",)))),
    "a function": ("contains(a,'x')", Call("contains", (Field(("a",)), text("x")))),
    "a function with named arguments": (
        "Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=[\"x\",'y'])",
        Call("Microsoft.Dynamics.CRM.In", named={"PropertyName": text("a"), "PropertyValues": (text("x"), text("y"))}),
    ),
}


@pytest.mark.parametrize("fact", TREES)
def test_tree(fact: str) -> None:
    source, tree = TREES[fact]
    assert parse(source) == tree


def test_aliases_stand_for_constants_and_arrays() -> None:
    named = parse("X.In(PropertyName=@p,PropertyValues=@v)", {"@p": "'a'", "@v": '["O\'Brian"]'})
    assert named == Call("X.In", named={"PropertyName": text("a"), "PropertyValues": (text("O'Brian"),)})
    assert parse("a eq @p", {"@p": "1"}) == A


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("", 0),
        ("a", 1),
        ("a eq", 4),
        ("a eq 'x", 5),
        ("a eq 1 b eq 2", 7),
        ("(a eq 1", 7),
        ("a eq 1)", 6),
        ("a add 1 eq 2", 2),
        ("a has 'x'", 2),
        ("a in 'x'", 5),
        ("a eq {x}", 5),
        ("x/any(o:o/y eq 1)", 7),
    ],
)
def test_what_is_no_filter_is_refused_with_its_position(source: str, position: int) -> None:
    with pytest.raises(FilterSyntaxError, match=f"position {position} "):
        parse(source)


def test_an_alias_that_the_query_lacks_is_refused() -> None:
    with pytest.raises(FilterSyntaxError, match="'@p' is not in the query"):
        parse("a eq @p")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_every_text_survives_quoting(value: str) -> None:
    quoted = value.replace("'", "''")
    assert parse(f"a eq '{quoted}'") == Comparison("eq", Field(("a",)), text(value))


class Plain:
    """Columns by their own name, constants as they are."""

    def __init__(self, equals: Callable[[Any], Callable[[Any], bool]] = same) -> None:
        self.equals = equals

    def field(self, path: tuple[str, ...]) -> Getter:
        return lambda row: row.get(path[0])

    def constant(self, literal: Literal, compared_with: Operand | None, operator: str) -> Any:
        return literal.value

    def call(self, call: Call) -> Getter:
        value, part = (getter(argument, self) for argument in call.arguments)
        return text_function(call.name, value, part)


ROW: Mapping[str, Any] = {"n": 5, "d": Decimal("1.5"), "s": "Hammer", "b": True, "e": None, "m": 7}
TRUE = [
    "n eq 5", "n ne 4", "n gt 4", "n ge 5", "n lt 6", "n le 5", "4 lt n", "d eq 1.50", "b eq true", "n lt m", "m ne n",
    "s eq 'HAMMER'", "s ne 'Nail'", "s in ('nail','hammer')", "n in (1,5)", "e eq null", "s ne null", "e ne 'x'",
    "contains(s,'MM')", "startswith(s,'ham')", "endswith(s,'ER')", "not contains(e,'x')", "contains(s,'mm') eq true",
    "n eq 1 or s eq 'hammer'", "n eq 5 and not (s eq 'nail')", "s gt 'Hamlet'",
]  # fmt: skip
FALSE = ["n eq 4", "e gt 1", "e lt 1", "e le null", "n eq null", "e eq 5", "s eq 'Ham*'", "n in (1,2)", "e lt m"]


@pytest.mark.parametrize("source", TRUE)
def test_condition_holds(source: str) -> None:
    assert compile_filter(parse(source), Plain())(ROW) is True


@pytest.mark.parametrize("source", FALSE)
def test_condition_does_not_hold(source: str) -> None:
    assert compile_filter(parse(source), Plain())(ROW) is False


@pytest.mark.parametrize(
    ("pattern", "holds"), [("ham*", True), ("*MER", True), ("*mm*", True), ("h*r", True), ("ham", False), ("x*", False)]
)
def test_an_asterisk_stands_for_any_text_where_the_system_says_so(pattern: str, holds: bool) -> None:
    assert compile_filter(parse(f"s eq '{pattern}'"), Plain(matches_wildcards))(ROW) is holds
