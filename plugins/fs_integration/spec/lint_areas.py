"""Lint of what a mapping says about other mappings: those it runs after, and those whose written keys it looks up."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Named

from fs_integration.spec.advice import nearest
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Finding, error, placed
from fs_integration.spec.mapping import Mapping, Reference

Areas = Named[str, Mapping | None]  # None for a mapping that cannot be read


def lint_areas(mapping: Mapping, mappings: Areas) -> Iterator[Finding]:
    """Yield mappings and tasks that do not exist, and mappings that wait for each other."""
    for position, name in enumerate(mapping.requires):
        if name not in mappings:
            advice = nearest(name, mappings) or f"Known are: {', '.join(sorted(mappings))}."
            yield error(("requires", position), f"There is no mapping `{name}`.", advice)
            continue
        circle = _circle(mapping.mapping, name, mappings)
        if circle:
            message = f"These mappings wait for each other: {' -> '.join(circle)}."
            yield error(("requires", position), message, "Take one of them out of a `requires`.")
    for number, task in enumerate(mapping.tasks):
        for name, reference in task.references.items():
            if reference.system == "ledger":
                path: KeyPath = ("tasks", number, "references", name)
                yield from placed(path, _ledger(reference, mapping, mappings))


def _circle(start: str, first: str, mappings: Areas) -> list[str]:
    """Return the way from a mapping through what it requires back to itself; empty when there is none."""
    ways, seen = [[start, first]], {start}
    while ways:
        way = ways.pop()
        if way[-1] == start:
            return way
        if way[-1] in seen:
            continue
        seen.add(way[-1])
        known = mappings.get(way[-1])
        ways += [[*way, name] for name in known.requires] if known is not None else []
    return []


def _ledger(reference: Reference, mapping: Mapping, mappings: Areas) -> Iterator[Finding]:
    """The ledger gives the keys of a task as they were written, split into the columns of its target key."""
    name, _, task_name = reference.entity.partition(".")
    if name != mapping.mapping and name not in mappings:
        yield error(("entity",), f"There is no mapping `{name}`.", nearest(name, mappings) or "Name an existing one.")
        return
    area = mapping if name == mapping.mapping else mappings[name]
    if area is None:
        return
    tasks = {task.name: task for task in area.tasks}
    if task_name not in tasks:
        advice = nearest(task_name, tasks) or f"Its tasks are: {', '.join(tasks)}."
        yield error(("entity",), f"The mapping `{name}` has no task `{task_name}`.", advice)
        return
    key = tasks[task_name].target.key
    for position, column in enumerate(reference.key):
        if column not in key:
            message = f"The keys that `{reference.entity}` writes consist of {', '.join(key)}, without `{column}`."
            yield error(("key", position), message, nearest(column, key) or f"Write `key: [{', '.join(key)}]`.")
    if len(set(reference.key)) < len(key) and not reference.distinct:
        message = f"This is a part of the key that `{reference.entity}` writes, so several rows have it."
        yield error(("key",), message, f"Write `key: [{', '.join(key)}]`, or add `distinct: true`.")
    for position, column in enumerate(reference.take):
        if column not in key:
            message = f"The ledger knows the key of `{reference.entity}` only, not `{column}`."
            yield error(("take", position), message, nearest(column, key) or f"It has {', '.join(key)}.")
