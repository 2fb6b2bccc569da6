"""Load: write what changed, once, under a lease.

A row is compared with the fingerprint of what was last written; equal rows cost nothing. Before every request the
leases are checked, so that a try that was overtaken writes nothing more
(docs/reliability.md, "One writer per area and company").
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from fs_integration.clients.keys import folded, without_null_text
from fs_integration.frames import (
    KEY,
    SOURCE_KEY,
    SOURCE_ROWS,
    TARGET_ID,
    dtype,
    fingerprints,
)  # fmt: skip
from fs_integration.ledger import Lease, Ledger
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.environment import pin_environment
from fs_integration.pipeline.places import TARGET, TARGET_INDEX, description, index_scope
from fs_integration.pipeline.run import Run
from fs_integration.pipeline.target import TargetTable, compared_columns, readable_prints, target_table
from fs_integration.pipeline.vanished import vanished_fingerprint
from fs_integration.pipeline.writer import BEGUN, FINGERPRINT, FOUND, LEASE_SECONDS, OUTCOME, RULE, Writer
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.columns import written_columns
from fs_integration.spec.mapping import MappingTask
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

ARRIVED = (Outcome.CREATED.value, Outcome.UPDATED.value, Outcome.UNCHANGED.value)
READABLE = "_readable"  # fingerprint of the columns that reconciliation can read back
KNOWN = "_known"
STARTED = "_started"
OUTCOME_COLUMNS = {
    KEY: ColumnKind.TEXT, SOURCE_KEY: ColumnKind.TEXT, OUTCOME: ColumnKind.TEXT, RULE: ColumnKind.TEXT,
    FINGERPRINT: ColumnKind.INTEGER, READABLE: ColumnKind.INTEGER,
}  # fmt: skip


@dataclass(frozen=True)
class LoadResult:
    """:param outcome: staged frame with one line per row of the batch; :param counts: source rows per outcome."""

    outcome: BatchRef
    counts: dict[str, int]

    def to_dict(self) -> dict[str, object]:
        return {"outcome": self.outcome.to_dict(), "counts": self.counts}


def load(
    ref: BatchRef,
    task: MappingTask,
    run: Run,
    *,
    companies: Sequence[Scope],
    try_id: str,
    clients: Clients,
    staging: StagingArea,
    ledger: Ledger,
    wait: bool = True,
) -> LoadResult:
    """Write the changed rows of one batch.

    :param companies: all companies of the run, this batch's among them: it holds the right to write for all or none.
    :param wait: stay until a data package has ended, see ``target_table``.
    :param try_id: tells this try of the task from an earlier one that may still be alive.
    :raises ConfigurationError: a connection leads to another environment than before.
    :raises LeaseHeld: another run writes this area for one of the companies; try again later.
    :raises PackageUnderWay: without ``wait``, when a data package was started; call again once it has ended.
    :raises Fenced: a newer try of this batch took over.
    """
    watermark = ledger.watermark(ref.scope)
    run = run.for_scope(watermark)
    rows = staging.read(ref)
    pin_environment([ref.scope], clients, ledger)
    held = ledger.acquire_leases([scope.lease for scope in companies], run.run_key, LEASE_SECONDS)
    own = ledger.acquire_lease(f"{ref.scope}/{run.run_key}/{ref.number}", try_id, LEASE_SECONDS, takeover=True)
    try:
        result = _load(rows, task, run, ref=ref, held=held, own=own, watermark=watermark, clients=clients,
                       staging=staging, ledger=ledger, wait=wait)  # fmt: skip
    finally:
        ledger.release([own])
    log.info("Loaded %s batch %d: %s", ref.scope, ref.number, result.counts)
    return result


def _load(
    rows: pd.DataFrame, task: MappingTask, run: Run, *, ref: BatchRef, held: Sequence[Lease], own: Lease,
    watermark: datetime | None, clients: Clients, staging: StagingArea, ledger: Ledger, wait: bool,
) -> LoadResult:  # fmt: skip
    metadata = description(TARGET, ref.scope, run.run_key, staging)
    target = target_table(task, clients, company=ref.legal_entity, metadata=metadata, wait=wait)
    rows = _compared(rows, task, run, scope=ref.scope, ledger=ledger, overtaken=run.is_overtaken(task, watermark))
    rows = _found_in_target(rows, task, run, ref=ref, metadata=metadata, target=target, staging=staging,
                            again=own.fence > 1)  # fmt: skip
    Writer(task=task, run=run, ref=ref, target=target, ledger=ledger, leases=[*held, own]).write(rows)
    return _close(ref, task, rows, staging=staging, ledger=ledger)


def _compared(
    rows: pd.DataFrame, task: MappingTask, run: Run, *, scope: Scope, ledger: Ledger, overtaken: bool
) -> pd.DataFrame:
    """Add each row's fingerprint and tell, without asking the target, what is unchanged or written by a newer run."""
    rows = rows.copy(deep=False)
    vanished = is_vanished_batch(rows, task)
    if vanished:
        rows[FINGERPRINT] = pd.Series([vanished_fingerprint(task)] * len(rows), dtype="int64[pyarrow]")
    else:
        rows[FINGERPRINT] = fingerprints(rows, written_columns(task, on_create=False))
    known = ledger.fingerprints(scope, rows[KEY]).set_index(KEY)
    last = known["fingerprint"].reindex(rows[KEY]).to_numpy(dtype="int64", na_value=0)
    as_of = pd.to_datetime(known["as_of"].reindex(rows[KEY]), utc=True)
    entered = rows[KEY].isin(known.index).to_numpy(dtype=bool)
    is_known = entered & (last != BEGUN)
    same = is_known & _unchanged(rows[FINGERPRINT].to_numpy(dtype="int64"), last) & (not run.full)
    newer = is_known & ~same & ((as_of > run.as_of).to_numpy(dtype=bool) | overtaken)
    rows[OUTCOME] = np.select([same, newer], [Outcome.UNCHANGED.value, Outcome.SKIPPED.value], default="")
    rows[RULE] = np.where(newer, "written_by_newer_run", "")
    rows[KNOWN] = is_known
    rows[STARTED] = entered & ~is_known
    all_compared = compared_columns(task) == written_columns(task, on_create=False)
    same_prints = vanished or (task.target.system == "dataverse" and all_compared)
    rows[READABLE] = rows[FINGERPRINT] if same_prints else readable_prints(task, rows)
    return rows


def _unchanged(prints: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Tell which rows are as they were last written; they are not sent (R5 in docs/reliability.md)."""
    same: np.ndarray = prints == last
    return same


def is_vanished_batch(rows: pd.DataFrame, task: MappingTask) -> bool:
    """Tell whether these are rows that vanished from the source; they carry only the columns of ``vanished.set``."""
    return any(name not in rows for name in written_columns(task, on_create=False))


def _found_in_target(
    rows: pd.DataFrame, task: MappingTask, run: Run, *, ref: BatchRef, metadata: EntityMetadata,
    target: TargetTable, staging: StagingArea, again: bool,
) -> pd.DataFrame:  # fmt: skip
    """Tell which rows the target already holds: by the ledger, by the index extract staged, or by asking for keys.

    Rows whose first write was begun count as not there: creating them again finds what became of the first time.

    :param again: another try of this batch was under way before, and what it wrote is not in the index. To create such
        a row once more would be refused where the table takes a column on create only.
    """
    found = rows[KNOWN].to_numpy(dtype=bool).copy()
    if TARGET_ID in rows:
        found |= rows[TARGET_ID].notna().to_numpy(dtype=bool)
    unsure = ~found & ~rows[STARTED].to_numpy(dtype=bool) & (rows[OUTCOME] == "").to_numpy(dtype=bool)
    place = index_scope(task, ref.scope)
    indexed = metadata.primary_id is not None and staging.has_reference(place, run.run_key, TARGET_INDEX)
    if unsure.any() and (again or not indexed):
        columns = [*task.target.key, *([metadata.primary_id] if metadata.primary_id else [])]
        existing = folded(target.read_keys(columns, rows[unsure]), task.target.key)
        own = folded(without_null_text(rows, task.target.key), task.target.key)
        found |= unsure & own.isin(existing).to_numpy(dtype=bool)
    rows[FOUND] = found & ~rows[STARTED].to_numpy(dtype=bool)
    if task.target.when_found == "skip":
        exists = found & (rows[OUTCOME] == "").to_numpy(dtype=bool)
        rows[OUTCOME] = rows[OUTCOME].mask(exists, Outcome.SKIPPED.value)
        rows[RULE] = rows[RULE].mask(exists, "exists_in_target")
    return rows


def _close(ref: BatchRef, task: MappingTask, rows: pd.DataFrame, *, staging: StagingArea, ledger: Ledger) -> LoadResult:
    """Stage one outcome line per row and enter the batch's sums into the books."""
    counts = rows.groupby([OUTCOME, RULE], as_index=False)[SOURCE_ROWS].sum()
    columns = zip(counts[OUTCOME], counts[RULE], counts[SOURCE_ROWS], strict=True)
    books = {(str(outcome), str(rule)): int(total) for outcome, rule, total in columns}
    lines = rows[list(dict.fromkeys([*task.target.key, *OUTCOME_COLUMNS]))]
    lines = lines.astype({name: dtype(kind) for name, kind in OUTCOME_COLUMNS.items()})
    outcome = staging.write_batch(ref.scope, ref.run_key, "05_outcome", ref.number, lines)
    ledger.record_outcomes(ref.scope, ref.run_key, ref.number, books)
    totals: Counter[str] = Counter()
    for (name, _), total in books.items():
        totals[name] += total
    return LoadResult(outcome, dict(totals))
