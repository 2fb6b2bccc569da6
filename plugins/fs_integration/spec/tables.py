"""Know what both services say about their tables without asking them: saved descriptions, one JSON file per table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from fs_integration.errors import MappingError
from fs_integration.spec.mapping import MappingTask, System
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.spec.paths import SEPARATOR
from fs_integration.spec.places import Place, entity_places, filter_places, reference_places, row_places, target_places

Tables = Callable[[System, str], EntityMetadata | None]


def saved_tables(folder: Path) -> Tables:
    """Return what finds a saved description below ``<folder>/<system>/``; None for a table that was not saved."""

    @cache
    def find(system: System, name: str) -> EntityMetadata | None:
        file = table_file(folder, system, name)
        if not file.is_file():
            return None
        try:
            return EntityMetadata.model_validate_json(file.read_text(encoding="utf-8"))
        except ValidationError as exc:
            raise MappingError(
                f"This is not the description of a table: {exc.errors()[0]['msg']}.", file=str(file),
                suggestion="Write it anew with `python -m fs_integration metadata`.",
            ) from exc  # fmt: skip

    return find


def save_table(folder: Path, described: EntityMetadata) -> Path:
    """Write the description of a table where ``saved_tables`` finds it, and return the file."""
    file = table_file(folder, described.system, described.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    content = described.model_dump(mode="json", exclude_defaults=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return file


def table_file(folder: Path, system: str, name: str) -> Path:
    """Return the file of a table's description."""
    return folder / system / f"{name}.json"


def tables_of(task: MappingTask) -> list[tuple[System, str]]:
    """Return the tables a mapping task reads and writes, each once."""
    used = [(task.source.system, task.source.entity), (task.target.system, task.target.table)]
    used += [
        (each.system, each.entity)
        for each in task.references.values()
        if each.system == "finance_operations" or each.system == "dataverse"
    ]
    used += [(task.target.system, task.target.header.table)] if task.target.header else []
    return list(dict.fromkeys(used))


def tables_on_paths(task: MappingTask, tables: Tables) -> list[tuple[System, str]]:
    """Return the tables that the paths of a task lead through, as far as the tables before them are known."""
    source, target = task.source, task.target
    named: list[tuple[str, str, list[Place]]] = [
        (source.system, source.entity, [*entity_places(task), *filter_places(task), *row_places(task)]),
        (target.system, target.table, list(target_places(task))),
        *((each.system, each.entity, list(reference_places(task, name))) for name, each in task.references.items()),
    ]
    along = (
        table
        for system, entity, places in named
        if system == "dataverse"
        for _, path in places
        for table in _along(path, entity, tables)
    )
    return list(dict.fromkeys(along))


def _along(path: str, entity: str, tables: Tables) -> Iterator[tuple[System, str]]:
    for part in path.split(SEPARATOR)[:-1]:
        table = tables("dataverse", entity)
        lookup = table.columns.get(part) if table else None
        if lookup is None or not lookup.target_table:
            return
        entity = lookup.target_table
        yield "dataverse", entity
