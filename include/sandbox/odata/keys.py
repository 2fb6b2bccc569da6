"""Read the key in a URL segment: `Warehouses(dataAreaId='usmf',WarehouseId='11')`."""

from __future__ import annotations

from urllib.parse import unquote

from sandbox.odata.lexer import Token, tokenize
from sandbox.odata.literals import Literal, read_literal

KeyPredicate = dict[str | None, Literal]
"""Constants by column name; a single unnamed constant (the primary key) has the name None."""


def parse_segment(segment: str) -> tuple[str, KeyPredicate | None]:
    """Split a path segment, still percent-encoded, into its name and its key.

    :return: name, and the key or None when the segment has no parentheses.
    :raises ValueError: parentheses, constants or separators that make no key.
    """
    text = unquote(segment)
    name, opening, inner = text.partition("(")
    if not opening:
        return name, None
    if not name or not inner.endswith(")"):
        raise ValueError(f"'{text}' is neither a name nor a name with a key in parentheses.")
    tokens = tokenize(inner[:-1])
    single = read_literal(tokens[0])
    if single is not None and len(tokens) == 2:
        return name, {None: single}
    return name, _named(tokens, text)


def _named(tokens: list[Token], text: str) -> KeyPredicate:
    """Read `name=constant` pairs; the tokens come in groups of four, closed by a comma or the end."""
    key: KeyPredicate = {}
    if len(tokens) % 4:
        raise ValueError(f"'{text}' has a malformed key.")
    for start in range(0, len(tokens), 4):
        column, equals, constant, closing = tokens[start : start + 4]
        literal = read_literal(constant)
        if column.kind != "name" or equals.text != "=" or literal is None or closing.text not in (",", ""):
            raise ValueError(f"'{text}' has a malformed key at '{column.text}'.")
        if column.text in key:
            raise ValueError(f"'{text}' names the key column '{column.text}' twice.")
        key[column.text] = literal
    if tokens[-1].kind != "end":
        raise ValueError(f"'{text}' has a malformed key.")
    return key
