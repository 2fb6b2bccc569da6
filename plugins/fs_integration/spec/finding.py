"""What lint finds, and what it looks at while it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fs_integration.spec.advice import nearest
from fs_integration.spec.document import KeyPath
from fs_integration.spec.mapping import MappingTask, Scalar
from fs_integration.spec.metadata import Column, EntityMetadata
from fs_integration.spec.tables import Tables

Contradiction = tuple[KeyPath, str, str]  # key path, what is wrong, what to do


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit.

    :param path: place in the mapping; :param serious: the mapping cannot work so, as opposed to a warning.
    """

    path: KeyPath
    message: str
    suggestion: str = ""
    serious: bool = True


def error(path: KeyPath, message: str, suggestion: str = "") -> Finding:
    """Return a finding that makes lint fail."""
    return Finding(path, message, suggestion)


def warning(path: KeyPath, message: str, suggestion: str = "") -> Finding:
    """Return a finding that is only shown."""
    return Finding(path, message, suggestion, serious=False)


def placed(parent: KeyPath, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings with their place seen from further up."""
    for finding in findings:
        yield replace(finding, path=(*parent, *finding.path))


@dataclass(frozen=True)
class Scene:
    """One mapping task with the tables around it; a table of which nothing is known is None and is not checked.

    :param columns: columns of a source row, those added by ``enrich`` included; None when they cannot be told.
    """

    task: MappingTask
    value_maps: Mapping[str, Mapping[str, Scalar]]
    source: EntityMetadata | None
    target: EntityMetadata | None
    references: Mapping[str, EntityMetadata | None]
    columns: Mapping[str, Column] | None

    @classmethod
    def of(cls, task: MappingTask, value_maps: Mapping[str, Mapping[str, Scalar]], tables: Tables) -> Scene:
        """Gather the tables of a task."""
        references = {
            name: None if each.system in ("ledger", "value_map") else tables(each.system, each.entity)
            for name, each in task.references.items()
        }
        source = tables(task.source.system, task.source.entity)
        target = tables(task.target.system, task.target.table)
        return cls(task, value_maps, source, target, references, _columns(task, source, references))


def _columns(
    task: MappingTask, source: EntityMetadata | None, references: Mapping[str, EntityMetadata | None]
) -> Mapping[str, Column] | None:
    if source is None:
        return None
    columns = dict(source.columns)
    for step in task.source.enrich:
        table = references.get(step.reference)
        if table is None:
            return None
        for name, taken in step.add.items():
            if taken in table.columns:
                columns[name] = table.columns[taken].model_copy(update={"name": name})
    return columns


def unknown_column(path: KeyPath, name: str, table: str, columns: Iterable[str]) -> Finding:
    """Return that a table has no such column."""
    return error(path, f"`{table}` has no column `{name}`.", nearest(name, columns))
