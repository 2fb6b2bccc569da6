"""Lint of what is read: source, conditions, references, raw checks."""

from __future__ import annotations

from collections.abc import Iterator

from fs_integration.spec.columns import SETTINGS, added_columns, source_columns
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Finding, error, warning
from fs_integration.spec.fit import NUMBERS, incomparable
from fs_integration.spec.lint_conditions import lint_condition, lint_filter
from fs_integration.spec.mapping import Enrich, Reference
from fs_integration.spec.metadata import ColumnKind
from fs_integration.spec.places import entity_places, group_places, reference_places, row_places
from fs_integration.spec.scene import Scene, View

OWNER = "owningbusinessunit"  # of Dataverse: the unit whose row it is
IN_CONDITIONS = ("keep", "where")  # columns named in these are checked with the whole condition


def lint_source(scene: Scene) -> Iterator[Finding]:
    """Yield what does not fit in ``source``, ``references`` and the raw checks."""
    for name, reference in scene.task.references.items():
        view = scene.references[name]
        if view is not None:
            yield from _reference(scene, name, reference, view)
    if scene.source is not None:
        yield from _entity_columns(scene, scene.source)
        yield from _row_columns(scene, scene.rows) if scene.rows else ()
        yield from _key_and_company(scene, scene.source)
    yield from _package(scene)


def _reference(scene: Scene, name: str, reference: Reference, view: View) -> Iterator[Finding]:
    path: KeyPath = ("references", name)
    for place, column in reference_places(scene.task, name):
        if column not in view.columns and reference.system != "ledger" and "where" not in place:
            yield view.unknown(place, column)
    for position, rule in enumerate(reference.where):
        yield from lint_filter((*path, "where", position), rule, view)
    if reference.system != "finance_operations":
        return
    table = view.table
    if reference.same_company and not table.company_specific:
        yield error((*path, "same_company"), f"`{table.name}` is not kept by company.", "Remove `same_company`.")
    if table.company_specific and not reference.same_company:
        message = f"`{table.name}` is kept by company; rows of every company would be looked up."
        yield warning((*path, "entity"), message, "Add `same_company: true`.")


def _entity_columns(scene: Scene, view: View) -> Iterator[Finding]:
    """Columns of the source entity itself."""
    part, added = scene.task.source, added_columns(scene.task)
    for path, name in entity_places(scene.task):
        if name not in view.columns and name not in added:
            yield view.unknown(path, name)
    for position, rule in enumerate(part.where):
        yield from lint_filter(("source", "where", position), rule, view)
    changed = view.columns.get(part.changed_since.field) if part.changed_since else None
    if changed is not None and changed.kind is not ColumnKind.DATETIME:
        message = f"`{changed.name}` is not a moment."
        yield error(("source", "changed_since", "field"), message, "Name the column with the time of the last change.")
    document = view.columns.get(part.document or "")
    if document is not None and document.kind is not ColumnKind.LOOKUP:
        message = f"`{part.document}` is no look-up column, so it cannot name the header of a line."
        lookups = [name for name, column in view.table.columns.items() if column.kind is ColumnKind.LOOKUP]
        yield error(("source", "document"), message, f"Name one of {', '.join(lookups)}.")


def _row_columns(scene: Scene, view: View) -> Iterator[Finding]:
    """Columns of the source rows once ``enrich`` has added to them."""
    part = scene.task.source
    for path, name in (*row_places(scene.task), *group_places(scene.task)):
        in_condition = any(word in path for word in IN_CONDITIONS)
        if name not in view.columns and not in_condition and not name.startswith(SETTINGS):
            yield view.unknown(path, name)
    for number, step in enumerate(part.enrich):
        yield from _matched(("source", "enrich", number, "by"), step, scene, view)
    for position, name in enumerate(part.group.sum if part.group else ()):
        if name in view.columns and view.columns[name].kind not in NUMBERS:
            message = f"`{name}` is not a number and cannot be added up."
            yield error(("source", "group", "sum", position), message, "Remove it from `sum`.")
    for position, keep in enumerate(part.keep):
        yield from lint_condition(("source", "keep", position), keep, view)


def _matched(path: KeyPath, step: Enrich, scene: Scene, view: View) -> Iterator[Finding]:
    """Values can only be found in a key column that holds the same sort of values."""
    reference = scene.references.get(step.reference)
    if reference is None:
        return
    for position, (name, key) in enumerate(zip(step.by, scene.task.references[step.reference].key, strict=False)):
        given, wanted = view.columns.get(name), reference.columns.get(key)
        fault = incomparable(given, wanted) if given and wanted else ""
        if fault:
            yield error((*path, position), fault, f"Name the column of the source that is found in `{key}`.")
        if given is not None and step.company_prefix and given.kind is not ColumnKind.TEXT:
            message = f"A company prefix goes before text, but `{name}` is none."
            yield error((*path[:-1], "company_prefix"), message, "Remove `company_prefix`.")


def _key_and_company(scene: Scene, view: View) -> Iterator[Finding]:
    part, table = scene.task.source, view.table
    if table.company_specific and part.company_field is None:
        yield error(("source", "entity"), f"`{table.name}` is kept by company.", "Add `company_field: dataAreaId`.")
    is_owned = table.system == "dataverse" and OWNER in table.columns
    if is_owned and scene.task.target.system == "finance_operations" and part.company_field is None:
        message = f"Nothing tells whose the rows of `{table.name}` are; each company would be sent those of all."
        yield error(("source", "entity"), message, f"Add `company_field: {OWNER}.name`.")
    key = [name for name in table.keys.get("primary", ()) if name != part.company_field]
    missing = [name for name in key if name not in part.key]
    if missing:
        message = f"The key of `{table.name}` also has {', '.join(missing)}; without it, rows cannot be told apart."
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
