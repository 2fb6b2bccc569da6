"""Lint of the field rules: does every value that arrives fit the column it is written to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from fs_integration.spec.advice import nearest
from fs_integration.spec.columns import HEADER, SETTINGS
from fs_integration.spec.finding import Finding, error, placed, unknown_column, warning
from fs_integration.spec.fit import IDS, NUMBERS, incomparable, inconvertible, misfit, uncovered
from fs_integration.spec.lint_values import arriving, entries_of
from fs_integration.spec.mapping import FieldRule, Lookup, Otherwise, Scalar
from fs_integration.spec.metadata import Column, ColumnKind
from fs_integration.spec.scene import Scene


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
        yield from _unknown(scene, rule)
        return
    given = scene.rows.columns.get(rule.from_ or "") if scene.rows else None
    yield from _writable(scene, rule, column)
    yield from _limits(rule, column)
    yield from _prefix(rule, given, column)
    if rule.lookup is not None:
        yield from placed(("lookup",), _lookup(scene, rule, given, column))
        if rule.otherwise is Otherwise.KEEP and column.kind is ColumnKind.LOOKUP:
            message = f"`{rule.to}` takes the id of a row; a value that was not found cannot be kept."
            yield error(("otherwise",), message, "Write `reject`, `block`, `skip` or `null`.")
    elif column.kind is ColumnKind.LOOKUP and (given is None or given.kind not in IDS):
        yield error(("to",), f"`{rule.to}` refers to a row of `{column.target_table}`.", "Add a `lookup`.")
        return
    if rule.value_map is not None:
        yield from _value_map(scene, rule, given, column)
    elif rule.lookup is None:
        yield from _plain(scene, rule, given, column)


def _unknown(scene: Scene, rule: FieldRule) -> Iterator[Finding]:
    if scene.target is None or (rule.to.startswith(HEADER) and scene.header is None):
        return  # a header that is missing or unknown is a fault of its own
    if rule.to.startswith(HEADER) and scene.header is not None:
        known = [f"{HEADER}{name}" for name in scene.header.columns]
        yield unknown_column(("to",), rule.to, scene.header.name, known)
        return
    yield unknown_column(("to",), rule.to, scene.target.table.name, scene.target.columns)


def _known(functions: Collection[str]) -> str:
    return f"Known are: {', '.join(sorted(functions))}."


def _writable(scene: Scene, rule: FieldRule, column: Column) -> Iterator[Finding]:
    key = scene.target.table.keys.get("primary", ()) if scene.target else ()
    if not column.can_create and not column.can_update:
        yield error(("to",), f"`{column.name}` is read-only.", "Remove this rule.")
    elif not column.can_create:
        yield error(("to",), f"`{column.name}` cannot be given on create.", "Remove this rule.")
    elif not column.can_update and not rule.only_on_create and rule.to not in key:  # a key column names the row
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
            yield error(("clamp", word), fault, "Write a bound within what the column holds.")
    if (rule.max_length is not None or rule.too_long == "truncate") and kind is not ColumnKind.TEXT:
        yield error(("max_length",), f"`{column.name}` is not text.", "Remove `max_length` and `too_long`.")
    if rule.max_length and column.max_length and rule.max_length > column.max_length:
        message = f"`{column.name}` takes at most {column.max_length} characters."
        yield error(("max_length",), message, f"Write {column.max_length}, or remove `max_length`.")
    precision = column.precision if column.kind is ColumnKind.DECIMAL and rule.value_map is None else None
    if precision is not None and (rule.round is None or rule.round > precision):
        message = f"`{column.name}` holds {precision} decimals; more would come back rounded and look changed."
        yield error(("round",), message, f"Add `round: {precision}`.")


def _prefix(rule: FieldRule, given: Column | None, column: Column) -> Iterator[Finding]:
    if rule.company_prefix is None:
        return
    if given is not None and given.kind not in (ColumnKind.TEXT, ColumnKind.ENUM):
        message = f"A company prefix goes before text, but `{rule.from_}` is none."
        yield error(("company_prefix",), message, "Remove `company_prefix`.")
    elif rule.lookup is None and rule.value_map is None and column.kind is not ColumnKind.TEXT:
        message = f"A company prefix goes before text, but `{rule.to}` takes none."
        yield error(("company_prefix",), message, "Remove `company_prefix`.")


def _lookup(scene: Scene, rule: FieldRule, given: Column | None, column: Column) -> Iterator[Finding]:
    view = scene.references.get(rule.lookup.reference) if rule.lookup else None
    if view is None or rule.lookup is None:
        return
    lookup, table = rule.lookup, view.table
    yield from _found(scene, lookup, given if rule.value_map is None else None)
    taken = view.columns.get(lookup.take)
    if column.kind is not ColumnKind.LOOKUP:
        fault = inconvertible(taken, column) if taken else ""
        if fault:
            yield error(("take",), fault, "Take another column of the reference.")
        return
    if column.target_table != table.name:
        message = f"`{column.name}` refers to `{column.target_table}`, the reference reads `{table.name}`."
        yield error(("reference",), message, f"Name a reference of `{column.target_table}`.")
    elif lookup.take != table.primary_id:
        yield error(("take",), f"`{column.name}` takes the id of a row.", f"Write `take: {table.primary_id}`.")


def _found(scene: Scene, lookup: Lookup, given: Column | None) -> Iterator[Finding]:
    """Values can only be found in a key column that holds the same sort of values."""
    view = scene.references[lookup.reference]
    own = [name for name in scene.task.references[lookup.reference].key if name not in lookup.within]
    wanted = view.columns.get(own[0]) if view and own else None
    fault = incomparable(given, wanted) if given and wanted else ""
    if fault:
        yield error(("reference",), fault, "Name a reference whose key holds such values.")


def _value_map(scene: Scene, rule: FieldRule, given: Column | None, column: Column) -> Iterator[Finding]:
    entries = entries_of(scene, rule)
    if rule.lookup is None:
        yield from _answers(entries, column)
    if given is None or not given.options:
        return
    known = {option.lower() for option in given.options}
    for key in entries:
        if key.lower() not in known:
            message = f"`{given.name}` is never `{key}`; it is one of {', '.join(given.options)}."
            yield error(("value_map",), message, nearest(key, given.options) or "Remove the entry.")
    passing = arriving(scene, rule)
    missing = [option for option in uncovered(given, entries) if option in passing]
    if missing and rule.otherwise is Otherwise.REJECT and rule.unmapped == "reject":
        message = f"Rows whose `{given.name}` is {' or '.join(missing)} are quarantined."
        yield warning(("value_map",), message, "Add entries, or say so with `otherwise`.")


def _answers(entries: Mapping[str, Scalar], column: Column) -> Iterator[Finding]:
    for key, answer in entries.items():
        fault = misfit(answer, column)
        if fault:
            yield error(("value_map",), f"The entry `{key}`: {fault}", "Write a value that the column can have.")


def _plain(scene: Scene, rule: FieldRule, given: Column | None, column: Column) -> Iterator[Finding]:
    """A value that is written as it is read, or a constant."""
    constants = {"default": [rule.default], "from": _setting_values(scene, rule)}
    if rule.from_ is None and rule.fn is None:
        constants["value"] = [rule.value]
    for word, values in constants.items():
        for fault in filter(None, (misfit(value, column) for value in values)):
            yield error((word,), fault, "Write a value that the column can have.")
    if given is None:
        return
    fault = inconvertible(given, column)
    if fault:
        yield error(("from",), fault, "Add a `value_map`." if column.options else "Choose another column.")
    if given.max_length and column.max_length and given.max_length > column.max_length and rule.too_long == "reject":
        message = f"`{given.name}` may have {given.max_length} characters, `{column.name}` takes {column.max_length}."
        yield warning(("too_long",), message, "Longer ones are quarantined; write `too_long: truncate` to cut them.")


def _setting_values(scene: Scene, rule: FieldRule) -> list[Scalar]:
    """Return the values a setting is known to take, when the rule writes one."""
    setting = scene.area.settings.get((rule.from_ or "").removeprefix(SETTINGS))
    if setting is None or not (rule.from_ or "").startswith(SETTINGS):
        return []
    return [setting.default, *setting.one_of]
