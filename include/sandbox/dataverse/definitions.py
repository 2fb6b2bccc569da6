"""`EntityDefinitions` and its parts as URLs: lists, single definitions, casts, $select, $filter and $expand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dataverse import metadata
from sandbox.dataverse.errors import DataverseError, bad_request, no_resource, unknown_column
from sandbox.dataverse.exchange import Exchange, respond
from sandbox.dataverse.filtering import compile_plain_filter
from sandbox.dataverse.metadata import Definition
from sandbox.dataverse.options import Expand, read_expand
from sandbox.dataverse.schema import Column, Schema, Table
from sandbox.http import Response
from sandbox.odata.keys import parse_segment

CAST_PREFIX = "Microsoft.Dynamics.CRM."
_OPTIONS = frozenset({"$select", "$filter", "$expand", "$top", "$count"})


class Definitions:
    """Answer metadata reads.

    :param change_tracking: tells whether change tracking is on for a table.
    """

    def __init__(self, schema: Schema, change_tracking: Callable[[Table], bool]) -> None:
        self._schema = schema
        self._change_tracking = change_tracking
        self._parts: dict[str, Callable[[Table], list[Definition]]] = {
            "Attributes": lambda table: [metadata.column_definition(table, c) for c in table.columns.values()],
            "Keys": lambda table: [metadata.key_definition(table, key) for key in table.keys],
            "ManyToOneRelationships": lambda table: metadata.many_to_one(schema, table),
            "OneToManyRelationships": lambda table: metadata.one_to_many(schema, table),
        }

    def answer(self, exchange: Exchange, segments: list[str]) -> Response:
        """Answer a GET below `EntityDefinitions`.

        :param segments: path segments from `EntityDefinitions` on, still percent-encoded.
        """
        for name in exchange.params:
            if name not in _OPTIONS and not name.startswith("@"):
                raise bad_request(f"The query parameter {name} is not supported")
        _, predicate = parse_segment(segments[0])
        if predicate is None:
            tables = [self._describe(table) for table in self._schema.tables.values()]
            return self._list(exchange, "EntityDefinitions", tables, self._expand_table)
        table = self._table(predicate)
        if len(segments) == 1:
            return self._single(exchange, self._describe(table), self._expand_table)
        part, key = parse_segment(segments[1])
        if part == "Attributes":
            return self._attributes(exchange, table, key, segments[2:])
        if part in self._parts and key is None and len(segments) == 2:
            return self._list(exchange, part, self._parts[part](table), _no_expand)
        raise no_resource(exchange.request.base_url + exchange.request.path)

    def _table(self, predicate: Mapping[Any, Any]) -> Table:
        name, literal = next(iter(predicate.items()))
        wanted = str(literal.value)
        for table in self._schema.tables.values():
            if (name == "LogicalName" and table.name == wanted) or metadata.metadata_id(table.name) == wanted:
                return table
        raise DataverseError(404, "0x80060888", f"Could not find an entity with specified entity name: '{wanted}'.")

    def _describe(self, table: Table) -> Definition:
        return metadata.table_definition(table, change_tracking=self._change_tracking(table))

    def _attributes(self, exchange: Exchange, table: Table, key: Mapping[Any, Any] | None, rest: list[str]) -> Response:
        cast = rest[0].removeprefix(CAST_PREFIX) if rest and rest[0].startswith(CAST_PREFIX) else None
        rest = rest[1:] if cast else rest
        columns = metadata.columns_of_type(table, cast)
        if key is not None:
            name = str(next(iter(key.values())).value)
            columns = [column for column in columns if column.name == name]
            if not columns:
                raise DataverseError(404, "0x80060888", f"Could not find attribute '{name}' of '{table.name}'.")
        if key is not None and rest and rest[0] in metadata.option_sets(columns[0]):
            return respond(200, metadata.option_sets(columns[0])[rest[0]])
        if rest:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        by_name = {column.name: column for column in columns}

        def expand(definition: Definition, wanted: Expand) -> Any:
            return _option_set(by_name[definition["LogicalName"]], wanted)

        definitions = [metadata.column_definition(table, column) for column in columns]
        if key is not None:
            return self._single(exchange, definitions[0], expand)
        return self._list(exchange, "Attributes", definitions, expand)

    def _expand_table(self, definition: Definition, wanted: Expand) -> list[Definition]:
        part = self._parts.get(wanted.navigation)
        if part is None:
            raise unknown_column(wanted.navigation, "EntityMetadata", "0x0")
        rows = part(self._schema.tables[definition["LogicalName"]])
        return _filtered([_project(row, wanted.options, _no_expand) for row in rows], wanted.options)

    @staticmethod
    def _single(exchange: Exchange, definition: Definition, expand: Expansion) -> Response:
        context = {"@odata.context": f"{exchange.root}$metadata#EntityDefinitions/$entity"}
        return respond(200, {**context, **_project(definition, exchange.params, expand)}, rows=1)

    @staticmethod
    def _list(exchange: Exchange, name: str, definitions: list[Definition], expand: Expansion) -> Response:
        rows = [_project(row, exchange.params, expand) for row in _filtered(definitions, exchange.params)]
        return respond(200, {"@odata.context": f"{exchange.root}$metadata#{name}", "value": rows}, rows=len(rows))


Expansion = Callable[[Definition, Expand], Any]


def _no_expand(definition: Definition, wanted: Expand) -> Any:
    del definition
    raise unknown_column(wanted.navigation, "MetadataBase", "0x0")


def _option_set(column: Column, wanted: Expand) -> Any:
    sets = metadata.option_sets(column)
    if wanted.navigation not in sets:
        raise unknown_column(wanted.navigation, f"{column.kind}AttributeMetadata", "0x0")
    described = sets[wanted.navigation]
    return _project(described, wanted.options, _no_expand) if described is not None else None


def _filtered(definitions: list[Definition], params: Mapping[str, str]) -> list[Definition]:
    predicate = compile_plain_filter(params, set().union(*definitions))
    return [definition for definition in definitions if predicate(definition)]


def _project(definition: Definition, params: Mapping[str, str], expand: Expansion) -> Definition:
    """Apply $select and $expand; the id and the type of a definition always come along."""
    select = params.get("$select")
    chosen = dict(definition)
    if select:
        names = [name.strip() for name in select.split(",")]
        for name in names:
            if name not in definition:
                raise unknown_column(name, "MetadataBase", "0x0")
        chosen = {name: value for name, value in definition.items() if name in names or name in _ALWAYS}
    for wanted in read_expand(params.get("$expand")):
        chosen[wanted.navigation] = expand(definition, wanted)
    return chosen


_ALWAYS = frozenset({"MetadataId", "@odata.type"})
