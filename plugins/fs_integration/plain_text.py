"""Text that people read in a log, a terminal or a message: nothing in it may act on what shows it.

A line break would begin a line that nobody wrote, an escape sequence would colour or erase what stands there, and a
mark of direction would show a text in another order (docs/reliability.md, "Hostile input").
"""

from __future__ import annotations

import re

_MARKS = r"\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"  # line and paragraph separators, marks of direction
_ACTING = re.compile(rf"[\x00-\x1f\x7f-\x9f{_MARKS}\ud800-\udfff]")
_LAYOUT = "\t\n"  # what a text of several lines is made of


def one_line(text: str) -> str:
    """Return text with every acting character as its escape, for example ``\\n`` or ``\\x1b``."""
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def acting_character(text: str) -> str:
    """Return the first acting character other than tab and line feed as its escape; empty text when there is none."""
    found = next((mark for mark in _ACTING.findall(text) if mark not in _LAYOUT), "")
    return one_line(found)
