"""X4: nothing in a mapping is a program. It is refused at its line in bounded time, or it is a text like any other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reliability.hostile import PROGRAMS, TEXTS, TRIED, in_bounded_time, mappings
from tests.unit.spec.conftest import SOUND
from tests.unit.transform.builders import a_frame

from fs_integration.clients.filters import dataverse_filter, finance_operations_filter
from fs_integration.commands.mappings import problems_of_file
from fs_integration.errors import MappingError
from fs_integration.quality.checkpoint import run_checks
from fs_integration.quality.suite import Check, Suite
from fs_integration.spec.loader import problems_in
from fs_integration.spec.mapping import Condition
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.transform.values import constant, convert

__all__ = ["mappings"]

FIELD = "{from: ProductNumber, to: productnumber}"
RULE = "{stage: raw, expect: not_null, field: ProductNumber}"
PATTERN = "{{stage: raw, expect: matches, field: ProductNumber, pattern: {}}}"
BROKEN = {  # what is replaced in a sound mapping, by what, and what is said of it
    "function that is none of ours": (FIELD, "{fn: eval, args: [ProductNumber], to: productnumber}", "eval"),
    "import as function": (FIELD, "{fn: __import__, args: [os], to: productnumber}", "__import__"),
    "attributes as function": (FIELD, '{fn: "first_given.__globals__", to: productnumber}', "__globals__"),
    "attributes as column": (FIELD, '{from: "ProductNumber.__class__.__mro__", to: productnumber}', "__class__"),
    "attributes as target": (FIELD, '{from: ProductNumber, to: "__class__"}', "__class__"),
    "expression as word": (FIELD, '{expr: "9**9**9", to: productnumber}', "expr"),
    "expression as rounding": ("round: 4", 'round: "4**99"', "valid integer"),
    "decimals without end": ("round: 4", "round: 999999999", "less than or equal"),
    "range without end": ("max: 5}", f"max: {'9' * 39}}}", "less than or equal"),
    "length without end": ("max_length: 100", f"max_length: {'9' * 39}", "less than or equal"),
    "pattern that looks ahead": (RULE, PATTERN.format("'^(?=(a+)+$)a'"), "(?="),
    "pattern that looks back": (RULE, PATTERN.format("'(?<!a)b'"), "(?<!"),
    "pattern of a group again": (RULE, PATTERN.format("'^(a+)+\\1$'"), "\\1"),
    "pattern of a named group again": (RULE, PATTERN.format("'(?P<x>a+)(?P=x)'"), "(?P="),
    "pattern that repeats without end": (RULE, PATTERN.format("'((a{1000}){1000}){1000}'"), "regular expression"),
    "pattern without end": (RULE, PATTERN.format(f"'{'(a*)*' * 200}'"), "500 characters"),
    "conditions inside one another": ("keep:\n", f"where: [{'{any_of: [' * 60}\n      keep:\n", "inside one another"),
}


@pytest.mark.fault("X4")
@pytest.mark.parametrize("case", BROKEN)
def test_a_program_is_refused_at_its_line(case, mappings, outcome):
    old, new, said = BROKEN[case]
    assert old in SOUND
    file = mappings / "standard" / "parts.yaml"
    file.write_text(SOUND.replace(old, new, 1), encoding="utf-8")
    with in_bounded_time():
        faults = [fault for fault, serious in problems_of_file(file, lambda *_: TABLE) if serious]
    line = 1 + SOUND[: SOUND.index(old)].count("\n")
    found = [fault for fault in faults if said in str(fault)]
    assert found, faults
    assert {fault.file for fault in found} == {str(file)}
    assert line in {fault.line for fault in found}
    outcome("STOP")


NAMES = ("ProductNumber", "ProductName", "ProductType", "CurrencyCode", "SalesUnitSymbol", "SalesUnitDecimalPrecision",
         "SalesPrice", "IsStockedProduct", "dataAreaId", "productnumber", "name", "producttypecode", "price",
         "transactioncurrencyid", "isocurrencycode", "defaultuomscheduleid", "defaultuomid", "uomscheduleid", "uomid",
         "quantitydecimal", "productstructure")  # fmt: skip
TABLE = EntityMetadata(
    system="dataverse", name="products", logical_name="product",
    columns={name: Column(name=name, kind=ColumnKind.TEXT) for name in NAMES},
)  # fmt: skip
PLACES = ("title: Parts\n", "{Item: 1,", "is: \"Yes\"", "value: default unit", "Only stocked ones.", "to: name,",
          "from: ProductName,", "field: ProductNumber}", "value_map: kind}", "entity: uoms\n")  # fmt: skip


@pytest.mark.fault("X4")
def test_any_text_anywhere_in_a_mapping_is_refused_or_stays_the_text_it_is(mappings, outcome):
    file, kept = mappings / "standard" / "parts.yaml", []

    @TRIED
    @given(st.sampled_from(PLACES), TEXTS)
    def try_text(place, text):
        assert place in SOUND
        word, _, rest = place.partition(":")
        end = rest[-1:] if rest[-1:] in ",}\n" else ""
        hostile = f"{word}: {json.dumps(text)}{end}"
        file.write_text(SOUND.replace(place, hostile if rest else json.dumps(text), 1), encoding="utf-8")
        with in_bounded_time():
            _, built, faults = problems_in(file)
        assert faults or json.dumps(text)[1:-1] in json.dumps(built.model_dump(mode="json"))
        kept.append(not faults)
        assert all(fault.file == str(file) and fault.line for fault in faults)

    try_text()
    assert 10 < sum(kept) < len(kept)
    outcome("STOP")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_constant_that_looks_like_a_program_arrives_as_its_text(program):
    assert convert(constant(program, 2), ColumnKind.TEXT).values.to_pylist() == [program, program]


@pytest.mark.parametrize("kind", [ColumnKind.DECIMAL, ColumnKind.INTEGER, ColumnKind.OPTION])
@pytest.mark.parametrize("number", ["1e999999999", "-1e-999999999", "NaN", "Infinity"])
@pytest.mark.parametrize("filter_of", [dataverse_filter, finance_operations_filter])
def test_a_number_of_a_thousand_million_digits_is_never_written_out(number, kind, filter_of):
    table = EntityMetadata(system="dataverse", name="t", logical_name="t", columns={"n": Column(name="n", kind=kind)})
    with in_bounded_time(), pytest.raises(MappingError, match="does not fit"):
        filter_of([Condition(field="n", **{"is": number})], table)


def test_a_pattern_is_matched_in_one_pass_whatever_the_value(tmp_path):
    """Matching that goes back and tries again would take 2 to the power of 30 steps here."""
    check = Check("matches", ("k",), "matches", "Only letters a.", pattern="^(a+)+$")
    with in_bounded_time():
        checked = run_checks(
            a_frame(k=["a" * 30 + "b", "aaa", None]), Suite(("k",), ("k",), (check,)), name="m.t.usmf.00000.raw",
            run_name="run1", docs_root=tmp_path,
        )  # fmt: skip
    assert checked.refused.tolist() == [True, False, False]
