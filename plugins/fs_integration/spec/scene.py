"""What lint looks at: one mapping task with the tables around it, as far as anything is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fs_integration.errors import MappingError
from fs_integration.spec.columns import HEADER, SETTINGS
from fs_integration.spec.document import KeyPath
from fs_integration.spec.finding import Finding, error, unknown_column
from fs_integration.spec.mapping import Mapping as Area
from fs_integration.spec.mapping import MappingTask, Reference, System
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.spec.paths import SEPARATOR, with_paths
from fs_integration.spec.places import entity_places, filter_places, reference_places, row_places, target_places
from fs_integration.spec.tables import Tables

VALUE_MAP_COLUMNS = ("from", "to")


@dataclass(frozen=True)
class View:
    """Columns that rules may name at one place.

    :param columns: by the name used in the mapping, paths over lookups among them.
    :param faults: paths that lead nowhere -> what is wrong, what to do.
    """

    table: EntityMetadata
    columns: Mapping[str, Column]
    faults: Mapping[str, tuple[str, str]]

    def unknown(self, path: KeyPath, name: str) -> Finding:
        """Return why there is no such column."""
        if name in self.faults:
            return error(path, *self.faults[name])
        return unknown_column(path, name, self.table.name, self.columns)

    def more(self, columns: Mapping[str, Column]) -> View:
        """Return the view with further columns."""
        return View(self.table, {**self.columns, **columns}, self.faults)


@dataclass(frozen=True)
class Scene:
    """One mapping task with the tables around it; a table whose columns nobody has described is None.

    :param rows: the source rows once ``enrich`` has added to them; None when that cannot be told.
    :param target: the target's columns, those of the header under ``header.<column>``.
    """

    area: Area
    task: MappingTask
    source: View | None
    rows: View | None
    target: View | None
    header: EntityMetadata | None
    references: Mapping[str, View | None]


def scene_of(area: Area, task: MappingTask, tables: Tables) -> Scene:
    """Gather the tables of a task."""
    references = {name: _reference(task, name, tables) for name in task.references}
    named = [name for _, name in (*entity_places(task), *filter_places(task), *row_places(task))]
    source = _view(tables, task.source.system, task.source.entity, named)
    header = tables("finance_operations", task.target.header.table) if task.target.header else None
    return Scene(area, task, source, _rows(task, source, references), _target(task, tables, header), header, references)


def _view(tables: Tables, system: System, name: str, named: Iterable[str]) -> View | None:
    """Return a table with the paths that are named; None when its columns are not known.

    An entity that only data packages know has no public description, so nothing about its columns can be checked.
    """
    table = tables(system, name)
    if table is None or not table.columns:
        return None

    def described(entity_set: str) -> EntityMetadata:
        found = tables(system, entity_set)
        if found is None:
            advice = "Save its description with `python -m fs_integration metadata`."
            raise MappingError(
                f"Nothing is known of the table `{entity_set}`, which the path enters.", suggestion=advice
            )
        return found

    faults: dict[str, tuple[str, str]] = {}
    for path in sorted({each for each in named if SEPARATOR in each and not each.startswith(SETTINGS)}):
        try:
            table = with_paths(table, [path], described)
        except MappingError as fault:
            faults[path] = (fault.message, fault.suggestion or "Follow the look-up columns of the table one by one.")
    return View(table, table.columns, faults)


def _reference(task: MappingTask, name: str, tables: Tables) -> View | None:
    reference = task.references[name]
    if reference.system == "ledger" or reference.system == "value_map":
        return _of_texts(reference)
    named = [column for _, column in reference_places(task, name)]
    return _view(tables, reference.system, reference.entity, named)


def _of_texts(reference: Reference) -> View:
    """Describe a reference that is no table of a service; what it holds is staged as text."""
    names = reference.key if reference.system == "ledger" else VALUE_MAP_COLUMNS
    columns = {name: Column(name=name, kind=ColumnKind.TEXT) for name in names}
    table = EntityMetadata(
        system=reference.system, name=reference.entity, logical_name=reference.entity, columns=columns
    )
    return View(table, columns, {})


def _rows(task: MappingTask, source: View | None, references: Mapping[str, View | None]) -> View | None:
    if source is None:
        return None
    added: dict[str, Column] = {}
    for step in task.source.enrich:
        reference = references.get(step.reference)
        if reference is None:
            return None
        for name, taken in step.add.items():
            if taken in reference.columns:
                added[name] = reference.columns[taken].model_copy(update={"name": name})
    return source.more(added)


def _target(task: MappingTask, tables: Tables, header: EntityMetadata | None) -> View | None:
    named = [name for _, name in target_places(task) if not name.startswith(HEADER)]
    view = _view(tables, task.target.system, task.target.table, named)
    if view is None:
        return None
    own = {f"{HEADER}{name}": column for name, column in (header.columns if header else {}).items()}
    for rule in task.fields:
        if rule.route == "package" and rule.to not in view.columns:  # only the package file has it
            own[rule.to] = Column(name=rule.to, kind=rule.kind or ColumnKind.TEXT)
    return view.more(own)
