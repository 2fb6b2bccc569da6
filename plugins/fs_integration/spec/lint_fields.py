"""Lint of the field rules: does every value that arrives fit the column it is written to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from fs_integration.spec.advice import nearest
from fs_integration.spec.finding import Finding, Scene, error, placed, unknown_column, warning
from fs_integration.spec.fit import NUMBERS, inconvertible, misfit, uncovered
from fs_integration.spec.mapping import FieldRule, Lookup, Otherwise, Scalar
from fs_integration.spec.metadata import Column, ColumnKind


def lint_fields(scene: Scene, functions: Collection[str]) -> Iterator[Finding]:
    """Yield what does not fit in ``fields``."""
    for position, rule in enumerate(scene.task.fields):
        yield from placed(("fields", position), _field(scene, rule, functions))


def _field(scene: Scene, rule: FieldRule, functions: Collection[str]) -> Iterator[Finding]:
    if rule.fn is not None and rule.fn not in functions:
        yield error(("fn",), f"There is no function `{rule.fn}`.", nearest(rule.fn, functions) or _known(functions))
    if scene.target is None:
        return
    column = scene.target.columns.get(rule.to)
    if column is None:
        yield unknown_column(("to",), rule.to, scene.target.name, scene.target.columns)
        return
    yield from _writable(rule, column)
    yield from _limits(rule, column)
    given = (scene.columns or {}).get(rule.from_ or "")
    if rule.lookup is not None:
        yield from placed(("lookup",), _lookup(scene, rule.lookup, column))
        if rule.otherwise is Otherwise.KEEP and column.kind is ColumnKind.LOOKUP:
            message = f"`{rule.to}` takes the id of a row; a value that was not found cannot be kept."
            yield error(("otherwise",), message, "Write `reject`, `block`, `skip` or `null`.")
    elif column.kind is ColumnKind.LOOKUP:
        yield error(("to",), f"`{rule.to}` refers to a row of `{column.target_table}`.", "Add a `lookup`.")
        return
    if rule.value_map is not None:
        yield from _value_map(scene, rule, given, column)
    elif rule.lookup is None:
        yield from _plain(rule, given, column)


def _known(functions: Collection[str]) -> str:
    return f"Known are: {', '.join(sorted(functions))}."


def _writable(rule: FieldRule, column: Column) -> Iterator[Finding]:
    if not column.can_create and not column.can_update:
        yield error(("to",), f"`{column.name}` is read-only.", "Remove this rule.")
    elif not column.can_create:
        yield error(("to",), f"`{column.name}` cannot be given on create.", "Remove this rule.")
    elif not column.can_update and not rule.only_on_create:
        yield error(("to",), f"`{column.name}` can be given on create only.", "Add `only_on_create: true`.")


def _limits(rule: FieldRule, column: Column) -> Iterator[Finding]:
    kind = rule.kind or column.kind
    if kind is not column.kind:
        yield error(("kind",), f"`{column.name}` is of the kind `{column.kind.value}`.", "Remove `kind`.")
    if rule.round is not None and kind is not ColumnKind.DECIMAL:
        yield error(("round",), f"`{column.name}` is not a number with decimals.", "Remove `round`.")
    if rule.clamp is not None and kind not in NUMBERS:
        yield error(("clamp",), f"`{column.name}` is not a number.", "Remove `clamp`.")
    for word, bound in (("min", rule.clamp.min), ("max", rule.clamp.max)) if rule.clamp and kind in NUMBERS else ():
        fault = misfit(bound, column)
        if fault:
            yield error(("clamp", word), fault)
    if (rule.max_length is not None or rule.too_long == "truncate") and kind is not ColumnKind.TEXT:
        yield error(("max_length",), f"`{column.name}` is not text.", "Remove `max_length` and `too_long`.")
    if rule.max_length and column.max_length and rule.max_length > column.max_length:
        yield error(("max_length",), f"`{column.name}` takes at most {column.max_length} characters.")
    precision = column.precision if column.kind is ColumnKind.DECIMAL and rule.value_map is None else None
    if precision is not None and (rule.round is None or rule.round > precision):
        message = f"`{column.name}` holds {precision} decimals; more would come back rounded and look changed."
        yield error(("round",), message, f"Add `round: {precision}`.")


def _lookup(scene: Scene, lookup: Lookup, column: Column) -> Iterator[Finding]:
    table = scene.references.get(lookup.reference)
    if table is None:
        return
    taken = table.columns.get(lookup.take)
    if column.kind is not ColumnKind.LOOKUP:
        fault = inconvertible(taken, column) if taken else ""
        if fault:
            yield error(("take",), fault)
        return
    if column.target_table != table.name:
        message = f"`{column.name}` refers to `{column.target_table}`, the reference reads `{table.name}`."
        yield error(("reference",), message, f"Name a reference of `{column.target_table}`.")
    elif lookup.take != table.primary_id:
        yield error(("take",), f"`{column.name}` takes the id of a row.", f"Write `take: {table.primary_id}`.")


def _value_map(scene: Scene, rule: FieldRule, given: Column | None, column: Column) -> Iterator[Finding]:
    entries = scene.value_maps.get(rule.value_map, {}) if isinstance(rule.value_map, str) else rule.value_map or {}
    if rule.lookup is None:
        yield from _answers(entries, column)
    if given is None or not given.options:
        return
    known = {option.lower() for option in given.options}
    for key in entries:
        if key.lower() not in known:
            message = f"`{given.name}` is never `{key}`; it is one of {', '.join(given.options)}."
            yield error(("value_map",), message, nearest(key, given.options))
    missing = uncovered(given, entries)
    if missing and rule.otherwise is Otherwise.REJECT and rule.unmapped == "reject":
        message = f"Rows whose `{given.name}` is {' or '.join(missing)} are quarantined."
        yield warning(("value_map",), message, "Add entries, or say so with `otherwise`.")


def _answers(entries: Mapping[str, Scalar], column: Column) -> Iterator[Finding]:
    for key, answer in entries.items():
        fault = misfit(answer, column)
        if fault:
            yield error(("value_map",), f"The entry `{key}`: {fault}")


def _plain(rule: FieldRule, given: Column | None, column: Column) -> Iterator[Finding]:
    """A value that is written as it is read, or a constant."""
    if rule.from_ is None and rule.fn is None:
        fault = misfit(rule.value, column)
        if fault:
            yield error(("value",), fault)
    fault = misfit(rule.default, column)
    if fault:
        yield error(("default",), fault)
    if given is None:
        return
    fault = inconvertible(given, column)
    if fault:
        yield error(("from",), fault, "Add a `value_map`." if column.options else "")
    if given.max_length and column.max_length and given.max_length > column.max_length and rule.too_long == "reject":
        message = f"`{given.name}` may have {given.max_length} characters, `{column.name}` takes {column.max_length}."
        yield warning(("too_long",), message, "Longer ones are quarantined; write `too_long: truncate` to cut them.")
