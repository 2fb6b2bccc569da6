"""Reconcile: read back what was written, balance the books, close the run.

The watermark moves here and only here, after everything before it has been confirmed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.errors import ReconciliationError
from fs_integration.frames import KEY, fingerprints, joined_text
from fs_integration.ledger import Ledger
from fs_integration.pipeline.gate import key_hashes, vanished_fingerprint
from fs_integration.pipeline.load import FINGERPRINT, OUTCOME, LoadResult
from fs_integration.pipeline.run import Mode, Run
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.columns import written_columns
from fs_integration.spec.mapping import MappingTask
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

READ_BY_KEY_ROWS = 2_000  # up to here rows are asked for by key, beyond it the whole table is read
WRITTEN = (Outcome.CREATED.value, Outcome.UPDATED.value)


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
    task: MappingTask, run: Run, *, scopes: Sequence[Scope], results: Sequence[LoadResult], client: DataverseClient,
    staging: StagingArea, ledger: Ledger,
) -> list[Books]:  # fmt: skip
    """Close the books of every company that was loaded.

    :raises ReconciliationError: when rows are unaccounted for or missing in the target, or when more than ``max_drift``
        of them differ from what was sent; the watermark of that company stays where it was.
    """
    books, faults = [], []
    for scope in scopes:
        outcomes = [result.outcome for result in results if result.outcome.scope == scope]
        own = _balance(task, run, scope=scope, outcomes=outcomes, client=client, staging=staging, ledger=ledger)
        fault = _fault(task, own, scope)
        _close(run, own, fault, scope=scope, ledger=ledger)
        books.append(own)
        faults += [fault] if fault else []
        log.info("%s: %s", scope, own.to_dict())
    if faults:
        raise ReconciliationError(" ".join(faults) + " The watermark stays; clear this run after looking into it.")
    return books


def _balance(
    task: MappingTask, run: Run, *, scope: Scope, outcomes: Sequence[BatchRef], client: DataverseClient,
    staging: StagingArea, ledger: Ledger,
) -> Books:  # fmt: skip
    entry = ledger.run(scope, run.run_key)
    drift, missing = _compare(task, outcomes, client=client, staging=staging)
    return Books(legal_entity=scope.legal_entity, read=entry.rows_read, generated=entry.generated, drift=drift,
                 missing=missing, **entry.outcomes)  # fmt: skip


def _fault(task: MappingTask, books: Books, scope: Scope) -> str:
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


def _close(run: Run, books: Books, fault: str, *, scope: Scope, ledger: Ledger) -> None:
    applied = run.for_scope(ledger.watermark(scope))
    ledger.close_run(
        scope, run.run_key, status="failed" if fault else "succeeded", message=fault, drift=books.drift + books.missing,
        watermark=None if fault or applied.mode is Mode.STATELESS else applied.as_of, lease_holder=run.run_key,
    )  # fmt: skip


def _compare(
    task: MappingTask, outcomes: Sequence[BatchRef], *, client: DataverseClient, staging: StagingArea
) -> tuple[int, int]:
    """Read written rows back. :returns: rows that differ, rows that are missing."""
    if task.target.compare == "none" or not outcomes:
        return 0, 0
    expected = _expected(task, outcomes, staging)
    if not len(expected):
        return 0, 0
    keys = key_hashes(expected[KEY])
    prints = expected[FINGERPRINT].to_numpy(dtype="int64")
    order = np.argsort(keys)
    keys, prints = keys[order], prints[order]
    seen = np.zeros(len(keys), dtype=bool)
    drift = 0
    for frame in _target_rows(task, expected, client=client):
        position = np.searchsorted(keys, key_hashes(joined_text(frame, task.target.key)))
        position[position == len(keys)] = 0
        hit = keys[position] == key_hashes(joined_text(frame, task.target.key))
        seen[position[hit]] = True
        drift += int((_prints(task, frame)[hit] != prints[position[hit]]).sum())
    return drift, int((~seen).sum())


def _expected(task: MappingTask, outcomes: Sequence[BatchRef], staging: StagingArea) -> pd.DataFrame:
    """Keys and fingerprints of the rows to find in the target.

    Rows written as vanished are left out: the fingerprint of what was sent for them covers fewer columns.
    """
    frames = []
    zero = vanished_fingerprint(task)
    for ref in outcomes:
        frame = staging.read_columns(ref, [*task.target.key, KEY, FINGERPRINT, OUTCOME])
        wanted = WRITTEN if task.target.compare == "written" else (*WRITTEN, Outcome.UNCHANGED.value)
        frames.append(frame.loc[frame[OUTCOME].isin(wanted) & (frame[FINGERPRINT] != zero)])
    return pd.concat(frames, ignore_index=True)


def _target_rows(task: MappingTask, expected: pd.DataFrame, *, client: DataverseClient) -> Iterator[pd.DataFrame]:
    target = task.target
    columns = list(dict.fromkeys([*target.key, *written_columns(task, on_create=False)]))
    if len(expected) > READ_BY_KEY_ROWS:
        yield from client.read(target.table, columns=columns)
        return
    yield client.read_keys(target.table, columns=columns, key=target.key, rows=expected)


def _prints(task: MappingTask, frame: pd.DataFrame) -> np.ndarray:
    return fingerprints(frame, written_columns(task, on_create=False)).to_numpy(dtype="int64")
