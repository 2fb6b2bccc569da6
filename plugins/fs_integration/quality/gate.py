"""Decide whether the rows of one company may be loaded. Numbers in, decision out; nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fs_integration.spec.mapping import MappingTask, QualityRule


@dataclass(frozen=True)
class GateDecision:
    """:param passed: whether to load; :param messages: why not, and what is only reported."""

    passed: bool
    messages: tuple[str, ...]


def decide(
    task: MappingTask,
    *,
    scope: str,
    rows_read: int,
    quarantined: int,
    known_bad: int = 0,
    previous_rows: int | None,
    vanished: int,
    known_rows: int,
    batch_failures: Sequence[str],
) -> GateDecision:
    """Decide over all batches of one company in one run.

    :param quarantined: rows that a person must correct; skipped and blocked rows do not count.
    :param known_bad: those of them that are read again although unchanged, because an earlier run quarantined them.
    :param previous_rows: rows read by the last successful run, None when there was none.
    :param vanished: rows written before that are no longer in the source; :param known_rows: rows written before.
    :param batch_failures: what stopped whole batches.
    """
    stops = [*batch_failures]
    stops += _too_many_quarantined(task, scope, rows_read - known_bad, quarantined - known_bad)
    stops += _too_many_vanished(task, scope, vanished, known_rows)
    notes: list[str] = []
    for rule in task.quality:
        fault = _row_count_fault(rule, scope, rows_read, previous_rows)
        if fault:
            (notes if rule.failing == "warn" else stops).append(f"{fault} {rule.reason}".strip())
    return GateDecision(not stops, (*stops, *notes))


def _too_many_quarantined(task: MappingTask, scope: str, rows_read: int, quarantined: int) -> Iterator[str]:
    """Both limits must be passed: one bad row among three is no reason to stop an area."""
    limits = task.thresholds
    if quarantined > limits.min_rows and quarantined * 100 > limits.max_percent * rows_read:
        yield (
            f"{quarantined} of {rows_read} rows of {scope} are quarantined ({_percent(quarantined, rows_read)}); at "
            f"most {limits.max_percent} % or {limits.min_rows} rows are allowed."
        )


def _too_many_vanished(task: MappingTask, scope: str, vanished: int, known_rows: int) -> Iterator[str]:
    """A source that suddenly lacks most of its rows is more likely broken than empty."""
    rule = task.target.vanished
    if rule is not None and vanished * 100 > rule.max_percent * known_rows:
        yield (
            f"{vanished} of {known_rows} rows of {scope} written before are no longer in {task.source.entity} "
            f"({_percent(vanished, known_rows)}); at most {rule.max_percent} % are allowed (`vanished.max_percent`)."
        )


def _row_count_fault(rule: QualityRule, scope: str, rows_read: int, previous_rows: int | None) -> str:
    if rule.expect == "row_count_between":
        if rule.min is not None and rows_read < rule.min:
            return f"{rows_read} rows of {scope} were read; at least {rule.min} are expected."
        if rule.max is not None and rows_read > rule.max:
            return f"{rows_read} rows of {scope} were read; at most {rule.max} are expected."
    if rule.expect == "row_count_change" and rule.max_drop_percent is not None and previous_rows:
        dropped = previous_rows - rows_read
        if dropped * 100 > rule.max_drop_percent * previous_rows:
            return (
                f"{rows_read} rows of {scope} were read, {_percent(dropped, previous_rows)} fewer than the "
                f"{previous_rows} of the last successful run; at most {rule.max_drop_percent} % fewer are allowed."
            )
    return ""


def _percent(part: int, whole: int) -> str:
    return f"{part * 100 / whole:.1f} %" if whole else "all"
