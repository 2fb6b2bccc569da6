"""$expand: add related rows to the rows of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dataverse.errors import bad_request
from sandbox.dataverse.filtering import compile_filter
from sandbox.dataverse.options import Expand, expanded_table, read_expand, read_top, selected_columns
from sandbox.dataverse.schema import Relationship, Table
from sandbox.dataverse.service import OrganizationService
from sandbox.dataverse.shaping import Annotations, row_shape
from sandbox.dataverse.store import Row

ShapedRows = list[dict[str, Any]]
Expander = Callable[[list[Row], ShapedRows], ShapedRows]


def expander(
    service: OrganizationService, table: Table, params: Mapping[str, str], annotations: Annotations
) -> Expander:
    """Compile $expand into a function that completes shaped rows."""
    steps = [_step(service, table, expand, annotations) for expand in read_expand(params.get("$expand"))]

    def apply(rows: list[Row], shaped: ShapedRows) -> ShapedRows:
        for step in steps:
            step(rows, shaped)
        return shaped

    return apply


def _step(service: OrganizationService, table: Table, expand: Expand, annotations: Annotations) -> Callable[..., None]:
    schema, code = service.database.schema, service.switches.unknown_column_code
    related = expanded_table(schema, table, expand, code)
    columns = selected_columns(related, expand.options.get("$select"), code)
    with_secured = service.switches.column_security_profile
    shape = row_shape(service.database, related, columns, annotations, with_secured=with_secured)
    nested = expander(service, related, expand.options, annotations)

    def shape_rows(rows: list[Row]) -> ShapedRows:
        return nested(rows, [shape(row) for row in rows])

    collection = schema.collection(table.name, expand.navigation)
    if expand.navigation in table.navigations or collection is None:
        _refuse_collection_options(expand)
        return _single(service, table, expand.navigation, shape_rows)
    return _collection(service, table, collection, expand, shape_rows)


def _refuse_collection_options(expand: Expand) -> None:
    """A single related row can be selected from and expanded further, but not filtered, sorted or limited."""
    refused = [name for name in expand.options if name not in ("$select", "$expand")]
    if refused:
        raise bad_request(f"The option {refused[0]} is not supported for the single-valued '{expand.navigation}'.")


def _single(
    service: OrganizationService, table: Table, navigation: str, shape_rows: Callable[[list[Row]], ShapedRows]
) -> Callable[[list[Row], ShapedRows], None]:
    column, target = table.navigations[navigation]
    database = service.database

    def complete(rows: list[Row], shaped: ShapedRows) -> None:
        for row, out in zip(rows, shaped, strict=True):
            found = database.row(target, row.get(column.name)) if column.target_of(row) == target else None
            out[navigation] = shape_rows([found])[0] if found is not None else None

    return complete


def _collection(
    service: OrganizationService,
    table: Table,
    relationship: Relationship,
    expand: Expand,
    shape_rows: Callable[[list[Row]], ShapedRows],
) -> Callable[[list[Row], ShapedRows], None]:
    children = service.database.schema.tables[relationship.referencing]
    condition = compile_filter(service, children, expand.options)
    top = read_top(expand.options.get("$top"))

    def complete(rows: list[Row], shaped: ShapedRows) -> None:
        groups: dict[str, list[Row]] = {row[table.primary_id]: [] for row in rows}
        for _, child in service.database.stores[children.name].scan():
            parent = child.get(relationship.column)
            if parent in groups and (condition.predicate is None or condition.predicate(child)):
                groups[parent].append(child)
        for row, out in zip(rows, shaped, strict=True):
            out[expand.navigation] = shape_rows(condition.sorted(groups[row[table.primary_id]])[:top])

    return complete
