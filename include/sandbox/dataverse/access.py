"""Whether the primary key or an index finds the rows of a filter, instead of a walk over the whole table."""

from __future__ import annotations

import itertools
import math
from typing import Any

from sandbox.dataverse.store import TableStore
from sandbox.dataverse.vocabulary import CRM, TableVocabulary, property_values
from sandbox.odata.filter import And, Call, Comparison, Field, In, Literal, Node, Or


def candidates(store: TableStore, node: Node, vocabulary: TableVocabulary) -> list[str] | None:
    """Find the rows by primary key or by an index whose columns are all fixed by the filter."""
    parts = node.conditions if isinstance(node, And) else (node,)
    fixed: dict[str, list[Any]] = {}
    for part in parts:
        found = _fixed_values(part, vocabulary)
        if found is not None:
            fixed.setdefault(*found)
    ids = fixed.get(store.table.primary_id)
    if ids is not None:
        return [row_id for row_id in dict.fromkeys(ids) if row_id in store.rows]
    for columns in store.indexes:
        if set(columns) <= fixed.keys():
            return _indexed(store, columns, [fixed[column] for column in columns])
    return None


def _indexed(store: TableStore, columns: tuple[str, ...], values: list[list[Any]]) -> list[str] | None:
    """Look up every combination of the values, unless a walk over the table costs less."""
    if math.prod(len(each) for each in values) > len(store.rows):
        return None
    found = (row_id for combination in itertools.product(*values) for row_id in store.find(columns, combination))
    return list(dict.fromkeys(found))


def _fixed_values(node: Node, vocabulary: TableVocabulary) -> tuple[str, list[Any]] | None:
    """Give the column of this table and the non-null values that a condition limits it to."""
    if isinstance(node, Or):
        limits = [_fixed_values(part, vocabulary) for part in node.conditions]
        names = {limit[0] for limit in limits if limit is not None}
        if None in limits or len(names) != 1:
            return None
        return names.pop(), [value for limit in limits if limit is not None for value in limit[1]]
    operand, literals = _limited(node)
    if operand is None or len(operand.path) != 1:
        return None
    values = [vocabulary.constant(literal, operand, "eq") for literal in literals]
    return None if None in values else (vocabulary.column(operand.path).name, values)


def _limited(node: Node) -> tuple[Field | None, tuple[Literal, ...]]:
    if isinstance(node, Comparison) and node.operator == "eq":
        left, right = (node.left, node.right) if isinstance(node.left, Field) else (node.right, node.left)
        if isinstance(left, Field) and isinstance(right, Literal):
            return left, (right,)
    if isinstance(node, In) and isinstance(node.operand, Field):
        return node.operand, node.values
    if isinstance(node, Call) and node.name == f"{CRM}In":
        return property_values(node)
    return None, ()
