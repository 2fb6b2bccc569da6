"""Lint of conditions: do the columns exist, and can the constants be their values."""

from __future__ import annotations

from collections.abc import Iterator

from fs_integration.spec.columns import SETTINGS
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Finding, error
from fs_integration.spec.fit import misfit
from fs_integration.spec.mapping import Condition
from fs_integration.spec.metadata import Column, ColumnKind
from fs_integration.spec.scene import View

NULLABLE = (ColumnKind.TEXT, ColumnKind.DATE, ColumnKind.DATETIME)  # of F&O: the others have a value always


def lint_condition(path: KeyPath, rule: Condition, view: View) -> Iterator[Finding]:
    """Yield what does not fit in a condition on rows that have been read."""
    for number, each in enumerate(rule.any_of):
        yield from lint_condition((*path, "any_of", number), each, view)
    if "in_" in rule.model_fields_set and not rule.in_:
        yield error((*path, "in"), "Nothing can be in an empty list.", "Add values, or remove the condition.")
    names = (("field", rule.field), ("same_as", rule.same_as or ""), ("differs_from", rule.differs_from or ""))
    for word, name in ((word, name) for word, name in names if name and not name.startswith(SETTINGS)):
        if name not in view.columns:
            yield view.unknown((*path, word), name)
    if rule.field in view.columns:
        yield from _constants(path, rule, view.columns[rule.field])


def lint_filter(path: KeyPath, rule: Condition, view: View) -> Iterator[Finding]:
    """Yield what does not fit in a condition that the service evaluates."""
    yield from lint_condition(path, rule.model_copy(update={"any_of": ()}) if rule.any_of else rule, view)
    for number, each in enumerate(rule.any_of):
        yield from lint_filter((*path, "any_of", number), each, view)
    column = view.columns.get(rule.field)
    if column is None:
        return
    wanted = column.enum_type if column.kind is ColumnKind.ENUM else None
    if rule.enum != wanted:
        advice = f"Write `enum: {wanted}`." if wanted else "Remove `enum`."
        kind = f"is of the enumeration `{wanted}`" if wanted else "is of no enumeration"
        yield error((*path, "enum"), f"`{rule.field}` {kind}.", advice)
    if view.table.system == "finance_operations":
        yield from _finance_operations(path, rule, column)


def _constants(path: KeyPath, rule: Condition, column: Column) -> Iterator[Finding]:
    given = {"is": rule.is_, "is_not": rule.is_not, "at_least": rule.at_least, "at_most": rule.at_most}
    for word, constant in (*given.items(), *(("in", constant) for constant in rule.in_)):
        fault = misfit(constant, column)
        if fault:
            yield error((*path, word), fault, "Write a value that the column can have.")


def _finance_operations(path: KeyPath, rule: Condition, column: Column) -> Iterator[Finding]:
    """Comparisons that Finance & Operations does not know."""
    bounds = [word for word in ("at_least", "at_most") if getattr(rule, word) is not None]
    if column.kind is ColumnKind.ENUM and bounds:
        message = f"`{rule.field}` is an enumeration; the service knows no order of its members."
        yield error((*path, bounds[0]), message, "Use `is`, `is_not` or `in`.")
    is_empty = [word for word, name in (("is", "is_"), ("is_not", "is_not")) if name in rule.model_fields_set]
    if is_empty and rule.is_ is None and rule.is_not is None and column.kind not in NULLABLE:
        message = f"`{rule.field}` of Finance & Operations always has a value."
        yield error((*path, is_empty[0]), message, "Compare it with a value.")
