"""Find contradictions between the settings a mapping declares and the places that use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fs_integration.spec.advice import nearest
from fs_integration.spec.columns import SETTINGS
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Contradiction
from fs_integration.spec.mapping import Condition, Mapping, MappingTask

LEGAL_ENTITY = "legal_entity"  # a setting that always exists
PLACES = "Settings stand in `from`, `args`, `keep` and `by` of `enrich` only."


def setting_contradictions(mapping: Mapping) -> Iterator[Contradiction]:
    """Yield settings declared in vain or against themselves, and used without being declared or in a wrong place."""
    used: set[str] = set()
    for number, task in enumerate(mapping.tasks):
        for path, name in _readable(task):
            setting = name.removeprefix(SETTINGS)
            used.add(setting)
            if setting != LEGAL_ENTITY and setting not in mapping.settings:
                known = [LEGAL_ENTITY, *mapping.settings]
                advice = nearest(setting, known) or "Declare it under `settings:` of the mapping."
                yield ("tasks", number, *path), f"There is no setting `{setting}`.", advice
        for path, name in _elsewhere(task):
            yield ("tasks", number, *path), f"`{name}` cannot be used here.", PLACES
            used.add(name.removeprefix(SETTINGS))
    yield from _declared(mapping, used)


def condition_columns(path: KeyPath, condition: Condition) -> Iterator[tuple[KeyPath, str]]:
    """Yield every column a condition looks at, with its place."""
    if condition.field:
        yield (*path, "field"), condition.field
    if condition.same_as is not None:
        yield (*path, "same_as"), condition.same_as
    for number, each in enumerate(condition.any_of):
        yield from condition_columns((*path, "any_of", number), each)


def _declared(mapping: Mapping, used: set[str]) -> Iterator[Contradiction]:
    misspelt = used - set(mapping.settings) - {LEGAL_ENTITY}
    for name, setting in mapping.settings.items():
        path: KeyPath = ("settings", name)
        if name == LEGAL_ENTITY:
            yield path, f"`{name}` is always there and cannot be declared.", "Remove it, or choose another name."
        elif name not in used and not misspelt:  # a misspelt use leaves the right name unused
            yield path, f"Nothing uses the setting `{name}`.", f"Remove it, or use `{SETTINGS}{name}`."
        if setting.required and setting.default is not None:
            yield (*path, "default"), "A required setting has no default.", "Remove `default` or `required`."
        if setting.one_of and setting.default is not None and setting.default not in setting.one_of:
            allowed = ", ".join(str(one) for one in setting.one_of)
            yield (
                (*path, "default"),
                f"`{setting.default}` is not one of {allowed}.",
                "Add it to `one_of`, or change it.",
            )


def _readable(task: MappingTask) -> Iterator[tuple[KeyPath, str]]:
    """Yield the settings in the places where rules read columns of a row that was read."""
    yield from _settings(_read_places(task))


def _read_places(task: MappingTask) -> Iterator[tuple[KeyPath, str]]:
    for number, keep in enumerate(task.source.keep):
        yield from condition_columns(("source", "keep", number), keep)
    for number, step in enumerate(task.source.enrich):
        yield from ((("source", "enrich", number, "by", n), name) for n, name in enumerate(step.by))
    for number, rule in enumerate(task.fields):
        if rule.from_ is not None:
            yield ("fields", number, "from"), rule.from_
        yield from ((("fields", number, "args", n), name) for n, name in enumerate(rule.args))


def _elsewhere(task: MappingTask) -> Iterator[tuple[KeyPath, str]]:
    """Yield the settings in all other places that name a column."""
    yield from _settings(_other_places(task))


def _other_places(task: MappingTask) -> Iterator[tuple[KeyPath, str]]:
    source, target = task.source, task.target
    yield from ((("source", "key", n), name) for n, name in enumerate(source.key))
    single = {
        ("source", "company_field"): source.company_field, ("source", "document"): source.document,
        ("source", "changed_since", "field"): source.changed_since.field if source.changed_since else None,
    }  # fmt: skip
    yield from ((path, name) for path, name in single.items() if name)
    if source.group is not None:
        yield from ((("source", "group", "by", n), name) for n, name in enumerate(source.group.by))
        yield from ((("source", "group", "sum", n), name) for n, name in enumerate(source.group.sum))
    conditions: dict[KeyPath, tuple[Condition, ...]] = {
        ("source", "where"): source.where,
        ("target", "protect"): target.protect,
        ("target", "create_when"): target.create_when,
        **{("references", name, "where"): each.where for name, each in task.references.items()},
    }
    for path, rules in conditions.items():
        for number, rule in enumerate(rules):
            yield from condition_columns((*path, number), rule)
    for number, check in enumerate(task.quality):
        yield from ((("quality", number, "field"), name) for name in (check.field, *check.fields) if name)
    yield from ((("fields", number, "to"), rule.to) for number, rule in enumerate(task.fields))


def _settings(places: Iterable[tuple[KeyPath, str]]) -> Iterator[tuple[KeyPath, str]]:
    return ((path, name) for path, name in places if name.startswith(SETTINGS))
