"""Compare a mapping with what both services say about their tables, before a run has to find out.

The tables come from saved descriptions or, with ``lint --online``, from the services themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fs_integration.spec.advice import nearest
from fs_integration.spec.finding import Finding, Scene, error, placed, warning
from fs_integration.spec.lint_fields import lint_fields
from fs_integration.spec.lint_source import lint_source
from fs_integration.spec.lint_target import lint_target
from fs_integration.spec.mapping import Mapping, MappingTask
from fs_integration.spec.tables import Tables


def lint(
    mapping: Mapping, tables: Tables, *, functions: Collection[str], mappings: Collection[str]
) -> Iterator[Finding]:
    """Yield everything that does not fit, with its key path in the mapping.

    :param functions: names that ``fn`` may use; :param mappings: names that ``requires`` may use.
    """
    for position, name in enumerate(mapping.requires):
        if name not in mappings:
            yield error(("requires", position), f"There is no mapping `{name}`.", nearest(name, mappings))
    if mapping.written_for is not None and mapping.written_for < mapping.version:
        message = f"The standard mapping `{mapping.extends}` is at version {mapping.version} by now."
        advice = "See what that means here with `python -m fs_integration upgrade-report`."
        yield warning(("written_for",), message, advice)
    for number, task in enumerate(mapping.tasks):
        yield from placed(("tasks", number), _lint_task(task, mapping, tables, functions))


def _lint_task(task: MappingTask, mapping: Mapping, tables: Tables, functions: Collection[str]) -> Iterator[Finding]:
    scene = Scene.of(task, mapping.value_maps, tables)
    if scene.source is None:
        yield _unknown(("source", "entity"), task.source.entity)
    if scene.target is None:
        yield _unknown(("target", "table"), task.target.table)
    for name, reference in task.references.items():
        if scene.references[name] is None:
            yield _unknown(("references", name, "entity"), reference.entity)
    yield from lint_source(scene)
    yield from lint_fields(scene, functions)
    yield from lint_target(scene)


def _unknown(path: tuple[str | int, ...], name: str) -> Finding:
    return error(
        path, f"Nothing is known of the table `{name}`.",
        "Correct the name, or save its description with `python -m fs_integration metadata`.",
    )  # fmt: skip
