"""Find contradictions in what a task reads: conditions, documents, references, what is checked before the run."""

from __future__ import annotations

from collections.abc import Iterator

from fs_integration.spec.advice import nearest, nearest_or_all
from fs_integration.spec.columns import added_columns
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Contradiction
from fs_integration.spec.mapping import Condition, Mapping, MappingTask, Reference, Source
from fs_integration.spec.paths import SEPARATOR

VALUE_MAP_COLUMNS = ("from", "to")
KEPT = "The service cannot compare two columns."


def source_contradictions(task: MappingTask, mapping: Mapping) -> Iterator[Contradiction]:
    """Yield what contradicts itself in ``source``, ``references`` and ``preflight``."""
    yield from _comparisons(task)
    yield from _source_words(task)
    yield from _document(task)
    yield from _enrich(task)
    for name, reference in task.references.items():
        found = (*_reference(reference), *_value_map_reference(reference, mapping))
        yield from ((("references", name, *path), message, advice) for path, message, advice in found)
    yield from _preflight(task)
    yield from _unused(task)


def _comparisons(task: MappingTask) -> Iterator[Contradiction]:
    """Conditions that a service evaluates, or that look at rows of the target, know constants only."""
    lists: dict[KeyPath, tuple[Condition, ...]] = {
        ("source", "where"): task.source.where,
        ("target", "protect"): task.target.protect,
        **{("references", name, "where"): each.where for name, each in task.references.items()},
    }
    for path, rules in lists.items():
        is_protect = path[-1] == "protect"
        message = "The row in the target is compared with constants only." if is_protect else KEPT
        advice = "Compare with a constant." if is_protect else "Write the condition under `keep`."
        for number, rule in enumerate(rules):
            yield from ((place, message, advice) for place in _between_columns((*path, number), rule))


def _between_columns(path: KeyPath, rule: Condition) -> Iterator[KeyPath]:
    for word in ("same_as", "differs_from"):
        if getattr(rule, word) is not None:
            yield (*path, word)
    for number, each in enumerate(rule.any_of):
        yield from _between_columns((*path, "any_of", number), each)


def _source_words(task: MappingTask) -> Iterator[Contradiction]:
    source = task.source
    if source.system == "finance_operations":
        yield from _not_by_package(source)
        return
    for word in ("route", "package"):
        if word in source.model_fields_set:
            yield ("source", word), f"`{word}` is for sources in Finance & Operations.", f"Remove `{word}`."


def _not_by_package(source: Source) -> Iterator[Contradiction]:
    """Refuse what an export cannot do: its project alone decides which rows a package holds."""
    if source.route != "package":
        return
    if source.where:
        advice = "Filter in the export project, or write the conditions under `keep`."
        yield (
            ("source", "where"),
            "By the route `package` every row of the export is read; `where` never holds.",
            advice,
        )
    if source.changed_since is not None:
        advice = "Remove it, and let the project export all rows."
        message = "By the route `package` every row of the export is read; there is no window."
        yield ("source", "changed_since"), message, advice


def _document(task: MappingTask) -> Iterator[Contradiction]:
    source, path = task.source, ("source", "document")
    if source.document is None:
        return
    if source.system != "dataverse":
        yield path, "`document` is for sources in Dataverse, whose lines name their header.", "Remove `document`."
    elif SEPARATOR in source.document or source.document in added_columns(task):
        yield path, f"`{source.document}` is not a column of the source table itself.", "Name its look-up column."


def _enrich(task: MappingTask) -> Iterator[Contradiction]:
    for number, step in enumerate(task.source.enrich):
        path: KeyPath = ("source", "enrich", number)
        reference = task.references.get(step.reference)
        if reference is None:
            message = f"There is no reference `{step.reference}`."
            yield (*path, "reference"), message, nearest_or_all(step.reference, task.references)
            continue
        if len(step.by) != len(reference.key):
            yield (
                (*path, "by"),
                f"`by` names {len(step.by)} columns, the key of `{step.reference}` has {len(reference.key)}.",
                f"Name one for each of {', '.join(reference.key)}.",
            )
        known = [*reference.key, *reference.take]
        for added, name in step.add.items():
            if name not in known:
                yield (
                    (*path, "add", added),
                    f"The reference `{step.reference}` does not take `{name}`.",
                    nearest(name, known) or "Add it to `take`.",
                )


def _reference(reference: Reference) -> Iterator[Contradiction]:
    is_table = reference.system in ("finance_operations", "dataverse")
    if not is_table:
        for word in ("where", "same_company", "company_field"):
            if word in reference.model_fields_set:
                yield (word,), f"A reference to `{reference.system}` has no `{word}`.", f"Remove `{word}`."
    elif reference.system == "dataverse" and reference.same_company and not reference.company_field:
        message = "Nothing tells whose the rows of this table are."
        yield ("same_company",), message, "Add `company_field: owningbusinessunit.name`."
    elif reference.company_field and (reference.system != "dataverse" or not reference.same_company):
        message = "`company_field` of a reference is for Dataverse, together with `same_company: true`."
        yield ("company_field",), message, "Add `same_company: true`, or remove it."
    if reference.system == "ledger" and reference.entity.count(".") != 1:
        message = f"`{reference.entity}` does not name a task of a mapping."
        yield ("entity",), message, "Write `<mapping>.<task>`, for example `warehouses.warehouse`."


def _value_map_reference(reference: Reference, mapping: Mapping) -> Iterator[Contradiction]:
    if reference.system != "value_map":
        return
    if reference.entity not in mapping.value_maps:
        message = f"There is no value map `{reference.entity}`."
        yield ("entity",), message, nearest(reference.entity, mapping.value_maps) or "Add it to `value_maps`."
    for word, names in (("key", reference.key), ("take", reference.take)):
        for position, name in enumerate(names):
            if name not in VALUE_MAP_COLUMNS:
                yield (word, position), f"A value map has no column `{name}`.", "Its columns are `from` and `to`."


def _preflight(task: MappingTask) -> Iterator[Contradiction]:
    for number, check in enumerate(task.preflight):
        reference = task.references.get(check.reference)
        if reference is None:
            message, advice = (
                f"There is no reference `{check.reference}`.",
                nearest_or_all(check.reference, task.references),
            )
            yield ("preflight", number, "reference"), message, advice
        elif reference.system == "value_map":
            message = f"`{check.reference}` is a value map; its rows are in this file."
            yield ("preflight", number, "reference"), message, "Remove this check."
        if check.max_rows is not None and check.max_rows < check.min_rows:
            message = f"At most {check.max_rows} rows and at least {check.min_rows}: no number of rows is both."
            yield ("preflight", number, "max_rows"), message, "Correct one of the two; `min_rows` is 1 unless given."


def _unused(task: MappingTask) -> Iterator[Contradiction]:
    used = {step.reference for step in task.source.enrich} | {check.reference for check in task.preflight}
    used |= {rule.lookup.reference for rule in task.fields if rule.lookup}
    if not used <= set(task.references):  # a misspelt name leaves the right one unused
        return
    for name in task.references:
        if name not in used:
            message = f"Nothing uses the reference `{name}`, but every run would read it."
            yield ("references", name), message, "Remove it, or use it."
