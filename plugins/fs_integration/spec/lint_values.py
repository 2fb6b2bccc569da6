"""Which values can arrive at a field rule, and leave it, as far as closed lists and conditions tell."""

from __future__ import annotations

from collections.abc import Mapping

from fs_integration.spec.fit import admits
from fs_integration.spec.mapping import Condition, FieldRule, Scalar
from fs_integration.spec.scene import Scene


def entries_of(scene: Scene, rule: FieldRule) -> Mapping[str, Scalar]:
    """Return the entries of a rule's value map; none when it has no map, or names one that does not exist."""
    named = scene.area.value_maps
    return named.get(rule.value_map, {}) if isinstance(rule.value_map, str) else rule.value_map or {}


def arriving(scene: Scene, rule: FieldRule) -> tuple[str, ...]:
    """Return the members of a closed list that pass the conditions of the source; none when the list is not closed."""
    column = scene.rows.columns.get(rule.from_ or "") if scene.rows else None
    source = scene.task.source
    conditions = [each for each in (*source.where, *source.keep) if each.field == rule.from_]
    options = column.options if column else ()
    return tuple(option for option in options if all(admits(each, option) for each in conditions))


def can_create(scene: Scene) -> bool:
    """Tell whether the conditions for new rows can hold for any row, as far as that can be told."""
    return all(_can_hold(scene, wanted) for wanted in scene.task.target.create_when)


def _can_hold(scene: Scene, wanted: Condition) -> bool:
    rule = next((rule for rule in scene.task.fields if rule.to == wanted.field), None)
    if rule is None or rule.lookup is not None or rule.fn is not None:
        return True
    if rule.from_ is None:
        return admits(wanted, str(rule.value))
    options, entries = arriving(scene, rule), entries_of(scene, rule)
    if not options or not entries:
        return True
    return any(admits(wanted, str(entries[option])) for option in options if option in entries)
