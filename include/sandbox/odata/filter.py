"""Parse the text of a $filter into a small tree.

What a name means, which functions exist and how values compare is each system's own business; `odata.predicate` turns a
tree into a function over rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.odata.lexer import FilterSyntaxError, Token, tokenize
from sandbox.odata.literals import Literal, read_literal

__all__ = [
    "And", "Call", "Comparison", "Field", "FilterSyntaxError", "In", "Literal", "Node", "Not", "Operand", "Or", "parse",
]  # fmt: skip

COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a column behind navigation properties: `("primarycontactid", "fullname")`."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function: `contains(name,'x')`, or with named arguments `Microsoft.Dynamics.CRM.In(PropertyName='a',...)`.

    :param named: arguments by name; an array is a tuple of constants.
    """

    name: str
    arguments: tuple[Operand, ...] = ()
    named: Mapping[str, Literal | tuple[Literal, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`; the operator is one of eq, ne, gt, ge, lt, le."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class In:
    """`field in ('a','b')`."""

    operand: Operand
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: Node


@dataclass(frozen=True, slots=True)
class And:
    """Every condition holds."""

    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one condition holds."""

    conditions: tuple[Node, ...]


Operand = Literal | Field | Call
Node = Comparison | In | Call | Not | And | Or


def parse(text: str, aliases: Mapping[str, str] | None = None) -> Node:
    """Read a $filter.

    :param aliases: parameter aliases of the query by name with the at sign, for example `{"@p1": "'x'"}`.
    :raises FilterSyntaxError: text that is no filter; a ValueError.
    """
    parser = _Parser(text, aliases or {})
    node = parser.disjunction()
    parser.finish()
    return node


class _Parser:
    """Recursive descent over the tokens; one method per level of precedence."""

    def __init__(self, text: str, aliases: Mapping[str, str]) -> None:
        self._text = text
        self._aliases = aliases
        self._tokens = tokenize(text)
        self._next = 0

    def finish(self) -> None:
        if self._peek().kind != "end":
            raise self._error("the end of the filter")

    def disjunction(self) -> Node:
        parts = [self._conjunction()]
        while self._take_name("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Node:
        parts = [self._negation()]
        while self._take_name("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Node:
        if self._take_name("not"):
            return Not(self._negation())
        if self._take_mark("("):
            inner = self.disjunction()
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Node:
        left = self._operand()
        token = self._peek()
        if token.kind == "name" and token.text in COMPARISONS:
            self._next += 1
            return Comparison(token.text, left, self._operand())
        if self._take_name("in"):
            self._expect("(")
            return In(left, self._constants(")"))
        if isinstance(left, Call):
            return left
        raise self._error("a comparison operator")

    def _operand(self) -> Operand:
        token = self._peek()
        literal = read_literal(token)
        if literal is not None:
            self._next += 1
            return literal
        if token.kind != "name":
            raise self._error("a column, a function or a constant")
        self._next += 1
        if token.text.startswith("@"):
            return self._single_alias(token)
        if self._take_mark("("):
            return self._call(token.text)
        return Field(tuple(token.text.split("/")))

    def _call(self, name: str) -> Call:
        if self._tokens[self._next + 1].text == "=":
            return Call(name, named=self._named_arguments())
        arguments: list[Operand] = []
        while not self._take_mark(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._operand())
        return Call(name, tuple(arguments))

    def _named_arguments(self) -> dict[str, Literal | tuple[Literal, ...]]:
        named: dict[str, Literal | tuple[Literal, ...]] = {}
        while not self._take_mark(")"):
            if named:
                self._expect(",")
            name = self._peek().text
            self._next += 1
            self._expect("=")
            named[name] = self._named_value()
        return named

    def _named_value(self) -> Literal | tuple[Literal, ...]:
        if self._take_mark("["):
            return self._constants("]")
        token = self._peek()
        self._next += 1
        if token.text.startswith("@"):
            return self._alias(token)
        literal = read_literal(token)
        if literal is None:
            raise self._error("a constant", token)
        return literal

    def _constants(self, closing: str) -> tuple[Literal, ...]:
        values: list[Literal] = []
        while not self._take_mark(closing):
            if values:
                self._expect(",")
            literal = read_literal(self._peek())
            if literal is None:
                raise self._error("a constant")
            self._next += 1
            values.append(literal)
        return tuple(values)

    def _alias(self, token: Token) -> Literal | tuple[Literal, ...]:
        if token.text not in self._aliases:
            raise FilterSyntaxError(f"The parameter alias '{token.text}' is not in the query.")
        parser = _Parser(self._aliases[token.text], {})
        value = parser._named_value()
        parser.finish()
        return value

    def _single_alias(self, token: Token) -> Literal:
        value = self._alias(token)
        if isinstance(value, tuple):
            raise FilterSyntaxError(f"The parameter alias '{token.text}' is an array where one constant is needed.")
        return value

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take_name(self, word: str) -> bool:
        return self._take("name", word)

    def _take_mark(self, mark: str) -> bool:
        return self._take("mark", mark)

    def _take(self, kind: str, text: str) -> bool:
        token = self._peek()
        found = token.kind == kind and token.text == text
        self._next += found
        return found

    def _expect(self, mark: str) -> None:
        if not self._take_mark(mark):
            raise self._error(f"'{mark}'")

    def _error(self, expected: str, token: Token | None = None) -> FilterSyntaxError:
        found = token or self._peek()
        shown = f"'{found.text}'" if found.text else "the end"
        return FilterSyntaxError(
            f"Syntax error at position {found.position} in '{self._text}': expected {expected}, found {shown}."
        )
