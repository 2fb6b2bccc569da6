"""$filter and $orderby of a read: which rows, in which order, and whether an index finds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.dataverse.access import candidates
from sandbox.dataverse.errors import bad_request, not_emulated
from sandbox.dataverse.options import read_orderby
from sandbox.dataverse.schema import Table
from sandbox.dataverse.service import OrganizationService
from sandbox.dataverse.store import Row
from sandbox.dataverse.vocabulary import PlainVocabulary, TableVocabulary
from sandbox.odata import predicate as evaluation
from sandbox.odata.filter import FilterSyntaxError, Node, parse
from sandbox.odata.predicate import Getter, Predicate

_LAMBDA = re.compile(r"/(any|all)\(")


@dataclass(frozen=True)
class Filter:
    """What a read asks for.

    :param predicate: test of one row, None when every row matches.
    :param order: sort keys with their direction, most important first; null sorts before everything.
    :param candidates: ids that an index found, among which every match is; None when there is no fitting index.
    """

    predicate: Predicate | None = None
    order: list[tuple[Getter, bool]] = field(default_factory=list)
    candidates: list[str] | None = None

    def sorted(self, rows: list[Row]) -> list[Row]:
        """Give the rows in the order asked for."""
        for key, descending in reversed(self.order):
            rows = sorted(rows, key=key, reverse=descending)
        return rows


def compile_filter(service: OrganizationService, table: Table, params: Mapping[str, str]) -> Filter:
    """Compile $filter and $orderby of a query.

    :raises DataverseError: 400 for malformed text, an unknown column or a constant of the wrong type; 501 for functions
        that the sandbox does not have.
    """
    vocabulary = TableVocabulary(service, table)
    order = [
        (_sort_key(_order_value(service, vocabulary, path)), descending)
        for path, descending in read_orderby(params.get("$orderby"))
    ]
    text = params.get("$filter")
    if text is None:
        return Filter(order=order)
    node = _parse(text, params)
    predicate = evaluation.compile_filter(node, vocabulary)
    return Filter(predicate, order, candidates(service.database.stores[table.name], node, vocabulary))


def compile_plain_filter(params: Mapping[str, str], names: Iterable[str]) -> Predicate:
    """Compile the $filter of a read whose rows are plain mappings (metadata).

    :param names: members that the rows have.
    """
    text = params.get("$filter")
    if text is None:
        return lambda _row: True
    return evaluation.compile_filter(_parse(text, params), PlainVocabulary(frozenset(names)))


def _parse(text: str, params: Mapping[str, str]) -> Node:
    if _LAMBDA.search(text):
        raise not_emulated("filters over collections (any, all)")
    try:
        return parse(text, {name: value for name, value in params.items() if name.startswith("@")})
    except FilterSyntaxError as error:
        raise bad_request(str(error)) from error


def _order_value(service: OrganizationService, vocabulary: TableVocabulary, path: tuple[str, ...]) -> Getter:
    """Read what a column is ordered by: a lookup by the name of the row it points to ("Order rows")."""
    column, read = vocabulary.column(path), vocabulary.field(path)
    if not column.is_lookup:
        return read
    tables = [service.database.schema.tables[name] for name in column.targets if name in service.database.schema.tables]

    def name(row: Mapping[str, Any]) -> Any:
        found = ((table, service.database.row(table.name, read(row))) for table in tables)
        return next((target.get(str(table.primary_name)) for table, target in found if target is not None), None)

    return name


def _sort_key(value: Getter) -> Getter:
    def key(row: Mapping[str, Any]) -> Any:
        found = value(row)
        return (found is not None, evaluation.fold(found))

    return key
