"""Stage what a run looks values up in: reference tables, keys the ledger knows, and the index of the target."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from threading import Event

import pandas as pd

from fs_integration.clients.parallel import side_by_side, until
from fs_integration.errors import ConfigurationError
from fs_integration.frames import KEY, empty_frame, split_keys
from fs_integration.ledger import Ledger
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.places import TARGET_INDEX, index_scope, reference_scope
from fs_integration.pipeline.run import Run
from fs_integration.pipeline.target import target_table
from fs_integration.records import Scope
from fs_integration.spec.connection_set import Organization
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Condition, MappingTask, Reference, Target
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

SCAN_ROWS = 50_000


def stage_references(
    task: MappingTask, run: Run, *, organizations: Mapping[Scope, Organization], clients: Clients, staging: StagingArea,
    ledger: Ledger,
) -> None:  # fmt: skip
    """Stage every reference of a task and make the preflight checks.

    :raises ConfigurationError: when something that must be set up is not.
    """
    wanted = [
        (name, place)
        for name, reference in task.references.items()
        if reference.system != "value_map"  # those are part of the mapping itself
        for place in dict.fromkeys(reference_scope(reference, scope) for scope in organizations)
    ]

    stop = Event()

    def stage(one: tuple[str, Scope]) -> int:
        name, scope = one
        pages = _pages(task.references[name], organizations.get(scope), scope=scope, clients=clients, ledger=ledger)
        count = staging.write_reference(scope, run.run_key, name, until(stop, pages))
        log.info("Staged reference %s for %s: %d rows", name, scope, count)
        return count

    counts = side_by_side(stage, wanted, at_once=task.source.parallel_reads, name="reference", stop=stop)
    rows = dict(zip(wanted, counts, strict=True))
    problems = [problem for scope in organizations for problem in _unprepared(task, scope, rows)]
    if problems:
        raise ConfigurationError(f"{' '.join(problems)} Nothing was read or written.")


def _unprepared(task: MappingTask, scope: Scope, rows: dict[tuple[str, Scope], int]) -> Iterator[str]:
    for check in task.preflight:
        reference = task.references[check.reference]
        found = rows[check.reference, reference_scope(reference, scope)]
        if found < check.min_rows or (check.max_rows is not None and found > check.max_rows):
            wanted = str(check.min_rows) if check.min_rows == check.max_rows else f"at least {check.min_rows}"
            yield f"{scope}: {check.reason} ({reference.entity} has {found} such rows, {wanted} wanted.)"


def _pages(
    reference: Reference, organization: Organization | None, *, scope: Scope, clients: Clients, ledger: Ledger
) -> Iterator[pd.DataFrame]:
    """Read a reference. :param organization: the company, when the reference is read for each."""
    columns = list(dict.fromkeys([*reference.key, *reference.take]))
    if reference.system == "ledger":
        return _written_keys(reference, scope, ledger)
    if reference.system == "finance_operations":
        company = organization.legal_entity if organization else None
        return clients.finance_operations.read(
            reference.entity, columns=columns, company=company, where=reference.where, order_by=reference.key
        )
    own = own_rows(reference.company_field, organization.business_unit) if organization else ()
    return clients.dataverse.read(reference.entity, columns=columns, where=(*own, *reference.where))


def own_rows(column: str | None, business_unit: str) -> tuple[Condition, ...]:
    """Return the condition that keeps rows of other companies out of a Dataverse table."""
    return (Condition.model_validate({"field": column, "is": business_unit}),) if column and business_unit else ()


def _written_keys(reference: Reference, scope: Scope, ledger: Ledger) -> Iterator[pd.DataFrame]:
    """Give the keys that another mapping task has written for the company, split into their columns."""
    mapping, _, task = reference.entity.partition(".")
    key = load_mapping(mapping).task(task).target.key
    wanted = list(dict.fromkeys([*reference.key, *reference.take]))
    yield empty_frame(dict.fromkeys(wanted, ColumnKind.TEXT))
    for known in ledger.scan_fingerprints(Scope(mapping, task, scope.legal_entity), SCAN_ROWS):
        parts, clear = split_keys(known[KEY], len(key))
        yield pd.DataFrame(dict(zip(key, parts, strict=True)))[clear][wanted].reset_index(drop=True)


def stage_target_index(
    task: MappingTask, run: Run, *, scopes: Sequence[Scope], metadata: EntityMetadata, clients: Clients,
    staging: StagingArea, ledger: Ledger,
) -> None:  # fmt: skip
    """Stage keys, ids and protected columns of the rows the target holds, where the run has to know them.

    A first run knows nothing of the target yet, so it reads the index once instead of asking for every single key.
    """
    served: dict[Scope, list[Scope]] = {}
    for scope in scopes:
        served.setdefault(index_scope(task, scope), []).append(scope)
    primary = [metadata.primary_id] if metadata.primary_id else []
    protected = [name for rule in task.target.protect for name in rule.fields]
    columns = list(dict.fromkeys([*task.target.key, *protected, *primary]))
    for place, companies in served.items():
        if not needs_target_index(task.target) and all(ledger.fingerprint_count(scope) for scope in companies):
            continue
        target = target_table(task, clients, company=place.legal_entity, metadata=metadata)
        rows = staging.write_reference(place, run.run_key, TARGET_INDEX, target.read(columns))
        log.info("Staged the index of %s for %s: %d rows", task.target.table, place, rows)


def needs_target_index(target: Target) -> bool:
    """Tell whether every run has to know which rows the target already holds."""
    by_id = target.system == "dataverse" and target.addressed_by == "primary_key"
    return by_id or bool(target.protect) or target.when_found == "skip" or bool(target.create_when)
