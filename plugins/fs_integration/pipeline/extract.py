"""Extract: stage everything the later steps need, so that they never have to ask the source again.

Staged are, per run: what both services say about their tables, the reference tables, the index of the target, and the
source rows in bounded batches. Only the last are per legal entity; references that every company shares are read once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.frames import KEY, empty_frame, joined_text, split_keys
from fs_integration.ledger import Ledger
from fs_integration.pipeline.run import Run
from fs_integration.records import BatchRef, Interval, Scope
from fs_integration.spec.columns import grouping_columns, source_columns
from fs_integration.spec.mapping import ChangedSince, MappingTask, Reference, System, Target
from fs_integration.spec.metadata import ColumnKind
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

SHARED = "shared"  # stands in for the legal entity where staged data serves every company
TARGET_INDEX = "_target"
SCAN_ROWS = 50_000


@dataclass(frozen=True)
class Clients:
    """One client per service."""

    finance_operations: FinanceOperationsClient
    dataverse: DataverseClient

    def of(self, system: System) -> FinanceOperationsClient | DataverseClient:
        return self.finance_operations if system == "finance_operations" else self.dataverse


def extract(
    task: MappingTask, run: Run, *, scopes: Sequence[Scope], clients: Clients, staging: StagingArea, ledger: Ledger,
    mapping_hash: str,
) -> list[BatchRef]:  # fmt: skip
    """Stage one run of a mapping task for every company and return its raw batches.

    :raises ServiceError: when a service cannot be read; nothing of the run is usable then and the task is tried again.
    """
    shared = Scope(scopes[0].mapping, scopes[0].task, SHARED)
    staging.write_json(shared, run.run_key, "source", _metadata(clients, task.source.system, task.source.entity))
    staging.write_json(shared, run.run_key, "target", _metadata(clients, task.target.system, task.target.table))
    for name, reference in task.references.items():
        for scope in scopes if reference.per_company else [shared]:
            _stage_reference(name, reference, run, scope=scope, clients=clients, staging=staging, ledger=ledger)
    if needs_target_index(task.target) or any(ledger.fingerprint_count(scope) == 0 for scope in scopes):
        _stage_target_index(task.target, run, scope=shared, clients=clients, staging=staging)
    refs: list[BatchRef] = []
    for scope in scopes:
        refs += _extract_scope(task, run, scope=scope, clients=clients, staging=staging, ledger=ledger,
                               mapping_hash=mapping_hash)  # fmt: skip
    return refs


def needs_target_index(target: Target) -> bool:
    """Tell whether every run has to know which rows the target already holds."""
    return target.addressed_by == "primary_key" or bool(target.protect) or target.when_found == "skip"


def _metadata(clients: Clients, system: System, entity: str) -> dict[str, object]:
    client = clients.of(system)
    described = client.entity_metadata(entity) if isinstance(client, FinanceOperationsClient) else client.table(entity)
    return described.model_dump(mode="json")


def _stage_reference(
    name: str, reference: Reference, run: Run, *, scope: Scope, clients: Clients, staging: StagingArea, ledger: Ledger,
) -> None:  # fmt: skip
    columns = list(dict.fromkeys([*reference.key, *reference.take]))
    if reference.system == "ledger":
        rows = staging.write_reference(scope, run.run_key, name, _written_keys(reference, scope, ledger))
        log.info("Staged reference %s for %s: %d keys written before", name, scope, rows)
        return
    client = clients.of(reference.system)
    if isinstance(client, FinanceOperationsClient):
        company = scope.legal_entity if reference.same_company else None
        pages = client.read(
            reference.entity, columns=columns, company=company, where=reference.where, order_by=reference.key
        )
    else:
        pages = client.read(reference.entity, columns=columns, where=reference.where)
    rows = staging.write_reference(scope, run.run_key, name, pages)
    log.info("Staged reference %s for %s: %d rows", name, scope, rows)


def _written_keys(reference: Reference, scope: Scope, ledger: Ledger) -> Iterator[pd.DataFrame]:
    """Give the keys that another mapping task has written for the company, split into their columns."""
    mapping, _, task = reference.entity.partition(".")
    yield empty_frame(dict.fromkeys(reference.key, ColumnKind.TEXT))
    for known in ledger.scan_fingerprints(Scope(mapping, task, scope.legal_entity), SCAN_ROWS):
        parts, clear = split_keys(known[KEY], len(reference.key))
        yield pd.DataFrame(dict(zip(reference.key, parts, strict=True)))[clear].reset_index(drop=True)


def _stage_target_index(target: Target, run: Run, *, scope: Scope, clients: Clients, staging: StagingArea) -> None:
    metadata = clients.dataverse.table(target.table)
    protected = [rule.field for rule in target.protect]
    columns = list(dict.fromkeys([*target.key, *protected, metadata.primary_id or ""]))
    rows = staging.write_reference(
        scope, run.run_key, TARGET_INDEX, clients.dataverse.read(target.table, columns=columns)
    )
    log.info("Staged the index of %s: %d rows", target.table, rows)


def _extract_scope(
    task: MappingTask,
    run: Run,
    *,
    scope: Scope,
    clients: Clients,
    staging: StagingArea,
    ledger: Ledger,
    mapping_hash: str,
) -> list[BatchRef]:
    run = run.for_scope(ledger.watermark(scope))
    ledger.begin_run(scope, run_key=run.run_key, dag_id=run.dag_id, run_id=run.run_id, mode=run.mode.value,
                     interval=run.interval, mapping_hash=mapping_hash)  # fmt: skip
    frames = batches_of(source_pages(task, run, scope=scope, clients=clients, staging=staging),
                        rows=task.source.batch_rows, together=grouping_columns(task))  # fmt: skip
    refs = [ref for ref in staging.write_batches(scope, run.run_key, "01_raw", frames) if ref.rows]
    for ref in refs:
        ledger.record_batch(ref)
    log.info("Extracted %s: %d rows in %d batches", scope, sum(ref.rows for ref in refs), len(refs))
    return refs


def source_pages(
    task: MappingTask, run: Run, *, scope: Scope, clients: Clients, staging: StagingArea
) -> Iterator[pd.DataFrame]:
    """Read the source rows of one company by the route the mapping names."""
    source = task.source
    client = clients.of(source.system)
    window = _window(source.changed_since, run) if source.changed_since else None
    order = list(dict.fromkeys([*grouping_columns(task), *source.key]))
    if not isinstance(client, FinanceOperationsClient):
        return client.read(source.entity, columns=source_columns(task), where=source.where, changed_since=window)
    if source.route == "package" and source.package is not None:
        return client.export_package(
            source.package, company=scope.legal_entity, execution_id=f"{scope}/{run.run_key}",
            keep=_keeper(staging, scope, run), order_by=order,
        )  # fmt: skip
    return client.read(source.entity, columns=source_columns(task), company=scope.legal_entity, where=source.where,
                       order_by=order, changed_since=window)  # fmt: skip


def _window(changed: ChangedSince, run: Run) -> tuple[str, Interval]:
    """Return column and window to read; it begins earlier than the run's: clocks differ and writes take time."""
    start = run.interval.start
    earlier = start - timedelta(minutes=changed.overlap_minutes) if start is not None else None
    return changed.field, Interval(earlier, run.interval.end)


def _keeper(staging: StagingArea, scope: Scope, run: Run) -> Callable[[bytes], None]:
    """Return what stores an exported package before anything else is done with it, because reading it consumes it."""

    def keep(package: bytes) -> None:
        staging.write_bytes(scope, run.run_key, "package.zip", package)

    return keep


def batches_of(pages: Iterator[pd.DataFrame], *, rows: int, together: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Cut pages into batches of about ``rows`` rows; rows that are equal in ``together`` stay in one batch.

    The pages must be ordered by ``together``; a batch may then grow by at most one group.
    """
    held: list[pd.DataFrame] = []
    count = 0
    for page in pages:
        held.append(page)
        count += len(page)
        while count >= rows:
            frame = pd.concat(held, ignore_index=True)
            cut = _cut(frame, rows, together)
            if cut == len(frame) and together:
                held = [frame]  # the last group may go on in the next page
                break
            yield frame.iloc[:cut].reset_index(drop=True)
            rest = frame.iloc[cut:].reset_index(drop=True)
            held, count = [rest], len(rest)
    if count:
        yield pd.concat(held, ignore_index=True)


def _cut(frame: pd.DataFrame, rows: int, together: Sequence[str]) -> int:
    """Return how many rows the first batch takes: at least ``rows``, then up to the end of the group that row is in."""
    if not together:
        return min(rows, len(frame))
    tail = joined_text(frame.iloc[rows - 1 :], together)
    different = (tail != tail.iloc[0]).to_numpy(dtype=bool)
    return rows - 1 + int(different.argmax()) if different.any() else len(frame)
