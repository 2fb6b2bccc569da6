"""Lint of what is written: key, required columns, header, conditions on rows of the target, checks of shaped rows."""

from __future__ import annotations

from collections.abc import Iterator

from fs_integration.spec.columns import HEADER
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Finding, error, warning
from fs_integration.spec.fit import NUMBERS, misfit
from fs_integration.spec.lint_conditions import lint_condition
from fs_integration.spec.lint_values import can_create
from fs_integration.spec.mapping import QualityRule
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.spec.pattern import fault_of
from fs_integration.spec.scene import Scene, View

# Dataverse fills these when a create leaves them out; yes/no columns always have a default.
FILLED_BY_SERVICE = frozenset({"ownerid", "statecode", "statuscode", "createdon", "modifiedon", "organizationid"})
COMPANY = "dataAreaId"  # names the company of a row in F&O


def lint_target(scene: Scene) -> Iterator[Finding]:
    """Yield what does not fit in ``target`` and in the checks of shaped rows."""
    if scene.target is not None:
        is_dataverse = scene.task.target.system == "dataverse"
        yield from (_dataverse_key if is_dataverse else _finance_operations_key)(scene, scene.target.table)
        # A package goes into an entity of its own, which nobody describes.
        if scene.task.target.route == "odata" and can_create(scene):
            yield from _required(scene.target.table, {rule.to for rule in scene.task.active_fields})
        yield from _conditions(scene, scene.target)
        yield from _vanished(scene, scene.target)
    if scene.header is not None:
        yield from _header(scene, scene.header)
    for position, rule in enumerate(scene.task.quality):
        yield from _quality(("quality", position), rule, scene)


def _dataverse_key(scene: Scene, table: EntityMetadata) -> Iterator[Finding]:
    target = scene.task.target
    has_key = table.alternate_key(target.key) is not None
    known = "; ".join(f"{name}: {', '.join(columns)}" for name, columns in table.keys.items()) or "none"
    key = ", ".join(target.key)
    if target.addressed_by == "alternate_key" and not has_key:
        message = f"`{table.name}` has no key of exactly {key}. Its keys: {known}."
        yield error(("target", "key"), message, "Write `addressed_by: primary_key`, or add the key in the target.")
    if target.addressed_by == "primary_key" and has_key:
        message = f"`{table.name}` has a key of {key}; finding ids first costs a read of the whole table."
        yield warning(("target", "addressed_by"), message, "Write `addressed_by: alternate_key`.")


def _finance_operations_key(scene: Scene, table: EntityMetadata) -> Iterator[Finding]:
    """F&O finds a row by the entity's own key; the integration key is that key or the part of it that is ours."""
    own = table.keys.get("primary", ())
    for position, name in enumerate(scene.task.target.key):
        if own and name not in own:
            message = f"`{name}` is no key column of `{table.name}`. Its key: {', '.join(own)}."
            yield error(("target", "key", position), message, "Name columns of that key.")
    if table.company_specific and COMPANY not in {rule.to for rule in scene.task.fields}:
        message = f"`{table.name}` is kept by company, but no field rule writes `{COMPANY}`."
        yield error(("target", "table"), message, f"Add a field rule `{{from: settings.legal_entity, to: {COMPANY}}}`.")
    elif table.company_specific and COMPANY not in scene.task.target.key:
        message = f"`{table.name}` is kept by company, but the key leaves `{COMPANY}` out."
        yield error(("target", "key"), message, f"Write `key: [{', '.join((COMPANY, *scene.task.target.key))}]`.")


def _header(scene: Scene, table: EntityMetadata) -> Iterator[Finding]:
    header = scene.task.target.header
    if header is None:
        return
    own = table.keys.get("primary", ())
    if own and set(header.key) != set(own):
        message = f"`{table.name}` is found by {', '.join(own)}, not by {', '.join(header.key)}."
        yield error(("target", "header", "key"), message, f"Write `key: [{', '.join(own)}]`.")
    written = {rule.to.removeprefix(HEADER) for rule in scene.task.active_fields if rule.to.startswith(HEADER)}
    if scene.task.target.route == "odata":
        yield from _required(table, {*written, *header.key}, prefix=HEADER)


def _required(table: EntityMetadata, written: set[str], prefix: str = "") -> Iterator[Finding]:
    for column in table.columns.values():
        filled = column.name in FILLED_BY_SERVICE or column.kind in (ColumnKind.BOOLEAN, ColumnKind.ID)
        if column.required and column.can_create and not filled and column.name not in written:
            message = f"`{table.name}` requires `{column.name}`, which no field rule writes."
            yield error(("fields",), message, f"Add a rule with `to: {prefix}{column.name}`.")


def _conditions(scene: Scene, view: View) -> Iterator[Finding]:
    for position, rule in enumerate(scene.task.target.protect):
        yield from lint_condition(("target", "protect", position), rule, view)
    for position, wanted in enumerate(scene.task.target.create_when):
        yield from lint_condition(("target", "create_when", position), wanted, view)


def _vanished(scene: Scene, view: View) -> Iterator[Finding]:
    vanished = scene.task.target.vanished
    for name, constant in vanished.set.items() if vanished else ():
        column = view.columns.get(name)
        fault = misfit(constant, column) if column else ""
        if fault:
            yield error(("target", "vanished", "set", name), fault, "Write a value that the column can have.")


def _quality(path: KeyPath, rule: QualityRule, scene: Scene) -> Iterator[Finding]:
    if rule.pattern is not None:
        fault = fault_of(rule.pattern)
        if fault:
            message = f"`{rule.pattern}` is not a regular expression: {fault}."
            yield error((*path, "pattern"), message, "Check brackets; put a backslash before characters meant as such.")
    view = scene.source if rule.stage == "raw" else scene.target
    column = view.columns.get(rule.field or "") if view else None
    if column is None:
        return
    for position, constant in enumerate(rule.values):
        fault = misfit(constant, column)
        if fault:
            yield error((*path, "values", position), fault, "Write a value that the column can have.")
    yield from _comparable(path, rule, column)


def _comparable(path: KeyPath, rule: QualityRule, column: Column) -> Iterator[Finding]:
    if rule.expect in ("between", "decimals_at_most") and column.kind not in NUMBERS:
        message = f"`{rule.expect}` is about numbers; `{column.name}` is not one."
        yield error((*path, "expect"), message, "Check another column, or expect something else.")
    if rule.expect in ("max_length", "matches") and column.kind not in (ColumnKind.TEXT, ColumnKind.ENUM):
        message = f"`{rule.expect}` is about text; `{column.name}` is none."
        yield error((*path, "expect"), message, "Check another column, or expect something else.")
