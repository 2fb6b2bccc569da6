"""Patterns of quality rules: only such that are matched in one pass, however long the value is.

Look-around and references to groups make a matcher try again and again, which may take for ever on one hostile value.
Both matchers we use (RE2, by Arrow) do without; a pattern that asks for them would silently be given to another one.
"""

from __future__ import annotations

import re

LONGEST_PATTERN = 500  # characters
_PARTS = re.compile(
    r"(?P<again>\\[1-9]|\(\?(?:[=!>(]|<[=!]|P=)|[*+?}]\+)"  # group again, look-around, atomic, conditional, possessive
    r"|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]",  # an escaped character and a set of characters mean themselves
    re.DOTALL,
)


def matched_again(pattern: str) -> str:
    """Return the first part of a pattern that cannot be matched in one pass; empty text when there is none."""
    return next((found["again"] for found in _PARTS.finditer(pattern) if found["again"]), "")


def fault_of(pattern: str) -> str:
    """Return why the matcher cannot use a pattern; empty text when it can. Not for the parse of DAGs: loads Arrow."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex("", pattern=pattern)
    except pa.ArrowInvalid as exc:
        return str(exc).removeprefix("Invalid regular expression: ")
    return ""
