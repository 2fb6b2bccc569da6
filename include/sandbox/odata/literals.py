"""Constants of OData expressions: how they are written and what they mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.odata.lexer import FilterSyntaxError, Token

_WORDS: dict[str, tuple[str, Any]] = {"true": ("boolean", True), "false": ("boolean", False), "null": ("null", None)}


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant.

    :param kind: string, guid, date, datetime, number, boolean, null or enum.
    :param value: text of a string, guid (lower case), date or datetime (ISO 8601 as written); int or Decimal of a
        number; bool; None; member name of an enum.
    :param type_name: qualified enum type, for example `Microsoft.Dynamics.DataEntities.NoYes`; empty otherwise.
    """

    kind: str
    value: Any
    type_name: str = ""


def read_literal(token: Token) -> Literal | None:
    """Give the constant that a token writes, None when it writes something else.

    :raises FilterSyntaxError: a date that the calendar does not have.
    """
    if token.kind == "name":
        word = _WORDS.get(token.text)
        return Literal(*word) if word else None
    if token.kind == "string":
        return Literal("string", _unquote(token.text))
    if token.kind == "json":
        return Literal("string", json.loads(token.text))
    if token.kind == "number":
        whole = token.text.lstrip("-").isdigit()
        return Literal("number", int(token.text) if whole else Decimal(token.text))
    if token.kind == "guid":
        return Literal("guid", token.text.lower())
    if token.kind == "enum":
        type_name, _, member = token.text.partition("'")
        return Literal("enum", _unquote("'" + member), type_name)
    return _moment(token) if token.kind in ("date", "datetime") else None


def _unquote(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _moment(token: Token) -> Literal:
    reader = date if token.kind == "date" else datetime
    try:
        reader.fromisoformat(token.text)
    except ValueError as error:
        raise FilterSyntaxError(f"'{token.text}' at position {token.position} is no date.") from error
    return Literal(token.kind, token.text)
