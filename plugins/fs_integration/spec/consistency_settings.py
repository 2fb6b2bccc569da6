"""Find contradictions between the settings a mapping declares and the places that use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fs_integration.spec.advice import nearest
from fs_integration.spec.columns import SETTINGS
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Contradiction
from fs_integration.spec.mapping import Condition, Mapping, MappingTask
from fs_integration.spec.places import (
    Place,
    entity_places,
    filter_places,
    group_places,
    reference_places,
    row_places,
    target_places,
)

LEGAL_ENTITY = "legal_entity"  # a setting that always exists
PLACES = "Settings stand in `from`, `args`, `keep` and `by` of `enrich` only."


def setting_contradictions(mapping: Mapping) -> Iterator[Contradiction]:
    """Yield settings declared in vain or against themselves, and used without being declared or in a wrong place."""
    used: set[str] = set()
    for number, task in enumerate(mapping.tasks):
        for path, name in _settings(row_places(task)):
            setting = name.removeprefix(SETTINGS)
            used.add(setting)
            if setting != LEGAL_ENTITY and setting not in mapping.settings:
                known = [LEGAL_ENTITY, *mapping.settings]
                advice = nearest(setting, known) or "Declare it under `settings:` of the mapping."
                yield ("tasks", number, *path), f"There is no setting `{setting}`.", advice
        for path, name in _settings(_elsewhere(task)):
            yield ("tasks", number, *path), f"`{name}` cannot be used here.", PLACES
            used.add(name.removeprefix(SETTINGS))
        for position, keep in enumerate(task.source.keep):
            yield from _never(("tasks", number, "source", "keep", position), keep, mapping)
    yield from _declared(mapping, used)


def _never(path: KeyPath, rule: Condition, mapping: Mapping) -> Iterator[Contradiction]:
    """Yield constants that a setting with a closed list is compared with and can never be."""
    for number, each in enumerate(rule.any_of):
        yield from _never((*path, "any_of", number), each, mapping)
    setting = mapping.settings.get(rule.field.removeprefix(SETTINGS)) if rule.field.startswith(SETTINGS) else None
    if setting is None or not setting.one_of:
        return
    for word, constant in (("is", rule.is_), ("is_not", rule.is_not), *(("in", constant) for constant in rule.in_)):
        if constant is not None and constant not in setting.one_of:
            allowed = ", ".join(str(one) for one in setting.one_of)
            yield (*path, word), f"`{rule.field}` is never `{constant}`.", f"It is one of {allowed}."


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


def _elsewhere(task: MappingTask) -> Iterator[Place]:
    """Yield the columns in all places where no setting may stand."""
    yield from entity_places(task)
    yield from filter_places(task)
    yield from group_places(task)
    yield from target_places(task)
    for name in task.references:
        yield from reference_places(task, name)
    yield from ((("fields", n, "to"), rule.to) for n, rule in enumerate(task.fields))
    for n, check in enumerate(task.quality):
        if check.stage == "shaped":
            yield from ((("quality", n, "field"), name) for name in (check.field, *check.fields) if name)


def _settings(places: Iterable[Place]) -> Iterator[Place]:
    return ((path, name) for path, name in places if name.startswith(SETTINGS))
