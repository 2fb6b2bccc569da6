"""Stop a task whose mapping no longer agrees with the tables of the services.

Columns are removed, renamed, retyped and made required by people who do not know of the mapping. Lint finds that from
descriptions; each run compares once more, with what the services say now, before it reads a row.
"""

from __future__ import annotations

from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.errors import MappingError
from fs_integration.pipeline.clients import Clients
from fs_integration.spec.finding import Finding, placed
from fs_integration.spec.lint import lint_task
from fs_integration.spec.loader import mapping_file, problems_in
from fs_integration.spec.mapping import Mapping, MappingTask, System
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.transform.functions import FUNCTIONS


def demand_agreement(area: Mapping, task: MappingTask, clients: Clients) -> None:
    """Compare a mapping task with the tables it reads and writes, as the services describe them now.

    :raises MappingError: names file, line, table and column of the first thing that does not fit, and how many others.
    :raises NotFound: a table is not there.
    """

    def describe(system: System, name: str) -> EntityMetadata:
        client = clients.of(system)
        return client.entity_metadata(name) if isinstance(client, FinanceOperationsClient) else client.table(name)

    number = area.tasks.index(area.task(task.name))
    found = placed(("tasks", number), lint_task(area, task, describe, FUNCTIONS))
    serious = [finding for finding in found if finding.serious]
    if serious:
        raise _error(area, serious)


def _error(area: Mapping, found: list[Finding]) -> MappingError:
    """Return the first finding with its place in the file of the mapping."""
    first, *others = found
    more = f"{len(others)} more: `python -m fs_integration lint --online` lists them." if others else ""
    advice = f"{first.suggestion} Nothing was read or written; other areas go on. {more}".strip()
    document, _, _ = problems_in(mapping_file(area.mapping))
    if document is None:
        return MappingError(first.message, suggestion=advice)
    return document.error(first.path, first.message, advice)
