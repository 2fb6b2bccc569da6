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
    emptied: int = 0,
    known_rows: int,
    reads_everything: bool,
    batch_failures: Sequence[str],
) -> GateDecision:
    """Decide over all batches of one company in one run.

    :param quarantined: rows that a person must correct; skipped and blocked rows do not count.
    :param known_bad: those of them that are read again although unchanged, because an earlier run quarantined them.
    :param previous_rows: rows read by the last successful run, None when there was none.
    :param vanished: rows written before that are no longer in the source; :param known_rows: rows written before.
    :param emptied: rows written before that now carry nothing but the values which vanished ones are given.
    :param reads_everything: whether all rows were read; of a source that is read by its changes none is as good as any.
    :param batch_failures: what stopped whole batches.
    """
    stops = [*batch_failures]
    stops += _too_many_quarantined(task, scope, rows_read - known_bad, quarantined - known_bad)
    stops += _too_many_emptied(task, scope, vanished, emptied, known_rows)
    if reads_everything:
        usual = known_rows if previous_rows is None or task.source.changed_since is not None else previous_rows
        stops += _too_few_read(task, scope, rows_read, usual)
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


def _too_many_emptied(task: MappingTask, scope: str, vanished: int, emptied: int, known_rows: int) -> Iterator[str]:
    """A source that suddenly lacks most of its rows, or what is in them, is more likely broken than empty."""
    rule = task.target.vanished
    if rule is not None and (vanished + emptied) * 100 > rule.max_percent * known_rows:
        also = f", and {emptied} hold nothing any more" if emptied else ""
        yield (
            f"{vanished} of {known_rows} rows of {scope} written before are no longer in {task.source.entity}{also} "
            f"({_percent(vanished + emptied, known_rows)}); at most {rule.max_percent} % are allowed "
            "(`vanished.max_percent`)."
        )


def _too_few_read(task: MappingTask, scope: str, rows_read: int, usual: int) -> Iterator[str]:
    """Both limits must be passed here too: a company may well give up two of its three warehouses."""
    limits, missing = task.thresholds, usual - rows_read
    if missing > limits.min_rows and missing * 100 > limits.max_drop_percent * usual:
        yield (
            f"{rows_read} rows of {scope} were read, {_percent(missing, usual)} fewer than the {usual} of before; at "
            f"most {limits.max_drop_percent} % or {limits.min_rows} rows fewer are allowed "
            f"(`thresholds.max_drop_percent`). Check the rights of the application user on "
            f"{task.source.entity}, the filter of the mapping and the address of the connection."
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
