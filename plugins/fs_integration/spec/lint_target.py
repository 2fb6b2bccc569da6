"""Lint of what is written: key, required columns, protected and vanished rows, checks of shaped rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fs_integration.spec.finding import Finding, Scene, error, warning
from fs_integration.spec.fit import NUMBERS, misfit
from fs_integration.spec.lint_source import lint_condition
from fs_integration.spec.mapping import QualityRule
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

# Dataverse fills these when a create leaves them out; yes/no columns always have a default.
FILLED_BY_SERVICE = frozenset({"ownerid", "statecode", "statuscode", "createdon", "modifiedon", "organizationid"})


def lint_target(scene: Scene) -> Iterator[Finding]:
    """Yield what does not fit in ``target`` and in the checks of shaped rows."""
    if scene.target is not None:
        yield from _key(scene, scene.target)
        yield from _required(scene, scene.target)
        yield from _protected(scene, scene.target)
        yield from _vanished(scene, scene.target)
    for position, rule in enumerate(scene.task.quality):
        yield from _quality(("quality", position), rule, scene)


def _key(scene: Scene, table: EntityMetadata) -> Iterator[Finding]:
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


def _required(scene: Scene, table: EntityMetadata) -> Iterator[Finding]:
    written = {rule.to for rule in scene.task.fields}
    for column in table.columns.values():
        filled = column.name in FILLED_BY_SERVICE or column.kind in (ColumnKind.BOOLEAN, ColumnKind.ID)
        if column.required and column.can_create and not filled and column.name not in written:
            yield error(
                ("fields",), f"`{table.name}` requires `{column.name}`, which no field rule writes.", "Add a rule."
            )


def _protected(scene: Scene, table: EntityMetadata) -> Iterator[Finding]:
    for position, rule in enumerate(scene.task.target.protect):
        yield from lint_condition(("target", "protect", position), rule, table.columns, table.name)


def _vanished(scene: Scene, table: EntityMetadata) -> Iterator[Finding]:
    vanished = scene.task.target.vanished
    for name, constant in vanished.set.items() if vanished else ():
        column = table.columns.get(name)
        fault = misfit(constant, column) if column else ""
        if fault:
            yield error(("target", "vanished", "set", name), fault)


def _quality(path: tuple[str | int, ...], rule: QualityRule, scene: Scene) -> Iterator[Finding]:
    columns = scene.columns if rule.stage == "raw" else (scene.target.columns if scene.target else None)
    column = (columns or {}).get(rule.field or "")
    if rule.pattern is not None:
        try:
            re.compile(rule.pattern)
        except re.error as exc:
            yield error((*path, "pattern"), f"`{rule.pattern}` is not a regular expression: {exc}.")
    if column is None:
        return
    for position, constant in enumerate(rule.values):
        fault = misfit(constant, column)
        if fault:
            yield error((*path, "values", position), fault)
    yield from _comparable(path, rule, column)


def _comparable(path: tuple[str | int, ...], rule: QualityRule, column: Column) -> Iterator[Finding]:
    if rule.expect in ("between", "decimals_at_most") and column.kind not in NUMBERS:
        yield error((*path, "expect"), f"`{rule.expect}` is about numbers; `{column.name}` is not one.")
    if rule.expect in ("max_length", "matches") and column.kind not in (ColumnKind.TEXT, ColumnKind.ENUM):
        yield error((*path, "expect"), f"`{rule.expect}` is about text; `{column.name}` is none.")
