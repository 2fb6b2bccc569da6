"""Where a mapping task names columns: every name with its key path, by what the columns belong to."""

from __future__ import annotations

from collections.abc import Iterator

from fs_integration.spec.document import KeyPath
from fs_integration.spec.mapping import Condition, MappingTask

Place = tuple[KeyPath, str]  # key path inside the task, and the column named there


def condition_places(path: KeyPath, condition: Condition) -> Iterator[Place]:
    """Yield every column a condition looks at."""
    if condition.field:
        yield (*path, "field"), condition.field
    if condition.same_as is not None:
        yield (*path, "same_as"), condition.same_as
    if condition.differs_from is not None:
        yield (*path, "differs_from"), condition.differs_from
    for number, each in enumerate(condition.any_of):
        yield from condition_places((*path, "any_of", number), each)


def entity_places(task: MappingTask) -> Iterator[Place]:
    """Yield the columns of the source entity that are named where nothing has been added to its rows yet."""
    source = task.source
    yield from ((("source", "key", n), name) for n, name in enumerate(source.key))
    if source.company_field:
        yield ("source", "company_field"), source.company_field
    if source.document:
        yield ("source", "document"), source.document
    if source.changed_since:
        yield ("source", "changed_since", "field"), source.changed_since.field
    for n, check in enumerate(task.quality):
        if check.stage == "raw":
            yield from ((("quality", n, "field"), name) for name in (check.field, *check.fields) if name)


def filter_places(task: MappingTask) -> Iterator[Place]:
    """Yield the columns of the source entity that the service filters by."""
    for n, rule in enumerate(task.source.where):
        yield from condition_places(("source", "where", n), rule)


def group_places(task: MappingTask) -> Iterator[Place]:
    """Yield the columns that rows are put together by, and those added up."""
    group = task.source.group
    if group is not None:
        yield from ((("source", "group", "by", n), name) for n, name in enumerate(group.by))
        yield from ((("source", "group", "sum", n), name) for n, name in enumerate(group.sum))


def row_places(task: MappingTask) -> Iterator[Place]:
    """Yield the columns of a source row that steps and field rules read; settings may stand here too."""
    for n, step in enumerate(task.source.enrich):
        yield from ((("source", "enrich", n, "by", m), name) for m, name in enumerate(step.by))
    for n, keep in enumerate(task.source.keep):
        yield from condition_places(("source", "keep", n), keep)
    for n, rule in enumerate(task.fields):
        if rule.from_ is not None:
            yield ("fields", n, "from"), rule.from_
        yield from ((("fields", n, "args", m), name) for m, name in enumerate(rule.args))


def reference_places(task: MappingTask, name: str) -> Iterator[Place]:
    """Yield the columns of a reference's table that the reference itself names."""
    reference, path = task.references[name], ("references", name)
    yield from (((*path, "key", n), column) for n, column in enumerate(reference.key))
    yield from (((*path, "take", n), column) for n, column in enumerate(reference.take))
    if reference.company_field:
        yield (*path, "company_field"), reference.company_field
    for n, rule in enumerate(reference.where):
        yield from condition_places((*path, "where", n), rule)


def target_places(task: MappingTask) -> Iterator[Place]:
    """Yield the columns of the target that conditions look at."""
    for n, rule in enumerate(task.target.protect):
        yield from condition_places(("target", "protect", n), rule)
    for n, wanted in enumerate(task.target.create_when):
        yield from condition_places(("target", "create_when", n), wanted)
