"""Lint of what the quarantine masks: columns the task has, and never the key that rows are found again by."""

from __future__ import annotations

from collections.abc import Iterator

from fs_integration.spec.advice import nearest_or_all
from fs_integration.spec.columns import added_columns, masked_columns, source_columns
from fs_integration.spec.finding import Finding, error
from fs_integration.spec.mapping import MappingTask


def lint_quarantine(task: MappingTask) -> Iterator[Finding]:
    """Yield what does not fit in ``quarantine``."""
    known = {*source_columns(task), *added_columns(task), *(rule.to for rule in task.fields)}
    for position, name in enumerate(task.quarantine.mask):
        if name not in known:
            message = f"No rule of this task reads or writes a column `{name}`."
            yield error(("quarantine", "mask", position), message, nearest_or_all(name, sorted(known)))
    for name in task.source.key:
        if name in masked_columns(task):
            message = f"`{name}` is part of the source key; without it a row held back could not be found again."
            yield error(("quarantine", "mask"), message, "Mask other columns.")
