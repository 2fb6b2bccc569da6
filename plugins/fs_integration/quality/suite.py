"""What to check on a batch: the mapping's ``quality:`` rules, then what the tables themselves demand.

A check is plain data here; ``expectations`` turns it into a Great Expectations expectation and ``conditions`` tells the
failing rows. The rules of the mapping come first, so that their reason is the one a value is refused with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, cast

from fs_integration.frames import KEY, SOURCE_KEY
from fs_integration.spec.columns import source_columns
from fs_integration.spec.mapping import MappingTask, QualityRule, Scalar
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

Expect = Literal["not_null", "unique", "max_length", "between", "one_of", "matches", "decimals_at_most"]
Failing = Literal["reject_row", "stop_batch", "warn"]
RUN_RULES = ("row_count_between", "row_count_change")  # about a whole run, hence decided by the gate


@dataclass(frozen=True)
class Check:
    """One condition that every row of a batch is to fulfil. Missing values fulfil all but ``not_null``.

    :param fields: columns it is about; several only for ``unique``.
    :param rule: short stable name, kept in the rejection.
    :param minimum: for ``between``; :param maximum: for ``between``, ``max_length`` and ``decimals_at_most``.
    """

    expect: Expect
    fields: tuple[str, ...]
    rule: str
    reason: str
    failing: Failing = "reject_row"
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    values: tuple[Scalar, ...] = ()
    pattern: str = ""

    @property
    def field(self) -> str:
        """The columns as one text, as rejections name them."""
        return ", ".join(self.fields)


@dataclass(frozen=True)
class Suite:
    """The checks of one stage.

    :param key: columns that name a row in a rejection; :param columns: columns that must be there, else nothing of the
        batch can be trusted.
    """

    key: tuple[str, ...]
    columns: tuple[str, ...]
    checks: tuple[Check, ...]


def raw_checks(task: MappingTask, source: EntityMetadata) -> Suite:
    """Return the checks of the rows as they were read: key there and unique, enumeration members known.

    A part of a key may be blank, as the dimensions of a product without variants are; a key of one column may not.
    """
    key = task.source.key
    columns = source_columns(task)
    checks = [
        *_ruled(task.quality, "raw"),
        *[_not_null(name, "key_missing", f"`{name}` is part of the source key and must have a value.")
          for name in key if len(key) == 1],
        Check("unique", key, "duplicate_source_key",
              f"Several source rows have this {', '.join(key)}; which of them is right cannot be told."),
        *(_members(source.columns[name]) for name in columns if _is_enumeration(task, source, name)),
    ]  # fmt: skip
    return Suite(key, tuple(columns), tuple(checks))


def shaped_checks(task: MappingTask, target: EntityMetadata) -> Suite:
    """Return the checks of the rows as they would be written: all that the target table says about its columns."""
    key = task.target.key
    checks = [*_ruled(task.quality, "shaped")]
    checks += [_not_null(name, "key_missing", f"`{name}` is part of the key and must have a value.") for name in key]
    same = f"Several rows have this {', '.join(key)}; which of them is right cannot be told."
    checks.append(Check("unique", (KEY,), "duplicate_key", same))
    for field in task.active_fields:
        if field.to in target.columns:
            checks += _structural(target.columns[field.to])
    return Suite((SOURCE_KEY,), (*(field.to for field in task.active_fields), KEY, SOURCE_KEY), tuple(checks))


def _ruled(rules: Iterable[QualityRule], stage: str) -> Iterator[Check]:
    for rule in rules:
        if rule.stage == stage and rule.expect not in RUN_RULES:
            fields = rule.fields or ((rule.field,) if rule.field else ())
            reason = rule.reason or _reason(rule, ", ".join(fields))
            yield Check(
                cast(Expect, rule.expect), fields, rule.expect, reason, rule.failing,
                minimum=_exact(rule.min), maximum=_exact(rule.max), values=rule.values, pattern=rule.pattern or "",
            )  # fmt: skip


def _reason(rule: QualityRule, field: str) -> str:
    """Return what to tell a consultant when the mapping gives no reason of its own."""
    within = " and ".join(
        text
        for text in (
            f"at least {rule.min}" if rule.min is not None else "",
            f"at most {rule.max}" if rule.max is not None else "",
        )
        if text
    )
    return {
        "not_null": f"`{field}` must have a value.",
        "unique": f"Several rows have this {field}.",
        "max_length": f"`{field}` takes at most {rule.max} characters.",
        "between": f"`{field}` must be {within}.",
        "one_of": f"`{field}` must be one of {', '.join(map(str, rule.values))}.",
        "matches": f"`{field}` must look like `{rule.pattern}`.",
        "decimals_at_most": f"`{field}` takes at most {rule.max} decimals.",
    }[rule.expect]


def _structural(column: Column) -> Iterator[Check]:
    name = column.name
    if column.required:
        yield _not_null(name, "required", f"`{name}` must have a value in the target.")
    if column.kind is ColumnKind.TEXT and column.max_length:
        reason = f"`{name}` takes at most {column.max_length} characters."
        yield Check("max_length", (name,), "max_length", reason, maximum=Decimal(column.max_length))
    if column.kind is ColumnKind.DECIMAL and column.precision is not None:
        reason = f"`{name}` takes at most {column.precision} decimals; give the field a `round`."
        yield Check("decimals_at_most", (name,), "precision", reason, maximum=Decimal(column.precision))
    if column.kind in (ColumnKind.DECIMAL, ColumnKind.INTEGER) and (column.minimum, column.maximum) != (None, None):
        yield _range(column)
    if column.kind is ColumnKind.OPTION and column.options:
        reason = f"`{name}` has no option with this number; it has {', '.join(column.options)}."
        yield Check("one_of", (name,), "option", reason, values=tuple(int(option) for option in column.options))


def _range(column: Column) -> Check:
    lowest = "" if column.minimum is None else f"at least {column.minimum}"
    highest = "" if column.maximum is None else f"at most {column.maximum}"
    reason = f"`{column.name}` must be {' and '.join(part for part in (lowest, highest) if part)}."
    return Check("between", (column.name,), "range", reason, minimum=column.minimum, maximum=column.maximum)


def _members(column: Column) -> Check:
    reason = (
        f"`{column.name}` has no member of this name; its enumeration {column.enum_type or ''} may have been changed."
    )
    return Check("one_of", (column.name,), "enum_member", reason, values=column.options)


def _is_enumeration(task: MappingTask, source: EntityMetadata, name: str) -> bool:
    """Packages write labels or numbers for enumerations, as the export project says, so only OData rows are checked."""
    column = source.columns.get(name)
    return bool(task.source.route == "odata" and column and column.kind is ColumnKind.ENUM and column.options)


def _not_null(name: str, rule: str, reason: str) -> Check:
    return Check("not_null", (name,), rule, reason)


def _exact(bound: float | None) -> Decimal | None:
    return None if bound is None else Decimal(str(bound))
