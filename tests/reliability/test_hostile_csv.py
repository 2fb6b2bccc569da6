"""X9: no cell of a file that people open in a spreadsheet is a formula there, and none has lost what it said."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fs_integration.commands.people_csv import harmless, people_csv

FORMULA = ("=", "+", "-", "@", "\t", "\r")
HOSTILE = st.builds(str.__add__, st.sampled_from(FORMULA), st.text(max_size=20))
TEXT = st.text(st.characters(codec="utf-8"), max_size=20) | HOSTILE
NUMBERS = st.integers() | st.floats(allow_nan=False)
TRIED = settings(max_examples=200, deadline=None, database=None, derandomize=True)


@pytest.mark.fault("X9")
def test_no_text_becomes_a_formula_numbers_stay_numbers_and_nothing_is_lost(outcome):
    @TRIED
    @given(st.lists(st.tuples(TEXT, NUMBERS, st.none()), max_size=5))
    def try_table(rows):
        read = list(csv.reader(io.StringIO(people_csv(("=head", "number", "none"), rows), newline="")))
        assert read[0] == ["'=head", "number", "none"]
        for (text, number, _), cells in zip(rows, read[1:], strict=True):
            assert not cells[0].startswith(FORMULA)
            assert cells[0] == (f"'{text}" if text.startswith(FORMULA) else text)
            assert type(number)(cells[1]) == number
            assert cells[2] == ""

    try_table()
    outcome("OK")


def test_text_that_looks_like_a_number_is_text_and_a_moment_is_a_moment():
    assert harmless("-5") == "'-5"
    assert harmless(-5) == "-5"
    assert harmless(datetime(2026, 11, 20, 8, tzinfo=UTC)) == "2026-11-20T08:00:00+00:00"
