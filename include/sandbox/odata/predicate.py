"""Turn a parsed $filter into a function over rows.

The system says what names and constants mean; this module knows the logic and how a database with a case-insensitive
collation compares: texts ignore case, null equals only null and is neither less nor greater than anything.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sandbox.odata.filter import And, Call, Comparison, Field, In, Literal, Node, Not, Operand, Or

Row = Mapping[str, Any]
Predicate = Callable[[Row], bool]
Getter = Callable[[Row], Any]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_MIRROR = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


class Vocabulary(Protocol):
    """What a system contributes; every method may raise the system's own refusal."""

    def field(self, path: tuple[str, ...]) -> Getter:
        """Give the function that reads a column from a row."""

    def constant(self, literal: Literal, compared_with: Operand | None, operator: str) -> Any:
        """Give a constant in the form in which the compared column is stored."""

    def equals(self, constant: Any) -> Callable[[Any], bool]:
        """Give the test behind `eq` for a constant already converted; see `same` and `matches_wildcards`."""

    def call(self, call: Call) -> Getter:
        """Give the value of a function; as a condition it is true or false."""


def compile_filter(node: Node, vocabulary: Vocabulary) -> Predicate:
    """Compile a tree into a test of one row."""
    if isinstance(node, And):
        return _all([compile_filter(part, vocabulary) for part in node.conditions])
    if isinstance(node, Or):
        return _any([compile_filter(part, vocabulary) for part in node.conditions])
    if isinstance(node, Not):
        inner = compile_filter(node.condition, vocabulary)
        return lambda row: not inner(row)
    if isinstance(node, In):
        return _in(node, vocabulary)
    if isinstance(node, Comparison):
        return _comparison(node, vocabulary)
    value = vocabulary.call(node)
    return lambda row: bool(value(row))


def fold(value: Any) -> Any:
    """Give the form in which values are compared: texts ignore case."""
    return value.lower() if isinstance(value, str) else value


def same(constant: Any) -> Callable[[Any], bool]:
    """Test for equality, ignoring the case of texts."""
    folded = fold(constant)
    return lambda value: fold(value) == folded


def matches_wildcards(constant: Any) -> Callable[[Any], bool]:
    """Test for equality where an asterisk in a text stands for any characters, as in Finance & Operations."""
    if not isinstance(constant, str) or "*" not in constant:
        return same(constant)
    pattern = ".*".join(re.escape(part) for part in constant.split("*"))
    match = re.compile(pattern, re.IGNORECASE | re.DOTALL).fullmatch
    return lambda value: isinstance(value, str) and match(value) is not None


def text_function(name: str, value: Getter, part: Getter) -> Getter:
    """Give `contains`, `startswith` or `endswith` over two texts, ignoring case; false when either is null.

    :raises KeyError: another name.
    """
    test = _TEXT_TESTS[name]

    def holds(row: Row) -> bool:
        whole, piece = value(row), part(row)
        return isinstance(whole, str) and isinstance(piece, str) and test(whole.lower(), piece.lower())

    return holds


_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda whole, piece: piece in whole,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def getter(operand: Operand, vocabulary: Vocabulary) -> Getter:
    """Give the function that reads an operand: a column, a function or a constant."""
    if isinstance(operand, Field):
        return vocabulary.field(operand.path)
    if isinstance(operand, Call):
        return vocabulary.call(operand)
    value = vocabulary.constant(operand, None, "")
    return lambda _row: value


def _comparison(node: Comparison, vocabulary: Vocabulary) -> Predicate:
    if isinstance(node.left, Literal) and not isinstance(node.right, Literal):
        return _comparison(Comparison(_MIRROR[node.operator], node.right, node.left), vocabulary)
    left = getter(node.left, vocabulary)
    if not isinstance(node.right, Literal):
        return _between_columns(node.operator, left, getter(node.right, vocabulary))
    constant = vocabulary.constant(node.right, node.left, node.operator)
    if node.operator in _ORDER:
        return _ordered(_ORDER[node.operator], left, fold(constant))
    test = vocabulary.equals(constant)
    if node.operator == "eq":
        return lambda row: test(left(row))
    return lambda row: not test(left(row))


def _ordered(test: Callable[[Any, Any], bool], left: Getter, constant: Any) -> Predicate:
    if constant is None:
        return lambda _row: False

    def holds(row: Row) -> bool:
        value = left(row)
        return value is not None and test(fold(value), constant)

    return holds


def _between_columns(name: str, left: Getter, right: Getter) -> Predicate:
    if name == "eq":
        return lambda row: bool(fold(left(row)) == fold(right(row)))
    if name == "ne":
        return lambda row: bool(fold(left(row)) != fold(right(row)))
    test = _ORDER[name]

    def holds(row: Row) -> bool:
        first, second = fold(left(row)), fold(right(row))
        return first is not None and second is not None and test(first, second)

    return holds


def _in(node: In, vocabulary: Vocabulary) -> Predicate:
    value = getter(node.operand, vocabulary)
    wanted = {fold(vocabulary.constant(literal, node.operand, "eq")) for literal in node.values}
    return lambda row: fold(value(row)) in wanted


def _all(tests: list[Predicate]) -> Predicate:
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Predicate]) -> Predicate:
    return lambda row: any(test(row) for test in tests)
