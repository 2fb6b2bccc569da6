"""Reconcile: read back what was written, balance the books, close the run.

The watermark moves here and only here, after everything before it has been confirmed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from fs_integration.errors import ReconciliationError
from fs_integration.ledger import Ledger
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.comparison import Comparison, compare
from fs_integration.pipeline.environment import pin_environment
from fs_integration.pipeline.held_back import settle_written
from fs_integration.pipeline.load import LoadResult
from fs_integration.pipeline.places import TARGET, description
from fs_integration.pipeline.run import Mode, Run
from fs_integration.pipeline.target import target_table
from fs_integration.pipeline.writer import LEASE_SECONDS
from fs_integration.records import Scope
from fs_integration.spec.mapping import MappingTask
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Books:
    """What became of the rows of one company in one run; everything counted in source rows.

    :param generated: rows that were not read but made, because they vanished from the source.
    :param drift: written rows whose value in the target differs; :param missing: written rows not found there.
    """

    legal_entity: str
    read: int
    generated: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    skipped: int = 0
    blocked: int = 0
    drift: int = 0
    missing: int = 0

    @property
    def accounted(self) -> int:
        return self.created + self.updated + self.unchanged + self.quarantined + self.skipped + self.blocked

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def reconcile(
    task: MappingTask, run: Run, *, companies: Sequence[Scope], scopes: Sequence[Scope],
    results: Sequence[LoadResult], clients: Clients, staging: StagingArea, ledger: Ledger,
) -> list[Books]:  # fmt: skip
    """Close the books of every company that was loaded, and let other runs write.

    :param companies: all companies of the run, as the load was given them; :param scopes: those that were loaded.
    :raises ConfigurationError: a connection leads to another environment than before; the watermark stays.
    :raises LeaseHeld: this run came so late that another one took its turn; try again later.
    :raises ReconciliationError: when rows are unaccounted for or missing in the target, or when more than ``max_drift``
        of them differ from what was sent; the watermark of that company stays where it was, and these rows count as
        not written, so that the next run writes them again.
    """
    books, faults = [], []
    pin_environment(scopes, clients, ledger)
    held = ledger.acquire_leases([scope.lease for scope in companies], run.run_key, LEASE_SECONDS)
    metadata = description(TARGET, scopes[0], run.run_key, staging)
    targets = {scope: target_table(task, clients, company=scope.legal_entity, metadata=metadata) for scope in scopes}
    outcomes = {scope: [result.outcome for result in results if result.outcome.scope == scope] for scope in scopes}
    compared = compare(task, outcomes, targets=targets, as_of=run.as_of, staging=staging, ledger=ledger)
    for scope, found in compared.items():
        own = _balance(run, found, scope=scope, ledger=ledger)
        fault = _fault(task, own, scope)
        if fault and len(found.doubtful):  # else the next run would take them for unchanged
            ledger.forget_fingerprints(held, scope, found.doubtful)
        if not fault:
            settle_written(scope, run, outcomes[scope], staging=staging, ledger=ledger)
        _close(task, run, own, fault, scope=scope, ledger=ledger)
        books.append(own)
        faults += [fault] if fault else []
        log.info("%s: %s", scope, own.to_dict())
    ledger.release(held)
    if faults:
        raise ReconciliationError(
            " ".join(faults) + " The watermark stays. Look into it, then clear this run from extract on: it "
            "writes these rows again."
        )
    return books


def _balance(run: Run, found: Comparison, *, scope: Scope, ledger: Ledger) -> Books:
    entry = ledger.run(scope, run.run_key)
    return Books(legal_entity=scope.legal_entity, read=entry.rows_read, generated=entry.generated, drift=found.drift,
                 missing=found.missing, **entry.outcomes)  # fmt: skip


def _fault(task: MappingTask, books: Books, scope: Scope) -> str:
    """Say what is wrong with the books: every row ends in exactly one outcome (R12 in docs/reliability.md)."""
    if books.read + books.generated != books.accounted:
        return (
            f"{scope}: {books.read} rows were read and {books.generated} generated, but {books.accounted} are "
            f"accounted for ({books.to_dict()})."
        )
    if books.missing or books.drift > task.target.max_drift:
        return (
            f"{scope}: of the rows written to {task.target.table}, {books.missing} are missing there and "
            f"{books.drift} differ from what was sent (allowed: {task.target.max_drift})."
        )
    return ""


def _close(task: MappingTask, run: Run, books: Books, fault: str, *, scope: Scope, ledger: Ledger) -> None:
    """Close the books; only here, after everything is confirmed, moves the watermark (R9 in docs/reliability.md)."""
    applied = run.for_scope(ledger.watermark(scope))
    moves = not fault and applied.mode is Mode.SCHEDULED
    ledger.close_run(
        scope, run.run_key, status="failed" if fault else "succeeded", message=fault, drift=books.drift + books.missing,
        watermark=applied.as_of if moves else None,
    )  # fmt: skip
    if moves and task.quarantine.keep_days is not None:  # it offered every open row again, so no old line waits for it
        expired = ledger.expire_quarantine(scope, keep_days=task.quarantine.keep_days)
        log.info("%s: removed what %d lines of the quarantine held, older than %d days", scope, expired,
                 task.quarantine.keep_days)  # fmt: skip
