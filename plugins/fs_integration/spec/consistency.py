"""Find contradictions inside one mapping: names that lead nowhere, and rules that cannot hold together.

Needs nothing but the mapping, so a mapping that passes never fails on these in the middle of a run. What the two
services must confirm is the business of ``lint``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fs_integration.spec.advice import nearest, nearest_or_all
from fs_integration.spec.columns import added_columns
from fs_integration.spec.consistency_settings import setting_contradictions
from fs_integration.spec.consistency_source import source_contradictions
from fs_integration.spec.consistency_target import misplaced_prefix, target_contradictions
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Contradiction
from fs_integration.spec.mapping import FieldRule, Lookup, Mapping, MappingTask, QualityRule

NEEDED = {
    "max_length": ("max",), "one_of": ("values",), "matches": ("pattern",), "decimals_at_most": ("max",),
    "row_count_change": ("max_drop_percent",),
}  # fmt: skip
ABOUT_ALL_ROWS = ("row_count_between", "row_count_change")
BOUNDED = ("between", "row_count_between")


def contradictions(mapping: Mapping) -> Iterator[Contradiction]:
    """Yield every contradiction of a mapping, with its key path."""
    yield from _doubled(((("tasks", n, "name"), task.name) for n, task in enumerate(mapping.tasks)), "task")
    yield from setting_contradictions(mapping)
    for number, task in enumerate(mapping.tasks):
        for path, message, suggestion in _in_task(task, mapping):
            yield ("tasks", number, *path), message, suggestion


def _in_task(task: MappingTask, mapping: Mapping) -> Iterator[Contradiction]:
    yield from source_contradictions(task, mapping)
    yield from _fields(task, mapping)
    yield from _quality(task)
    yield from target_contradictions(task)


def _doubled(names: Iterable[tuple[KeyPath, str]], what: str) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for path, name in names:
        if name in seen:
            yield path, f"The {what} `{name}` is given twice.", "Remove one of the two."
        seen.add(name)


def _fields(task: MappingTask, mapping: Mapping) -> Iterator[Contradiction]:
    shaped: list[str] = []
    for number, rule in enumerate(task.fields):
        path: KeyPath = ("fields", number)
        yield from ((path + inner, message, advice) for inner, message, advice in _field(rule, task, mapping, shaped))
        shaped.append(rule.to)


def _field(rule: FieldRule, task: MappingTask, mapping: Mapping, shaped: list[str]) -> Iterator[Contradiction]:
    if isinstance(rule.value_map, str) and rule.value_map not in mapping.value_maps:
        yield (
            ("value_map",),
            f"There is no value map `{rule.value_map}`.",
            nearest_or_all(rule.value_map, mapping.value_maps),
        )
    if rule.lookup is not None:
        yield from (
            (("lookup", *inner), message, advice) for inner, message, advice in _lookup(rule.lookup, task, shaped)
        )
    if rule.args and rule.fn is None:
        yield ("args",), "`args` are handed to a function, but there is no `fn`.", "Add `fn` or remove `args`."
    if rule.only_on_create and rule.to in task.target.key:
        yield ("only_on_create",), "A key column is needed for updates too.", "Remove `only_on_create`."
    if misplaced_prefix(rule):
        yield ("company_prefix",), "A company prefix goes before text.", "Remove `company_prefix`."


def _lookup(lookup: Lookup, task: MappingTask, shaped: list[str]) -> Iterator[Contradiction]:
    reference = task.references.get(lookup.reference)
    if reference is None:
        yield (
            ("reference",),
            f"There is no reference `{lookup.reference}`.",
            nearest_or_all(lookup.reference, task.references),
        )
        return
    known = [*reference.key, *reference.take]
    if lookup.take not in known:
        yield (
            ("take",),
            f"The reference `{lookup.reference}` does not take `{lookup.take}`.",
            nearest(lookup.take, known) or "Add it to `take`.",
        )
    for name, column in lookup.within.items():
        if name not in reference.key:
            yield (
                ("within", name),
                f"`{name}` is not a key column of `{lookup.reference}`.",
                nearest_or_all(name, reference.key),
            )
        if column not in shaped:
            yield (
                ("within", name),
                f"`{column}` is not written by a field rule above this one.",
                nearest(column, shaped) or "Move its rule up.",
            )
    if len([name for name in reference.key if name not in lookup.within]) != 1:
        yield (
            (),
            f"Exactly one key column of `{lookup.reference}` must be left for the value.",
            f"Its key is {', '.join(reference.key)}; name the others under `within`.",
        )


def _quality(task: MappingTask) -> Iterator[Contradiction]:
    for number, rule in enumerate(task.quality):
        found = (*_incomplete(rule), *_misplaced(rule, task))
        yield from ((("quality", number, *inner), message, suggestion) for inner, message, suggestion in found)


def _incomplete(rule: QualityRule) -> Iterator[Contradiction]:
    for word in NEEDED.get(rule.expect, ()):
        if word not in rule.model_fields_set:
            yield (), f"`{rule.expect}` needs `{word}`.", f"Add `{word}`."
    if rule.expect in BOUNDED and rule.min is None and rule.max is None:
        yield (), f"`{rule.expect}` needs `min`, `max` or both.", "Add the bound that matters."
    if rule.expect in ABOUT_ALL_ROWS and rule.failing == "reject_row":
        advice = "Write `failing: stop_batch` or `failing: warn`."
        yield (), f"`{rule.expect}` speaks of all rows together, so no single row can be rejected.", advice
    if rule.expect not in ABOUT_ALL_ROWS and not (rule.field or rule.fields):
        yield (), f"`{rule.expect}` needs to know about which `field`.", "Add `field`."


def _misplaced(rule: QualityRule, task: MappingTask) -> Iterator[Contradiction]:
    if rule.stage == "shaped":
        shaped = [field.to for field in task.fields]
        for name in (rule.field, *rule.fields):
            if name and name not in shaped:
                advice = nearest(name, shaped) or "Write `stage: raw` for a source column."
                yield ("field",), f"`{name}` is not a column the mapping writes.", advice
        return
    if rule.field in added_columns(task):
        yield ("field",), f"`{rule.field}` is added after the raw checks.", "Check it with `keep`, or after shaping."
