"""Which columns a mapping task reads and writes, told from the mapping alone."""

from __future__ import annotations

from collections.abc import Iterable

from fs_integration.spec.mapping import MappingTask


def source_columns(task: MappingTask) -> list[str]:
    """Return the columns to read from the source entity, in order of first use, without those added by ``enrich``.

    A data package is exported company by company and does not name the company in its rows.
    """
    source = task.source
    added = added_columns(task)
    company = [source.company_field] if source.company_field and source.route == "odata" else []
    used: list[str] = [*source.key, *company]
    used += [name for step in source.enrich for name in step.by]
    used += [*source.group.by, *source.group.sum] if source.group else []
    used += [rule.field for rule in source.keep]
    for field in task.fields:
        used += [field.from_] if field.from_ else []
        used += field.args
    used += [name for rule in task.quality if rule.stage == "raw" for name in (rule.field, *rule.fields) if name]
    return [name for name in _unique(used) if name not in added]


def added_columns(task: MappingTask) -> set[str]:
    """Return the source columns that ``enrich`` adds."""
    return {name for step in task.source.enrich for name in step.add}


def grouping_columns(task: MappingTask) -> list[str]:
    """Return the source entity's columns that decide which rows ``group`` puts together; empty without ``group``."""
    if task.source.group is None:
        return []
    behind = {name: step.by for step in task.source.enrich for name in step.add}
    return _unique(column for name in task.source.group.by for column in behind.get(name, (name,)))


def written_columns(task: MappingTask, *, on_create: bool) -> list[str]:
    """Return the target columns a write sends; an update leaves out those marked ``only_on_create``."""
    return [field.to for field in task.fields if on_create or not field.only_on_create]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
