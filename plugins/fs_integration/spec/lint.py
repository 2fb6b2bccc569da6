"""Compare a mapping with what both services say about their tables, before a run has to find out.

The tables come from saved descriptions or, with ``lint --online``, from the services themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as Named

from fs_integration.spec.finding import Finding, placed, unknown_table, warning
from fs_integration.spec.lint_areas import lint_areas
from fs_integration.spec.lint_fields import lint_fields
from fs_integration.spec.lint_quarantine import lint_quarantine
from fs_integration.spec.lint_source import lint_source
from fs_integration.spec.lint_target import lint_target
from fs_integration.spec.mapping import Mapping, MappingTask
from fs_integration.spec.scene import scene_of
from fs_integration.spec.tables import Tables


def lint(
    mapping: Mapping, tables: Tables, *, functions: Collection[str], mappings: Named[str, Mapping | None]
) -> Iterator[Finding]:
    """Yield everything that does not fit, with its key path in the mapping.

    :param functions: names that ``fn`` may use.
    :param mappings: all mappings by name, this one among them; None for one that cannot be read.
    """
    yield from lint_areas(mapping, mappings)
    if mapping.written_for is not None and mapping.written_for < mapping.version:
        message = f"The standard mapping `{mapping.extends}` is at version {mapping.version} by now."
        advice = "See what that means here with `python -m fs_integration upgrade-report`."
        yield warning(("written_for",), message, advice)
    for number, task in enumerate(mapping.tasks):
        yield from placed(("tasks", number), lint_task(mapping, task, tables, functions))


def lint_task(mapping: Mapping, task: MappingTask, tables: Tables, functions: Collection[str]) -> Iterator[Finding]:
    """Yield what does not fit in one task, with its key path inside of it."""
    if tables(task.source.system, task.source.entity) is None:
        yield unknown_table(("source", "entity"), task.source.entity)
    if tables(task.target.system, task.target.table) is None:
        yield unknown_table(("target", "table"), task.target.table)
    scene = scene_of(mapping, task, tables)
    if task.target.header is not None and scene.header is None:
        yield unknown_table(("target", "header", "table"), task.target.header.table)
    for name, reference in task.references.items():
        if scene.references[name] is None:
            yield unknown_table(("references", name, "entity"), reference.entity)
    yield from lint_source(scene)
    yield from lint_fields(scene, functions)
    yield from lint_target(scene)
    yield from lint_quarantine(task)
