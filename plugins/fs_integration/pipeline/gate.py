"""Gate: look at all batches of a run together and decide, per company, whether they may be loaded.

Here, and only here, rows enter quarantine before the load. What one batch cannot see is checked here too: thresholds
over all rows, the row count against the last run, keys that occur in two batches, and rows that vanished from the
source.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from fs_integration.errors import DataQualityError
from fs_integration.frames import (
    KEY,
    KEY_SEPARATOR,
    REJECTION_COLUMNS,
    SOURCE_KEY,
    SOURCE_ROWS,
    concat,
    dtype,
    frame_of,
    joined_text,
    split_keys,
)  # fmt: skip
from fs_integration.ledger import Ledger
from fs_integration.pipeline.references import shared_scope
from fs_integration.pipeline.run import Run
from fs_integration.pipeline.transform import TransformResult
from fs_integration.quality.gate import GateDecision, decide
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.mapping import MappingTask
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

GATE_BATCH = -1  # the gate's own line in the books; the load's lines carry the batch numbers
SCAN_ROWS = 50_000
DOUBLED = "The key `{}` occurs more than once in the source; which row is right cannot be told."
SEVERAL_COMPANIES = (
    "Another company has `{}` too, and Field Service keeps one row per key. Give the companies a `key_prefix` each in "
    "the connection set, or choose the rows of each with `filters` there."
)


@dataclass(frozen=True)
class GateResult:
    """:param accepted: batches to load; :param stopped: company -> why its load was stopped."""

    accepted: tuple[BatchRef, ...]
    stopped: dict[str, tuple[str, ...]]

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def quality_gate(
    task: MappingTask, run: Run, *, scopes: Sequence[Scope], results: Sequence[TransformResult], staging: StagingArea,
    ledger: Ledger,
) -> GateResult:  # fmt: skip
    """Decide for every company; let the batches of those that pass through.

    :raises DataQualityError: when no company passed, so that there is nothing to load.
    """
    accepted: list[BatchRef] = []
    stopped: dict[str, tuple[str, ...]] = {}
    claimed = _claimed_twice(task, results, staging)
    for scope in scopes:
        own = [result for result in results if result.raw.scope == scope]
        batches, decision = _gate_scope(
            task, run, scope=scope, results=own, claimed=claimed, staging=staging, ledger=ledger
        )
        for message in decision.messages:
            log.warning("%s: %s", scope, message)
        if decision.passed:
            accepted += batches
        else:
            stopped[scope.legal_entity] = decision.messages
    if len(stopped) == len(scopes):
        raise DataQualityError(stop_message(scopes[0], stopped))
    return GateResult(tuple(accepted), stopped)


def stop_message(scope: Scope, stopped: dict[str, tuple[str, ...]]) -> str:
    """Say which companies were stopped, why, and what to do next."""
    reasons = "; ".join(f"{company}: {' '.join(messages)}" for company, messages in stopped.items())
    return (
        f"Gate stopped {scope.mapping}/{scope.task} for {reasons} Nothing of these companies was written. "
        "Open the quarantine link of this task, correct the rows at their source, then clear this run."
    )


def _gate_scope(
    task: MappingTask,
    run: Run,
    *,
    scope: Scope,
    results: Sequence[TransformResult],
    claimed: np.ndarray,
    staging: StagingArea,
    ledger: Ledger,
) -> tuple[list[BatchRef], GateDecision]:
    watermark = ledger.watermark(scope)
    run = run.for_scope(watermark)
    rejections = concat((staging.read(result.rejected) for result in results), REJECTION_COLUMNS)
    shaped = [result.shaped for result in results if result.shaped.rows]  # a failed batch has none, nor their columns
    batches, doubled = _without_doubled_keys(shaped, claimed, staging)
    rejections = concat([rejections, doubled], REJECTION_COLUMNS)
    vanished = _vanished(task, run, scope=scope, watermark=watermark, raw=[result.raw for result in results],
                         shaped=batches, staging=staging, ledger=ledger)  # fmt: skip
    decision = decide(
        task,
        scope=str(scope),
        rows_read=sum(result.raw.rows for result in results),
        quarantined=_rows(rejections, Outcome.QUARANTINED),
        previous_rows=ledger.previous_rows(scope, run.run_key),
        vanished=len(vanished),
        known_rows=ledger.fingerprint_count(scope),
        batch_failures=[message for result in results for message in result.failures],
    )
    ledger.quarantine(scope, run.run_key, rejections)
    ledger.record_outcomes(scope, run.run_key, GATE_BATCH, outcome_counts(rejections))
    ledger.set_generated(scope, run.run_key, len(vanished) if decision.passed else 0)
    if not decision.passed:
        ledger.close_run(scope, run.run_key, status="stopped", message=" ".join(decision.messages))
        return [], decision
    if task.source.changed_since is None:  # everything was read, so what is still wrong has just been reported anew
        ledger.supersede_quarantine(scope, run.run_key)
    else:
        skipped = rejections.loc[rejections["outcome"] == Outcome.SKIPPED.value, "row_key"]
        ledger.supersede_quarantine(scope, run.run_key, skipped)
    if len(vanished):
        number = max((ref.number for ref in batches), default=-1) + 1
        batches.append(staging.write_batch(scope, run.run_key, "04_vanished", number, vanished))
    return [ref for ref in batches if ref.rows], decision


def outcome_counts(rejections: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Return source rows per (outcome, rule)."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome, rule, rows in zip(rejections["outcome"], rejections["rule"], rejections["source_rows"], strict=True):
        if rows:
            counts[str(outcome), str(rule)] += int(rows)
    return dict(counts)


def _rows(rejections: pd.DataFrame, outcome: Outcome) -> int:
    return int(rejections.loc[rejections["outcome"] == outcome.value, "source_rows"].sum())


def _claimed_twice(task: MappingTask, results: Sequence[TransformResult], staging: StagingArea) -> np.ndarray:
    """Return the hashes of keys that more than one company would write into the one table they share."""
    refs: dict[Scope, list[BatchRef]] = {}
    for result in results:
        if result.shaped.rows:
            refs.setdefault(result.shaped.scope, []).append(result.shaped)
    if task.target.system == "finance_operations" or len(refs) < 2:
        return np.array([], dtype="uint64")
    own = [np.unique(np.concatenate(_key_hashes(shaped, staging))) for shaped in refs.values()]
    values, counts = np.unique(np.concatenate(own), return_counts=True)
    return values[counts > 1]


def _key_hashes(refs: Sequence[BatchRef], staging: StagingArea) -> list[np.ndarray]:
    return [key_hashes(staging.read_columns(ref, [KEY])[KEY].str.lower()) for ref in refs]  # as services compare


def _without_doubled_keys(
    refs: Sequence[BatchRef], claimed: np.ndarray, staging: StagingArea
) -> tuple[list[BatchRef], pd.DataFrame]:
    """Reject keys that occur in more than one batch or company: which of the rows is right cannot be told."""
    hashes = _key_hashes(refs, staging)
    values, counts = np.unique(np.concatenate(hashes) if hashes else np.array([], dtype="uint64"), return_counts=True)
    doubled = values[counts > 1]
    if not len(doubled) and not len(claimed):
        return list(refs), concat([], REJECTION_COLUMNS)
    kept, rejected = [], []
    for ref, hashed in zip(refs, hashes, strict=True):
        several, foreign = np.isin(hashed, doubled), np.isin(hashed, claimed)
        mask = several | foreign
        if not mask.any():
            kept.append(ref)
            continue
        frame = staging.read(ref)
        rejected.append(_key_rejections(frame[several], "duplicate_key", DOUBLED))
        rejected.append(_key_rejections(frame[foreign & ~several], "several_companies", SEVERAL_COMPANIES))
        kept.append(
            staging.write_batch(ref.scope, ref.run_key, "04_accepted", ref.number, frame[~mask].reset_index(drop=True))
        )
    return kept, concat(rejected, REJECTION_COLUMNS)


def _key_rejections(rows: pd.DataFrame, rule: str, reason: str) -> pd.DataFrame:
    size = len(rows)
    columns = {
        "row_key": rows[SOURCE_KEY].tolist(),
        "field": [""] * size,
        "rule": [rule] * size,
        "reason": [reason.format(key) for key in rows[KEY]],
        "value": rows[KEY].tolist(),
        "outcome": [Outcome.QUARANTINED.value] * size,
        "source_rows": rows[SOURCE_ROWS].tolist(),
        "payload": ["{}"] * size,
    }
    return frame_of(columns, REJECTION_COLUMNS)


def key_hashes(keys: pd.Series) -> np.ndarray:
    """Return a 64-bit hash per key: 8 bytes instead of the text, so that millions of keys fit into memory."""
    return pd.util.hash_array(keys.to_numpy(dtype=object), categorize=False)


def _vanished(
    task: MappingTask, run: Run, *, scope: Scope, watermark: datetime | None, raw: Sequence[BatchRef],
    shaped: Sequence[BatchRef], staging: StagingArea, ledger: Ledger,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows to write for keys that were written before and are no longer in the source.

    A row that is in the source but was rejected has not vanished, hence the look at the raw keys. Rows that a newer run
    wrote or confirmed are left alone.
    """
    if task.target.vanished is None or task.source.changed_since is not None:
        return pd.DataFrame()
    if run.is_overtaken(task, watermark):
        return pd.DataFrame()
    present_rows = _all_hashes(joined_text(staging.read_columns(ref, task.source.key), task.source.key) for ref in raw)
    present_keys = _all_hashes(staging.read_columns(ref, [KEY])[KEY] for ref in shaped)
    zero = vanished_fingerprint(task)
    gone: list[pd.DataFrame] = []
    for known in ledger.scan_fingerprints(scope, SCAN_ROWS):
        absent = ~np.isin(key_hashes(known[SOURCE_KEY]), present_rows) & ~np.isin(key_hashes(known[KEY]), present_keys)
        stale = (known["fingerprint"] != zero) & (known["as_of"] < run.as_of)
        gone.append(known[absent & stale.to_numpy(dtype=bool)])
    if not gone:
        return pd.DataFrame()
    described = staging.read_json(shared_scope(scope), run.run_key, "target")
    return _vanished_frame(task, pd.concat(gone, ignore_index=True), EntityMetadata.model_validate(described))


def _all_hashes(keys: Iterable[pd.Series]) -> np.ndarray:
    hashes = [key_hashes(series) for series in keys]
    return np.concatenate(hashes) if hashes else np.array([], dtype="uint64")


def vanished_fingerprint(task: MappingTask) -> int:
    """Return what the ledger holds for a row whose vanishing was written, so that it is written only once."""
    if task.target.vanished is None:
        return 0
    text = "\x1f".join(f"{name}={value}" for name, value in sorted(task.target.vanished.set.items()))
    hashed = pd.util.hash_array(np.array(["vanished\x1f" + text], dtype=object), categorize=False)
    return int(hashed.view("int64")[0])


def _vanished_frame(task: MappingTask, known: pd.DataFrame, target: EntityMetadata) -> pd.DataFrame:
    """Rows with the key and the values of ``vanished.set`` only; the load sends no other column."""
    if task.target.vanished is None or not len(known):
        return pd.DataFrame()
    parts, clear = split_keys(known[KEY], len(task.target.key))
    if not clear.all():
        log.warning(
            "Vanished but not written, a key value contains `%s`: %s", KEY_SEPARATOR, known[KEY][~clear].tolist()
        )
    known = known[clear].reset_index(drop=True)
    columns = {
        name: part[clear].reset_index(drop=True).astype(dtype(target.columns[name].kind))
        for name, part in zip(task.target.key, parts, strict=True)
    }
    for name, value in task.target.vanished.set.items():
        columns[name] = pd.Series([value] * len(known), dtype=_constant_dtype(value))
    columns[KEY], columns[SOURCE_KEY] = known[KEY], known[SOURCE_KEY]
    columns[SOURCE_ROWS] = pd.Series([1] * len(known), dtype=dtype(ColumnKind.INTEGER))
    return pd.DataFrame(columns)


def _constant_dtype(value: object) -> pd.ArrowDtype:
    if isinstance(value, bool):
        return dtype(ColumnKind.BOOLEAN)
    return dtype(ColumnKind.INTEGER if isinstance(value, int) else ColumnKind.TEXT)
