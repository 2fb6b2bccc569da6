"""Lint of what is read: source, conditions, references, raw checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fs_integration.spec.columns import source_columns
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Finding, Scene, error, unknown_column, warning
from fs_integration.spec.fit import NUMBERS, misfit
from fs_integration.spec.mapping import Condition, Reference
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata


def lint_source(scene: Scene) -> Iterator[Finding]:
    """Yield what does not fit in ``source``, ``references`` and the raw checks."""
    for name, reference in scene.task.references.items():
        table = scene.references[name]
        if table is not None:
            yield from _reference(("references", name), reference, table)
    if scene.source is not None:
        yield from _named_columns(scene, scene.source)
        yield from _row_columns(scene, scene.source, scene.columns or {}) if scene.columns else ()
        yield from _key_and_company(scene, scene.source)
        yield from _package(scene)


def lint_condition(path: KeyPath, rule: Condition, columns: Mapping[str, Column], table: str) -> Iterator[Finding]:
    """Yield what does not fit in a condition: its column, its constants."""
    column = columns.get(rule.field)
    if column is None:
        yield unknown_column((*path, "field"), rule.field, table, columns)
        return
    given = {"is": rule.is_, "is_not": rule.is_not, "at_least": rule.at_least, "at_most": rule.at_most}
    constants = [*given.items(), *(("in", constant) for constant in rule.in_)]
    for word, constant in constants:
        fault = misfit(constant, column)
        if fault:
            yield error((*path, word), fault)


def _filter(path: KeyPath, rule: Condition, table: EntityMetadata) -> Iterator[Finding]:
    """A condition that the service evaluates; F&O wants to know the enumeration of a member."""
    yield from lint_condition(path, rule, table.columns, table.name)
    column = table.columns.get(rule.field)
    wanted = column.enum_type if column and column.kind is ColumnKind.ENUM else None
    if column is not None and rule.enum != wanted:
        advice = f"Write `enum: {wanted}`." if wanted else "Remove `enum`."
        kind = f"is of the enumeration `{wanted}`" if wanted else "is of no enumeration"
        yield error((*path, "enum"), f"`{rule.field}` {kind}.", advice)


def _reference(path: KeyPath, reference: Reference, table: EntityMetadata) -> Iterator[Finding]:
    for word, names in (("key", reference.key), ("take", reference.take)):
        for position, name in enumerate(names):
            if name not in table.columns:
                yield unknown_column((*path, word, position), name, table.name, table.columns)
    for position, rule in enumerate(reference.where):
        yield from _filter((*path, "where", position), rule, table)
    if reference.same_company and not table.company_specific:
        yield error((*path, "same_company"), f"`{table.name}` is not kept by company.", "Remove `same_company`.")
    if table.company_specific and not reference.same_company:
        message = f"`{table.name}` is kept by company; rows of every company would be looked up."
        yield warning((*path, "entity"), message, "Add `same_company: true`.")


def _named_columns(scene: Scene, source: EntityMetadata) -> Iterator[Finding]:
    """Columns of the source entity itself."""
    part = scene.task.source
    for path, name in _early(scene):
        if name not in source.columns:
            yield unknown_column(path, name, source.name, source.columns)
    for position, rule in enumerate(part.where):
        yield from _filter(("source", "where", position), rule, source)
    changed = source.columns.get(part.changed_since.field) if part.changed_since else None
    if changed is not None and changed.kind is not ColumnKind.DATETIME:
        yield error(("source", "changed_since", "field"), f"`{changed.name}` is not a moment.")


def _row_columns(scene: Scene, source: EntityMetadata, columns: Mapping[str, Column]) -> Iterator[Finding]:
    """Columns of the source rows once ``enrich`` has added to them."""
    part = scene.task.source
    for path, name in _late(scene):
        if name not in columns:
            yield unknown_column(path, name, source.name, columns)
    for position, name in enumerate(part.group.sum if part.group else ()):
        if name in columns and columns[name].kind not in NUMBERS:
            yield error(("source", "group", "sum", position), f"`{name}` is not a number and cannot be added up.")
    for position, keep in enumerate(part.keep):
        yield from lint_condition(("source", "keep", position), keep, columns, source.name)


def _early(scene: Scene) -> Iterator[tuple[KeyPath, str]]:
    part = scene.task.source
    yield from ((("source", "key", n), name) for n, name in enumerate(part.key))
    if part.company_field:
        yield ("source", "company_field"), part.company_field
    if part.changed_since:
        yield ("source", "changed_since", "field"), part.changed_since.field
    for n, rule in enumerate(scene.task.quality):
        if rule.stage == "raw":
            yield from ((("quality", n, "field"), name) for name in (rule.field, *rule.fields) if name)


def _late(scene: Scene) -> Iterator[tuple[KeyPath, str]]:
    part = scene.task.source
    for n, step in enumerate(part.enrich):
        yield from ((("source", "enrich", n, "by", m), name) for m, name in enumerate(step.by))
    if part.group:
        yield from ((("source", "group", "by", n), name) for n, name in enumerate(part.group.by))
        yield from ((("source", "group", "sum", n), name) for n, name in enumerate(part.group.sum))
    for n, field in enumerate(scene.task.fields):
        if field.from_:
            yield ("fields", n, "from"), field.from_
        yield from ((("fields", n, "args", m), name) for m, name in enumerate(field.args))


def _key_and_company(scene: Scene, source: EntityMetadata) -> Iterator[Finding]:
    part = scene.task.source
    if source.company_specific and part.company_field is None:
        yield error(("source", "entity"), f"`{source.name}` is kept by company.", "Add `company_field: dataAreaId`.")
    key = [name for name in source.keys.get("primary", ()) if name != part.company_field]
    missing = [name for name in key if name not in part.key]
    if missing:
        message = f"The key of `{source.name}` also has {', '.join(missing)}; without it, rows cannot be told apart."
        yield error(("source", "key"), message, f"Write `key: [{', '.join(key)}]`.")


def _package(scene: Scene) -> Iterator[Finding]:
    package = scene.task.source.package
    if package is None:
        return
    names = [name for name in source_columns(scene.task) if name != scene.task.source.company_field]
    for name in names:
        if name not in package.columns.values():
            message = f"No column of the package gives `{name}`, which the mapping uses."
            yield error(("source", "package", "columns"), message, "Add it, or do without it.")
