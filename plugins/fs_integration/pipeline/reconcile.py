"""Reconcile: read back what was written, balance the books, close the run.

The watermark moves here and only here, after everything before it has been confirmed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from fs_integration.errors import ReconciliationError
from fs_integration.frames import KEY, dtype, fingerprints, joined_text
from fs_integration.ledger import Ledger
from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.gate import key_hashes, vanished_fingerprint
from fs_integration.pipeline.load import FINGERPRINT, LEASE_SECONDS, OUTCOME, READABLE, LoadResult
from fs_integration.pipeline.references import shared_scope
from fs_integration.pipeline.run import Mode, Run
from fs_integration.pipeline.target import TargetTable, compared_columns, target_table
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.mapping import MappingTask
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
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


@dataclass(frozen=True)
class _Comparison:
    """:param drift: rows that differ; :param missing: rows not found; :param doubtful: the keys of both."""

    drift: int
    missing: int
    doubtful: pd.Series


def reconcile(
    task: MappingTask, run: Run, *, scopes: Sequence[Scope], results: Sequence[LoadResult], clients: Clients,
    staging: StagingArea, ledger: Ledger,
) -> list[Books]:  # fmt: skip
    """Close the books of every company that was loaded, and let other runs write.

    :raises LeaseHeld: this run came so late that another one took its turn; try again later.
    :raises ReconciliationError: when rows are unaccounted for or missing in the target, or when more than ``max_drift``
        of them differ from what was sent; the watermark of that company stays where it was, and these rows count as
        not written, so that the next run writes them again.
    """
    books, faults = [], []
    lease = ledger.acquire_lease(scopes[0].area, run.run_key, LEASE_SECONDS)
    described = staging.read_json(shared_scope(scopes[0]), run.run_key, "target")
    metadata = EntityMetadata.model_validate(described)
    for scope in scopes:
        target = target_table(task, clients, company=scope.legal_entity, metadata=metadata)
        outcomes = [result.outcome for result in results if result.outcome.scope == scope]
        found = _compare(task, outcomes, scope=scope, target=target, staging=staging, ledger=ledger)
        own = _balance(run, found, scope=scope, ledger=ledger)
        fault = _fault(task, own, scope)
        if fault and len(found.doubtful):  # else the next run would take them for unchanged
            ledger.forget_fingerprints([lease], scope, found.doubtful)
        _close(run, own, fault, scope=scope, ledger=ledger)
        books.append(own)
        faults += [fault] if fault else []
        log.info("%s: %s", scope, own.to_dict())
    ledger.release(lease)
    if faults:
        raise ReconciliationError(
            " ".join(faults) + " The watermark stays. Look into it, then clear this run from extract on: it "
            "writes these rows again."
        )
    return books


def _balance(run: Run, found: _Comparison, *, scope: Scope, ledger: Ledger) -> Books:
    entry = ledger.run(scope, run.run_key)
    return Books(legal_entity=scope.legal_entity, read=entry.rows_read, generated=entry.generated, drift=found.drift,
                 missing=found.missing, **entry.outcomes)  # fmt: skip


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
        watermark=None if fault or applied.mode is Mode.STATELESS else applied.as_of,
    )  # fmt: skip


def _compare(
    task: MappingTask, outcomes: Sequence[BatchRef], *, scope: Scope, target: TargetTable, staging: StagingArea,
    ledger: Ledger,
) -> _Comparison:  # fmt: skip
    """Read written rows back and compare them with what was sent."""
    nothing = _Comparison(0, 0, pd.Series([], dtype=dtype(ColumnKind.TEXT)))
    if task.target.compare == "none" or not outcomes:
        return nothing
    expected = _still_ours(_expected(task, outcomes, staging), scope, ledger)
    if not len(expected):
        return nothing
    expected = expected.iloc[np.argsort(key_hashes(expected[KEY]))].reset_index(drop=True)
    keys = key_hashes(expected[KEY])
    prints = expected[READABLE].to_numpy(dtype="int64")
    seen, differs = np.zeros(len(keys), dtype=bool), np.zeros(len(keys), dtype=bool)
    for frame in _target_rows(task, expected, target):
        hashed = key_hashes(joined_text(frame, task.target.key))
        position = np.searchsorted(keys, hashed)
        position[position == len(keys)] = 0
        hit = keys[position] == hashed
        seen[position[hit]] = True
        differs[position[hit]] |= _prints(task, frame)[hit] != prints[position[hit]]
    return _Comparison(int(differs.sum()), int((~seen).sum()), expected.loc[differs | ~seen, KEY])


def _expected(task: MappingTask, outcomes: Sequence[BatchRef], staging: StagingArea) -> pd.DataFrame:
    """Keys and fingerprints of the rows to find in the target.

    Rows written as vanished are left out: the fingerprint of what was sent for them covers fewer columns.
    """
    frames = []
    zero = vanished_fingerprint(task)
    for ref in outcomes:
        frame = staging.read_columns(ref, [*task.target.key, KEY, FINGERPRINT, READABLE, OUTCOME])
        wanted = WRITTEN if task.target.compare == "written" else (*WRITTEN, Outcome.UNCHANGED.value)
        frames.append(frame.loc[frame[OUTCOME].isin(wanted) & (frame[FINGERPRINT] != zero)])
    return pd.concat(frames, ignore_index=True)


def _still_ours(expected: pd.DataFrame, scope: Scope, ledger: Ledger) -> pd.DataFrame:
    """Leave out rows that another run has written since, because this one came to its end so late."""
    now = ledger.fingerprints(scope, expected[KEY]).set_index(KEY)["fingerprint"]
    held = now.reindex(expected[KEY]).to_numpy(dtype="int64", na_value=0)
    ours: pd.DataFrame = expected[held == expected[FINGERPRINT].to_numpy(dtype="int64")]
    return ours.reset_index(drop=True)


def _target_rows(task: MappingTask, expected: pd.DataFrame, target: TargetTable) -> Iterator[pd.DataFrame]:
    columns = list(dict.fromkeys([*task.target.key, *compared_columns(task)]))
    if len(expected) > READ_BY_KEY_ROWS:
        yield from target.read(columns)
        return
    yield target.read_keys(columns, expected)


def _prints(task: MappingTask, frame: pd.DataFrame) -> np.ndarray:
    return fingerprints(frame, compared_columns(task)).to_numpy(dtype="int64")
