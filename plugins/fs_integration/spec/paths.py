"""Follow column paths over lookups, such as ``msdyn_workorder.msdyn_name``, through the descriptions of the tables.

Every part of a path but the last is a lookup column, or, for a lookup that can point to several tables, the navigation
name that chooses one of them (``customerid_account``). Once resolved, a path is a column like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from fs_integration.errors import MappingError
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

SEPARATOR = "."  # between the parts of a path in a mapping
WIRE_SEPARATOR = "/"  # between the parts of a path in a request


def wire_name(column: Column) -> str:
    """Return the name a column is read under: Dataverse lookups have one of their own, paths carry theirs."""
    is_path = WIRE_SEPARATOR in column.name
    return f"_{column.name}_value" if column.kind is ColumnKind.LOOKUP and not is_path else column.name


def column_of(metadata: EntityMetadata, name: str) -> Column:
    """Return a column. :raises MappingError: when the table has none of this name."""
    if name in metadata.columns:
        return metadata.columns[name]
    near = get_close_matches(name, metadata.columns, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else ""
    raise MappingError(f"`{metadata.name}` of {metadata.system} has no column `{name}`.", suggestion=hint)


def with_paths(
    metadata: EntityMetadata, names: Iterable[str], table_of: Callable[[str], EntityMetadata]
) -> EntityMetadata:
    """Return a table's description with one more column for every path among ``names``.

    Such a column has kind, length and options of the path's last column, the path as it is written in requests as its
    name, and cannot be written.

    :param table_of: gives the description of a table by its entity set name.
    :raises MappingError: when a part of a path is no column, or no lookup that leads to one table.
    """
    paths = {name for name in names if SEPARATOR in name and name not in metadata.columns}
    if not paths:
        return metadata
    found = {name: _at_the_end(metadata, name, table_of) for name in sorted(paths)}
    return metadata.model_copy(update={"columns": {**metadata.columns, **found}})


def _at_the_end(metadata: EntityMetadata, path: str, table_of: Callable[[str], EntityMetadata]) -> Column:
    *lookups, last = path.split(SEPARATOR)
    table, route = metadata, []
    for part in lookups:
        lookup = _lookup(table, part, path)
        route.append(str(lookup.navigation))
        table = table_of(str(lookup.target_table))
    column = column_of(table, last)
    name = WIRE_SEPARATOR.join([*route, wire_name(column)])
    return column.model_copy(update={"name": name, "required": False, "can_create": False, "can_update": False})


def _lookup(table: EntityMetadata, part: str, path: str) -> Column:
    column = column_of(table, part)
    if column.kind is not ColumnKind.LOOKUP or not column.navigation or not column.target_table:
        raise MappingError(
            f"The path `{path}` goes over `{part}`, but that column of `{table.name}` is {column.kind.value} and leads "
            "to no other table. Every part before the last must be a lookup column."
        )
    choices = [f"`{name}`" for name in _navigations(table, column) if name != part]
    if choices and part == column.name:
        raise MappingError(
            f"The path `{path}` goes over `{part}` of `{table.name}`, which can point to several tables. Name the one "
            f"that is meant: {' or '.join(choices)}."
        )
    return column


def _navigations(table: EntityMetadata, column: Column) -> Iterator[str]:
    """Give the names under which one lookup column is described: its own and one per table it can point to."""
    return (name for name, other in table.columns.items() if other.name == column.name)
