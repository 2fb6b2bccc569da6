"""Gate: look at all batches of a run together and decide, per company, whether they may be loaded.

Here, and only here, rows enter quarantine before the load. What one batch cannot see is checked here too: thresholds
over all rows, the row count against the last run, keys that occur in two batches, and rows that vanished from the
source. A read of everything that brings next to nothing is taken for a broken source, never for an empty one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from fs_integration.errors import DataQualityError
from fs_integration.frames import REJECTION_COLUMNS, concat
from fs_integration.ledger import Ledger
from fs_integration.pipeline.documents import whole_documents
from fs_integration.pipeline.doubled_keys import Hashes, claimed_twice, hashes_of, in_one_table, without_doubled_keys
from fs_integration.pipeline.held_back import settle_at_gate
from fs_integration.pipeline.masking import masked
from fs_integration.pipeline.run import Run
from fs_integration.pipeline.transform import TransformResult
from fs_integration.pipeline.vanished import emptied_rows, vanished_rows
from fs_integration.quality.gate import GateDecision, decide
from fs_integration.quality.suite import RUN_RULES
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.mapping import MappingTask
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

GATE_BATCH = -1  # the gate's own line in the books; the load's lines carry the batch numbers


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
    hashes = hashes_of([result.shaped for result in results if result.shaped.rows], staging)
    claimed = claimed_twice(task, hashes)
    for scope in scopes:
        own = [result for result in results if result.raw.scope == scope]
        batches, decision = _gate_scope(
            task, run, scope=scope, results=own, hashes=hashes, claimed=claimed, staging=staging, ledger=ledger
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
    hashes: Hashes,
    claimed: np.ndarray,
    staging: StagingArea,
    ledger: Ledger,
) -> tuple[list[BatchRef], GateDecision]:
    watermark = ledger.watermark(scope)
    run = run.for_scope(watermark)
    rejections = concat((staging.read(result.rejected) for result in results), REJECTION_COLUMNS)
    own = {ref: hashed for ref, hashed in hashes.items() if ref.scope == scope}
    batches, doubled = without_doubled_keys(own, claimed, staging)
    batches, incomplete = _whole_documents(task, results, batches, doubled, staging)
    rejections = concat([rejections, masked(doubled, task), incomplete], REJECTION_COLUMNS)
    vanished = vanished_rows(
        task, run, scope=scope, watermark=watermark, raw=[result.raw for result in results],
        present=in_one_table(task, scope, hashes), staging=staging, ledger=ledger,
    )  # fmt: skip
    known_rows = ledger.fingerprint_count(scope)
    decision = decide(
        task if run.replay is None else _without_row_counts(task),
        scope=str(scope),
        rows_read=sum(result.raw.rows for result in results),
        quarantined=_rows(rejections, Outcome.QUARANTINED),
        known_bad=_known_bad(task, run, scope=scope, rejections=rejections, ledger=ledger),
        previous_rows=ledger.previous_rows(scope, run.run_key),
        vanished=len(vanished),
        emptied=emptied_rows(task, batches, scope=scope, known_rows=known_rows, staging=staging, ledger=ledger),
        known_rows=known_rows,
        reads_everything=run.replay is None and (task.source.changed_since is None or run.interval.start is None),
        batch_failures=[message for result in results for message in result.failures],
    )
    ledger.quarantine(scope, run.run_key, rejections)
    ledger.record_outcomes(scope, run.run_key, GATE_BATCH, outcome_counts(rejections))
    ledger.set_generated(scope, run.run_key, len(vanished) if decision.passed else 0)
    if not decision.passed:
        ledger.close_run(scope, run.run_key, status="stopped", message=" ".join(decision.messages))
        return [], decision
    settle_at_gate(task, run, scope=scope, raw=[result.raw for result in results], going_on=batches,
                   rejections=rejections, staging=staging, ledger=ledger)  # fmt: skip
    if len(vanished):
        number = max((ref.number for ref in batches), default=-1) + 1
        batches.append(staging.write_batch(scope, run.run_key, "04_vanished", number, vanished))
    return [ref for ref in batches if ref.rows], decision


def _known_bad(task: MappingTask, run: Run, *, scope: Scope, rejections: pd.DataFrame, ledger: Ledger) -> int:
    """Count rows that are only read again because they are held back: old faults are no reason to stop what is new."""
    if run.replay is not None:
        return _rows(rejections[rejections["row_key"].isin(ledger.held_back(scope))], Outcome.QUARANTINED)
    if task.source.changed_since is None:
        return 0
    known = ledger.quarantined_before(scope, run.run_key)
    return _rows(rejections[rejections["row_key"].isin(known)], Outcome.QUARANTINED)


def _without_row_counts(task: MappingTask) -> MappingTask:
    """Return a task for a replay: how many rows that reads says nothing about the source."""
    return task.model_copy(update={"quality": tuple(rule for rule in task.quality if rule.expect not in RUN_RULES)})


def _whole_documents(
    task: MappingTask, results: Sequence[TransformResult], batches: Sequence[BatchRef], doubled: pd.DataFrame,
    staging: StagingArea,
) -> tuple[list[BatchRef], pd.DataFrame]:  # fmt: skip
    """Hold back what is left of documents that lost a line to the look over all batches.

    :returns: the batches without these rows, and the lines against them.
    """
    if task.source.document is None or not len(doubled):
        return list(batches), concat([], REJECTION_COLUMNS)
    raw = {result.raw.number: result.raw for result in results}
    kept, held = [], []
    for batch in batches:
        lines = staging.read_columns(raw[batch.number], [*task.source.key, task.source.document])
        rows, incomplete = whole_documents(task, lines, staging.read(batch), doubled)
        if len(incomplete):
            batch = staging.write_batch(batch.scope, batch.run_key, "04_accepted", batch.number, rows)
        kept.append(batch)
        held.append(incomplete)
    return kept, concat(held, REJECTION_COLUMNS)


def outcome_counts(rejections: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Return source rows per (outcome, rule)."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome, rule, rows in zip(rejections["outcome"], rejections["rule"], rejections["source_rows"], strict=True):
        if rows:
            counts[str(outcome), str(rule)] += int(rows)
    return dict(counts)


def _rows(rejections: pd.DataFrame, outcome: Outcome) -> int:
    return int(rejections.loc[rejections["outcome"] == outcome.value, "source_rows"].sum())
