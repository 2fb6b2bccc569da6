"""Split the text of a $filter or a key into tokens."""

from __future__ import annotations

import re
from typing import NamedTuple


class FilterSyntaxError(ValueError):
    """Text that is no OData expression; the message names the place."""


class Token(NamedTuple):
    """One piece of an expression.

    :param kind: string, json, enum, guid, datetime, date, number, name, mark or end.
    :param position: index of its first character.
    """

    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"""
      (?P<blank>\s+)
    | (?P<enum>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+'(?:[^']|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<json>"(?:[^"\\]|\\.)*")
    | (?P<guid>[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![\w-]))
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?(?!\w))
    | (?P<date>\d{4}-\d\d-\d\d(?![\w-]))
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[@$]?[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*)
    | (?P<mark>[(),=:\[\]])
    """,
    re.VERBOSE,
)


def tokenize(text: str) -> list[Token]:
    """List the tokens of an expression, closed by one of kind `end`.

    :raises FilterSyntaxError: a character or an unfinished text literal that starts no token.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterSyntaxError(f"Syntax error at position {position} in '{text}'.")
        if match.lastgroup != "blank":
            tokens.append(Token(str(match.lastgroup), match[0], position))
        position = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens
