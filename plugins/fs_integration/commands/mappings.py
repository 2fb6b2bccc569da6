"""Commands about mapping files: lint, explain, schema, metadata."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from fs_integration.errors import MappingError
from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.document import Document
from fs_integration.spec.error_rules import FILE_NAME, ErrorRules, own_file
from fs_integration.spec.explain import describe_markdown
from fs_integration.spec.finding import Finding
from fs_integration.spec.history import history_problems
from fs_integration.spec.lint import lint as lint_mapping
from fs_integration.spec.lint_connections import lint_connection_set
from fs_integration.spec.loader import (
    load_connection_set,
    load_mapping,
    mapping_file,
    mapping_names,
    mappings_folder,
    problems_in,
)
from fs_integration.spec.mapping import Mapping, System
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.spec.schema import outdated, write_schemas
from fs_integration.spec.tables import Tables, save_table, saved_tables, tables_of, tables_on_paths

CONNECTION_SETS = "connection_sets"  # name of the folder they lie in
Problem = tuple[MappingError, bool]  # a problem, and whether it is serious


def lint(console: Console, *, files: Sequence[Path], online: bool, connection_set: str) -> int:
    """Show everything that is wrong with the files, mappings or connection sets; all of them when none is named."""
    folder = mappings_folder()
    tables = _live_tables(load_connection_set(connection_set)) if online else saved_tables(folder / "metadata")
    chosen = list(files) or [mapping_file(name) for name in mapping_names()]
    if not files:
        chosen += [*sorted((folder / CONNECTION_SETS).glob("*.yaml")), *filter(Path.is_file, [own_file()])]
    problems = [problem for file in chosen for problem in problems_of_file(file, tables)]
    problems += [] if files else [(fault, True) for fault in history_problems()]
    for problem, serious in problems:
        console.print("error  " if serious else "warning", style="red" if serious else "yellow", end=" ")
        console.print(str(problem), highlight=False, soft_wrap=True)
    serious_ones = sum(serious for _, serious in problems)
    known = "the services" if online else "saved descriptions of the tables"
    mappings = sum(file.absolute().parent.name != CONNECTION_SETS and file.name != FILE_NAME for file in chosen)
    console.print(
        f"{mappings} mappings compared with {known}: {serious_ones} errors, {len(problems) - serious_ones} warnings.",
        soft_wrap=True,
    )
    return 1 if serious_ones else 0


def problems_of_file(file: Path, tables: Tables) -> Iterator[Problem]:
    """Yield what is wrong with a mapping, the error rules, or a connection set, which lies in a folder of its own."""
    if file.name == FILE_NAME:
        return ((fault, True) for fault in problems_in(file, ErrorRules)[2])
    if file.absolute().parent.name == CONNECTION_SETS:
        return _problems_in_connection_set(file, tables)
    return _problems_in_mapping(file, tables)


def _problems_in_mapping(file: Path, tables: Tables) -> Iterator[Problem]:
    """A misspelt column contradicts one line and is unknown to the table in another; only both tell what to mend."""
    document, mapping, faults = problems_in(file)
    problems = [(fault, True) for fault in faults]
    if document is not None and isinstance(mapping, Mapping):
        areas = {**_areas(besides=mapping.mapping), mapping.mapping: mapping}
        problems += _placed(document, lint_mapping(mapping, tables, functions=functions(), mappings=areas))
    yield from sorted(problems, key=lambda problem: problem[0].line)


def _problems_in_connection_set(file: Path, tables: Tables) -> Iterator[Problem]:
    document, connections, faults = problems_in(file, ConnectionSet)
    yield from ((fault, True) for fault in faults)
    if document is None or not isinstance(connections, ConnectionSet) or faults:
        return
    yield from _placed(document, lint_connection_set(connections, _areas(), tables))


def _placed(document: Document, found: Iterable[Finding]) -> list[Problem]:
    """Return findings as problems with their place in the file."""
    return [(document.error(each.path, each.message, each.suggestion), each.serious) for each in found]


def _areas(besides: str = "") -> dict[str, Mapping | None]:
    """Return all other mappings by name; None for one with faults, which are told where that file is checked."""
    return {name: _readable(name) for name in mapping_names() if name != besides}


def _readable(name: str) -> Mapping | None:
    try:
        return load_mapping(name)
    except MappingError:
        return None


def functions() -> dict[str, str]:
    """Return what each named function does, in its own words."""
    from fs_integration.transform.functions import FUNCTIONS

    return {name: _first_paragraph(inspect.getdoc(function) or "") for name, function in FUNCTIONS.items()}


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n", 1)[0].split())


def explain(console: Console, name: str, *, markdown: bool) -> int:
    """Show the description of a mapping."""
    text = describe_markdown(load_mapping(name), functions=functions(), signature=True)
    if markdown:
        console.file.write(text)
    else:
        console.print(Markdown(text))
    return 0


def schema(console: Console, *, check: bool) -> int:
    """Write the JSON schemas, or only compare them with the models."""
    folder = mappings_folder() / "schema"
    if check:
        old = outdated(folder)
        for name in old:
            console.print(f"{folder / name} is out of date; run `python -m fs_integration schema`.", soft_wrap=True)
        return 1 if old else 0
    for file in write_schemas(folder):
        console.print(f"Wrote {file}", soft_wrap=True)
    return 0


def metadata(console: Console, *, connection_set: str) -> int:
    """Save what the services say about every table that a mapping uses."""
    tables = _live_tables(load_connection_set(connection_set))
    folder = mappings_folder() / "metadata"
    for system, name in _used_tables(mapping_names(), tables):
        described = tables(system, name)
        if described is not None:
            console.print(f"Wrote {save_table(folder, described)}", soft_wrap=True)
    return 0


def _used_tables(names: Iterable[str], tables: Tables) -> list[tuple[System, str]]:
    tasks = [task for name in names for task in load_mapping(name).tasks]
    used = [table for task in tasks for table in (*tables_of(task), *tables_on_paths(task, tables))]
    return list(dict.fromkeys(used))


def _live_tables(connections: ConnectionSet) -> Tables:
    """Return what asks the services; a table that a service does not know is None."""
    from fs_integration.errors import NotFound
    from fs_integration.hooks.dataverse import DataverseHook
    from fs_integration.hooks.finance_operations import FinanceOperationsHook

    finance_operations = FinanceOperationsHook(connections.finance_operations).get_conn()
    dataverse = DataverseHook(connections.dataverse).get_conn()
    known: dict[tuple[System, str], EntityMetadata | None] = {}

    def find(system: System, name: str) -> EntityMetadata | None:
        if (system, name) not in known:
            ask = finance_operations.entity_metadata if system == "finance_operations" else dataverse.table
            try:
                known[system, name] = ask(name)
            except NotFound:
                known[system, name] = None
        return known[system, name]

    return find
