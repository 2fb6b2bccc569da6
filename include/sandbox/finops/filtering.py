"""Compile a $filter into a predicate over rows, with exactly the operators that F&O documents.

Refused are `in`, `has`, every function, quoted enumeration members, and any order comparison of enumerations. A star in
an `eq` text is a wildcard.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from re import IGNORECASE
from re import compile as compile_pattern
from typing import Any

from sandbox.finops.errors import bad_request, unknown_property
from sandbox.finops.schema import Entity, Property
from sandbox.finops.store import Row, fold
from sandbox.finops.values import edm_type, utc_text
from sandbox.odata.filter import And, Call, Comparison, Field, In, Node, Not, Or, parse
from sandbox.odata.literals import Literal

Predicate = Callable[[Row], bool]
Convert = Callable[[Any], Any]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
LITERAL_KINDS = {
    "String": "string", "Enum": "enum", "Int32": "number", "Int64": "number", "Real": "number",
    "Date": "datetime", "UtcDateTime": "datetime",
}  # fmt: skip
WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled filter.

    :param predicate: None matches every row.
    :param equal: folded values of text properties that the filter fixes for every matching row.
    """

    predicate: Predicate | None = None
    equal: dict[str, str] = field(default_factory=dict)


def compile_filter(entity: Entity, text: str | None) -> Condition:
    """Compile a $filter.

    :raises FinanceError: 400 for a syntax error, an unknown property, or what F&O does not support.
    """
    if text is None or not text.strip():
        return Condition()
    try:
        node = parse(text)
    except ValueError as error:
        raise bad_request(str(error)) from error
    return Condition(_compile(entity, node), dict(_fixed_values(node)))


def _compile(entity: Entity, node: Node) -> Predicate:
    if isinstance(node, Comparison):
        return _comparison(entity, node)
    if isinstance(node, Not):
        inner = _compile(entity, node.condition)
        return lambda row: not inner(row)
    if isinstance(node, (And, Or)):
        parts = [_compile(entity, condition) for condition in node.conditions]
        combine = all if isinstance(node, And) else any
        return lambda row: combine(part(row) for part in parts)
    if isinstance(node, In):
        raise bad_request("The operator 'in' is not supported in $filter.")
    name = node.name if isinstance(node, Call) else str(node)
    raise bad_request(f"An unknown function with name '{name}' was found. Use a wildcard: Name eq '*text*'.")


def _comparison(entity: Entity, node: Comparison) -> Predicate:
    if not isinstance(node.left, Field) or not isinstance(node.right, Literal):
        raise bad_request("A comparison in $filter needs a property on the left and a constant on the right.")
    item = find_property(entity, "/".join(node.left.path))
    literal = _checked(item, node)
    if literal.kind == "null":
        return _always if node.operator == "ne" else _never
    name, compare = item.name, _OPERATORS[node.operator]
    if item.kind == "String" and WILDCARD in literal.value and node.operator in ("eq", "ne"):
        return _wildcard(name, literal.value, positive=node.operator == "eq")
    convert = _converter(item)
    expected = convert(utc_text(literal.value) if literal.kind == "datetime" else literal.value)
    return lambda row: compare(convert(row[name]), expected)


def _checked(item: Property, node: Comparison) -> Literal:
    """Give the constant of a comparison when its type fits the property."""
    literal = node.right
    if not isinstance(literal, Literal):
        raise bad_request("A comparison in $filter needs a constant on the right.")
    if literal.kind == "null":
        return literal
    fits = literal.kind == LITERAL_KINDS[item.kind]
    if item.enum is not None and fits:
        fits = literal.type_name == item.enum.qualified and literal.value in item.enum.members
    if not fits:
        given = literal.type_name or f"Edm.{literal.kind.capitalize()}"
        raise bad_request(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{edm_type(item)}' and '{given}' for the operator '{node.operator}' (value '{literal.value}')."
        )
    if item.enum is not None and node.operator not in ("eq", "ne"):
        raise bad_request(f"The operator '{node.operator}' does not apply to the enumeration '{item.enum.qualified}'.")
    return literal


def _converter(item: Property) -> Convert:
    """Give what brings stored values and constants into one comparable form."""
    if item.kind == "String":
        return fold
    return float if item.kind == "Real" else _same


def _always(_row: Row) -> bool:
    """F&O stores no null, hence everything differs from it."""
    return True


def _never(_row: Row) -> bool:
    return False


def _same(value: Any) -> Any:
    return value


def _wildcard(name: str, text: str, *, positive: bool) -> Predicate:
    """Match a text with stars; every other character, also ? and [, stands for itself."""
    escaped = "".join(f"[{character}]" if character in "?[" else character for character in text)
    matches = compile_pattern(translate(escaped), IGNORECASE).match
    return lambda row: (matches(row[name]) is not None) is positive


def find_property(entity: Entity, name: str) -> Property:
    """Find a property by its exact name.

    :raises FinanceError: 400 when there is none.
    """
    item = entity.properties.get(name)
    if item is None:
        raise unknown_property(entity, name)
    return item


def _fixed_values(node: Node) -> Iterator[tuple[str, str]]:
    """List what every matching row has in common: text equalities joined by `and`."""
    for condition in node.conditions if isinstance(node, And) else (node,):
        if isinstance(condition, Comparison) and condition.operator == "eq" and isinstance(condition.left, Field):
            name, right = condition.left.path[-1], condition.right
            if isinstance(right, Literal) and right.kind == "string" and WILDCARD not in right.value:
                yield name, fold(right.value)
