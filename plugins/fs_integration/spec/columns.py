"""Which columns a mapping task reads and writes, told from the mapping alone."""

from __future__ import annotations

from collections.abc import Iterable

from fs_integration.spec.mapping import MappingTask, Otherwise

SETTINGS = "settings."  # begins the name of a column that holds a setting of the company
HEADER = "header."  # begins the name of a target column that belongs to the header of a document


def source_columns(task: MappingTask) -> list[str]:
    """Return the columns to read from the source entity, in order of first use, without those added by ``enrich``.

    A data package is exported company by company and does not name the company in its rows.
    """
    source = task.source
    added = added_columns(task)
    names_company = source.company_field and source.system == "finance_operations" and source.route == "odata"
    used: list[str] = [*source.key, *([str(source.company_field)] if names_company else [])]
    used += [source.document] if source.document else []
    used += [name for step in source.enrich for name in step.by]
    used += [*source.group.by, *source.group.sum] if source.group else []
    used += [name for rule in source.keep for name in rule.fields]
    for field in task.active_fields:
        used += [field.from_] if field.from_ else []
        used += field.args
    used += [name for rule in task.quality if rule.stage == "raw" for name in (rule.field, *rule.fields) if name]
    return [name for name in _unique(used) if name not in added and not name.startswith(SETTINGS)]


def used_settings(task: MappingTask) -> list[str]:
    """Return the names of the settings that the task's active rules read."""
    used = [name for rule in task.source.keep for name in rule.fields]
    used += [name for step in task.source.enrich for name in step.by]
    for field in task.active_fields:
        used += [*([field.from_] if field.from_ else []), *field.args]
    return [name.removeprefix(SETTINGS) for name in _unique(used) if name.startswith(SETTINGS)]


def added_columns(task: MappingTask) -> set[str]:
    """Return the source columns that ``enrich`` adds."""
    return {name for step in task.source.enrich for name in step.add}


def grouping_columns(task: MappingTask) -> list[str]:
    """Return the source entity's columns that decide which rows ``group`` or ``document`` puts together."""
    if task.source.document is not None:
        return [task.source.document]
    if task.source.group is None:
        return []
    behind = {name: step.by for step in task.source.enrich for name in step.add}
    return _unique(column for name in task.source.group.by for column in behind.get(name, (name,)))


def written_columns(task: MappingTask, *, on_create: bool) -> list[str]:
    """Return the target columns a write sends; an update leaves out those marked ``only_on_create``."""
    return [field.to for field in task.active_fields if on_create or not field.only_on_create]


def masked_columns(task: MappingTask) -> set[str]:
    """Return every column that holds what the mapping masks: the columns named, what they come from, what becomes of
    them, and so on.
    """
    flows = [({field.to}, {*([field.from_] if field.from_ else []), *field.args}) for field in task.active_fields]
    flows += [(set(step.add), set(step.by)) for step in task.source.enrich if step.otherwise is Otherwise.KEEP]
    masked: set[str] = set()
    found = set(task.quarantine.mask)
    while found - masked:
        masked |= found
        for to, sources in flows:
            if (to | sources) & masked:
                found |= to | {name for name in sources if not name.startswith(SETTINGS)}
    return masked


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
