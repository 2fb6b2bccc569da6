"""What names, constants and functions of a $filter mean: for the rows of a table, and for plain rows of metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dataverse.constants import convert
from sandbox.dataverse.errors import bad_request, not_emulated, unknown_column
from sandbox.dataverse.schema import Column, Table
from sandbox.dataverse.service import OrganizationService
from sandbox.odata import predicate as evaluation
from sandbox.odata.filter import Call, Field, Literal, Operand
from sandbox.odata.predicate import Getter

CRM = "Microsoft.Dynamics.CRM."
_TEXT_FUNCTIONS = ("contains", "startswith", "endswith")


class TableVocabulary:
    """What names, constants and functions mean for the rows of one table."""

    def __init__(self, service: OrganizationService, table: Table) -> None:
        self._service = service
        self._table = table

    def column(self, path: tuple[str, ...]) -> Column:
        """Find the column at the end of a path."""
        table = self._table
        for navigation in path[:-1]:
            if navigation not in table.navigations:
                raise self._unknown(navigation, table)
            table = self._target(table.navigations[navigation][1])
        if path[-1] not in table.wire:
            raise self._unknown(path[-1], table)
        return table.wire[path[-1]]

    def field(self, path: tuple[str, ...]) -> Getter:
        """Read a column, following single-valued navigation properties."""
        column = self.column(path)
        name = column.name
        read: Getter = lambda row: row.get(name)  # noqa: E731
        if column.secured and not self._service.switches.column_security_profile:
            return lambda _row: None
        table = self._table
        hops = []
        for navigation in path[:-1]:
            column, target = table.navigations[navigation]
            hops.append((column, target))
            table = self._target(target)
        for column, target in reversed(hops):
            read = self._behind(column, target, read)
        return read

    def constant(self, literal: Literal, compared_with: Operand | None, operator: str) -> Any:
        """Convert a constant to the stored form of the column it is compared with."""
        del operator
        if isinstance(compared_with, Field):
            return convert(self.column(compared_with.path), literal, self._table.name)
        return literal.value

    def equals(self, constant: Any) -> Callable[[Any], bool]:
        """Compare without regard to case."""
        return evaluation.same(constant)

    def call(self, call: Call) -> Getter:
        """Evaluate a text function or a query function of the platform."""
        if call.name in _TEXT_FUNCTIONS and len(call.arguments) == 2:
            value, part = (evaluation.getter(argument, self) for argument in call.arguments)
            return evaluation.text_function(call.name, value, part)
        name = call.name.removeprefix(CRM)
        if name == call.name:
            raise bad_request(f"An unknown function with name '{call.name}' was found.")
        if name not in _QUERY_FUNCTIONS:
            raise not_emulated(f"the query function {name}")
        operand, values = property_values(call)
        constants = [evaluation.fold(self.constant(value, operand, "eq")) for value in values]
        return _QUERY_FUNCTIONS[name](self.field(operand.path), constants)

    def _behind(self, column: Column, target: str, read: Getter) -> Getter:
        database = self._service.database

        def follow(row: Mapping[str, Any]) -> Any:
            found = database.row(target, row.get(column.name)) if column.target_of(row) == target else None
            return read(found) if found is not None else None

        return follow

    def _target(self, name: str) -> Table:
        tables = self._service.database.schema.tables
        if name not in tables:
            raise not_emulated(f"the table '{name}'")
        return tables[name]

    def _unknown(self, name: str, table: Table) -> Exception:
        return unknown_column(name, table.name, self._service.switches.unknown_column_code)


class PlainVocabulary:
    """Rows are plain mappings, constants stand for themselves."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def field(self, path: tuple[str, ...]) -> Getter:
        """Read a member; the name of a joined row has its slash in it."""
        name = "/".join(path)
        if name not in self._names:
            raise unknown_column(name, "MetadataBase", "0x0")
        return lambda row: row.get(name)

    def constant(self, literal: Literal, compared_with: Operand | None, operator: str) -> Any:
        """Take the constant as it is."""
        del compared_with, operator
        return literal.value

    def equals(self, constant: Any) -> Callable[[Any], bool]:
        """Compare without regard to case."""
        return evaluation.same(constant)

    def call(self, call: Call) -> Getter:
        """Evaluate a text function."""
        if call.name not in _TEXT_FUNCTIONS or len(call.arguments) != 2:
            raise bad_request(f"An unknown function with name '{call.name}' was found.")
        value, part = (evaluation.getter(argument, self) for argument in call.arguments)
        return evaluation.text_function(call.name, value, part)


def property_values(call: Call) -> tuple[Field, tuple[Literal, ...]]:
    """Read the arguments `PropertyName` and `PropertyValues` of a query function."""
    name, values = call.named.get("PropertyName"), call.named.get("PropertyValues")
    if not isinstance(name, Literal) or not isinstance(values, tuple):
        raise bad_request(f"The function {call.name} needs PropertyName='...' and PropertyValues=[...].")
    return Field(tuple(str(name.value).split("/"))), values


def _is_in(read: Getter, constants: list[Any]) -> Getter:
    wanted = set(constants)
    return lambda row: evaluation.fold(read(row)) in wanted


def _is_not_in(read: Getter, constants: list[Any]) -> Getter:
    is_in = _is_in(read, constants)
    return lambda row: not is_in(row)


def _is_between(read: Getter, constants: list[Any]) -> Getter:
    if len(constants) != 2:
        raise bad_request("Between needs exactly two values.")
    low, high = constants

    def holds(row: Mapping[str, Any]) -> bool:
        value = evaluation.fold(read(row))
        return value is not None and low <= value <= high

    return holds


def _is_not_between(read: Getter, constants: list[Any]) -> Getter:
    is_between = _is_between(read, constants)
    return lambda row: not is_between(row)


_QUERY_FUNCTIONS: dict[str, Callable[[Getter, list[Any]], Getter]] = {
    "In": _is_in,
    "NotIn": _is_not_in,
    "Between": _is_between,
    "NotBetween": _is_not_between,
}
