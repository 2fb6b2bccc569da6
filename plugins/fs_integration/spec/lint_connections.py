"""Lint of a connection set: does what it says about each company fit the mappings, and are companies kept apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fs_integration.spec.advice import nearest
from fs_integration.spec.columns import used_settings
from fs_integration.spec.connection_set import ConnectionSet, Organization
from fs_integration.spec.finding import Finding, error, placed, warning
from fs_integration.spec.lint_areas import Areas
from fs_integration.spec.lint_conditions import lint_condition
from fs_integration.spec.mapping import Condition, Mapping, MappingTask, Setting
from fs_integration.spec.scene import scene_of
from fs_integration.spec.tables import Tables


def lint_connection_set(connections: ConnectionSet, mappings: Areas, tables: Tables) -> Iterator[Finding]:
    """Yield everything that does not fit, with its key path in the connection set.

    :param mappings: all mappings by name; None for one that cannot be read.
    """
    areas = [area for area in mappings.values() if area is not None]
    is_complete = len(areas) == len(mappings)  # else a name may be known to the mapping that cannot be read
    yield from _apart(connections, areas)
    for position, company in enumerate(connections.organizations):
        found = [*_settings(company, areas, is_complete), *_filters(company, mappings, tables)]
        found += _value_maps(company, areas) if is_complete else ()
        yield from placed(("organizations", position), found)


def _apart(connections: ConnectionSet, areas: Collection[Mapping]) -> Iterator[Finding]:
    """Several companies share the tables of Dataverse; only business units and prefixes tell their rows apart."""
    readers = [area.mapping for area in areas if any(_reads_by_unit(task) for task in area.enabled_tasks)]
    units: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for position, company in enumerate(connections.organizations):
        unit, prefix, name = company.business_unit.lower(), company.key_prefix.lower(), company.legal_entity
        if not unit and readers and len(connections.organizations) > 1:
            message = (
                f"Company `{name}` names no business unit, so {', '.join(readers)} cannot tell its rows from others'."
            )
            yield error(("organizations", position), message, "Add `business_unit`, its unit in Dataverse.")
        if unit in units:
            message = f"`{company.business_unit}` is the business unit of `{units[unit]}` already."
            yield error(("organizations", position, "business_unit"), message, "Give each company a unit of its own.")
        if prefix in prefixes:
            message = f"`{company.key_prefix}` is the key prefix of `{prefixes[prefix]}` already."
            yield error(("organizations", position, "key_prefix"), message, "Give each company a prefix of its own.")
        units |= {unit: name} if unit else {}
        prefixes |= {prefix: name} if prefix else {}


def _reads_by_unit(task: MappingTask) -> bool:
    return task.source.system == "dataverse" and task.source.company_field is not None


def _settings(company: Organization, areas: Collection[Mapping], is_complete: bool) -> Iterator[Finding]:
    declared = {name: setting for area in areas for name, setting in area.settings.items()}
    for name, value in company.settings.items():
        if name not in declared:
            advice = nearest(name, declared) or "Remove it, or declare it under `settings:` of a mapping."
            if is_complete:
                yield error(("settings", name), f"No mapping has a setting `{name}`.", advice)
            continue
        for area in areas:
            allowed = area.settings[name].one_of if name in area.settings else ()
            if allowed and value not in allowed:
                choice = ", ".join(str(one) for one in allowed)
                message = f"Mapping `{area.mapping}` does not allow `{value}` for `{name}`."
                yield error(("settings", name), message, f"Write one of {choice}.")
    for area in areas:
        for name, setting in _missing(company, area):
            message = f"Mapping `{area.mapping}` will stop: company `{company.legal_entity}` does not set `{name}`."
            yield warning((), message, f"Add it under `settings`: {setting.description}")


def _missing(company: Organization, area: Mapping) -> Iterator[tuple[str, Setting]]:
    used = {name for task in area.enabled_tasks for name in used_settings(task)}
    for name, setting in area.settings.items():
        if setting.required and name in used and company.settings.get(name) is None:
            yield name, setting


def _value_maps(company: Organization, areas: Collection[Mapping]) -> Iterator[Finding]:
    known = {name for area in areas for name in area.value_maps}
    for name in company.value_maps:
        if name not in known:
            advice = nearest(name, sorted(known)) or "Remove it, or add it to a mapping."
            yield error(("value_maps", name), f"No mapping has a value map `{name}`.", advice)


def _filters(company: Organization, mappings: Areas, tables: Tables) -> Iterator[Finding]:
    for name, conditions in company.filters.items():
        area_name, _, task_name = name.partition(".")
        if area_name not in mappings:
            advice = nearest(area_name, mappings) or f"Known are: {', '.join(sorted(mappings))}."
            yield error(("filters", name), f"There is no mapping `{area_name}`.", advice)
            continue
        area = mappings[area_name]
        if area is None:
            continue
        tasks = [task for task in area.tasks if task_name in ("", task.name)]
        if not tasks:
            known = [task.name for task in area.tasks]
            advice = nearest(task_name, known) or f"Its tasks are: {', '.join(known)}."
            yield error(("filters", name), f"The mapping `{area_name}` has no task `{task_name}`.", advice)
        yield from placed(("filters", name), _conditions(area, tasks, conditions, tables))


def _conditions(
    area: Mapping, tasks: Collection[MappingTask], conditions: tuple[Condition, ...], tables: Tables
) -> Iterator[Finding]:
    """A filter becomes a `keep` of every task it names, so its columns must be there in each."""
    seen: set[Finding] = set()
    for task in tasks:
        filtered = task.model_copy(update={"source": task.source.model_copy(update={"keep": conditions})})
        rows = scene_of(area, filtered, tables).rows
        if rows is None:
            continue
        for position, rule in enumerate(conditions):
            found = set(lint_condition((position,), rule, rows)) - seen
            seen |= found
            yield from sorted(found, key=str)
