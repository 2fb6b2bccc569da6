"""Rows held back since earlier runs: which of them a run asks for by key, and what it says of them in the end.

A run that reads everything meets them by itself. One that reads changes asks for all of them, a replay for those that a
person chose. What a run asks for is staged, so that a second try asks for the same rows and the gate knows which of
them are gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fs_integration.errors import ConfigurationError
from fs_integration.frames import KEY_SEPARATOR, NULL_TEXT, SOURCE_KEY, dtype, frame_of, joined_text, split_keys
from fs_integration.ledger import Ledger
from fs_integration.ledger.selection import digest
from fs_integration.pipeline.load import ARRIVED
from fs_integration.pipeline.run import Mode, Run
from fs_integration.pipeline.writer import OUTCOME
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.mapping import Mapping, MappingTask, Source
from fs_integration.spec.metadata import ColumnKind
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)

HELD_BACK = "held_back"  # name of the staged keys
ROW_KEY = {"row_key": ColumnKind.TEXT}


def stage_selection(area: Mapping, run: Run, *, companies: Sequence[str], staging: StagingArea, ledger: Ledger) -> None:
    """Choose what a replay offers again, once for all tasks of the area: the first task closes lines of the others.

    :raises ConfigurationError: a task reads data packages, of which single rows cannot be asked for; or the rows are no
        longer as the person saw them who chose them.
    """
    scopes = [Scope(area.mapping, task.name, company) for task in area.enabled_tasks for company in companies]
    if run.replay is None or all(staging.has_reference(scope, run.run_key, HELD_BACK) for scope in scopes):
        return
    chosen = ledger.select_quarantine(area.mapping, run.replay)
    _demand_unchanged(run, digest(chosen))
    if not len(chosen):
        log.info("Nothing is held back in %s that matches %s; there is nothing to do.", area.mapping, run.replay)
    for scope in scopes:
        own = (chosen["task"] == scope.task) & (chosen["legal_entity"] == scope.legal_entity)
        keys = chosen.loc[own, "row_key"].drop_duplicates().tolist()
        if keys and area.task(scope.task).source.route == "package":
            raise ConfigurationError(
                f"{scope} is read in data packages, of which single rows cannot be asked for. Its next run reads all "
                "rows; start one without `replay_...` parameters."
            )
        _stage(keys, area.task(scope.task).source, scope=scope, run=run, staging=staging)


def _demand_unchanged(run: Run, found: str) -> None:
    if run.seen and run.seen != found:
        raise ConfigurationError(
            f"The rows that match {run.replay} are no longer what was seen as `{run.seen}` (now `{found}`): some have "
            "arrived, changed, or were added since. Nothing was read or written. Look at them again with "
            "`quarantine replay --dry-run`, then start the replay anew."
        )


def keys_to_ask(task: MappingTask, run: Run, *, scope: Scope, staging: StagingArea, ledger: Ledger) -> list[str]:
    """Return the keys of the rows to ask for besides what the run reads anyway."""
    if run.replay is None and task.source.changed_since is not None and run.mode is Mode.SCHEDULED:
        _stage(ledger.held_back(scope), task.source, scope=scope, run=run, staging=staging)
    return sorted(_asked(run, scope, staging))


def _stage(keys: Sequence[str], source: Source, *, scope: Scope, run: Run, staging: StagingArea) -> None:
    asked = [key for key in keys if _can_be_asked(key, source)]
    if len(asked) < len(keys):
        left = sorted(set(keys) - set(asked))
        log.warning("%s: %d rows cannot be asked for by their key and stay held back: %s", scope, len(left), left[:5])
    staging.write_reference(scope, run.run_key, HELD_BACK, [frame_of({"row_key": asked}, ROW_KEY)])


def _can_be_asked(key: str, source: Source) -> bool:
    """Tell whether a key can be cut into its parts and put into a filter; `*` finds any text in Finance & Operations.

    Blank parts, such as unused dimensions of a product, can be asked for there, but not in Dataverse.
    """
    parts = key.split(KEY_SEPARATOR) if len(source.key) > 1 else [key]
    if source.system == "dataverse":
        return len(parts) == len(source.key) and NULL_TEXT not in parts
    return len(parts) == len(source.key) and parts[0] != NULL_TEXT and "*" not in key


def _asked(run: Run, scope: Scope, staging: StagingArea) -> set[str]:
    if not staging.has_reference(scope, run.run_key, HELD_BACK):
        return set()
    return set(staging.read_reference(scope, run.run_key, HELD_BACK)["row_key"])


def key_frame(keys: Sequence[str], source: Source) -> pd.DataFrame:
    """Return keys as columns, blank parts as missing."""
    parts, _ = split_keys(pd.Series(keys, dtype=dtype(ColumnKind.TEXT)), len(source.key))
    return pd.DataFrame({name: part.mask(part == NULL_TEXT) for name, part in zip(source.key, parts, strict=True)})


def settle_at_gate(
    task: MappingTask, run: Run, *, scope: Scope, raw: Sequence[BatchRef], going_on: Sequence[BatchRef],
    rejections: pd.DataFrame, staging: StagingArea, ledger: Ledger,
) -> None:  # fmt: skip
    """Close the lines of rows that are gone, skipped, or added up into another row; the others wait for reconcile.

    :param going_on: accepted batches; :param rejections: lines of this run, already entered.
    """
    is_skip = (rejections["outcome"] == Outcome.SKIPPED.value).to_numpy(dtype=bool)
    skipped, reported = (set(rejections.loc[mask, "row_key"]) for mask in (is_skip, ~is_skip))
    ledger.settle_quarantine(scope, run.run_key, skipped, because="no longer meant to travel")
    asked = _asked(run, scope, staging)
    if run.replay is None and task.source.changed_since is None:
        asked = set(ledger.held_back(scope))
    if not asked:
        return
    met = _among(asked, (joined_text(staging.read_columns(ref, task.source.key), task.source.key) for ref in raw))
    goes_on = _among(asked, (staging.read_columns(ref, [SOURCE_KEY])[SOURCE_KEY] for ref in going_on))
    ledger.settle_quarantine(scope, run.run_key, asked - met, because="no longer in the source")
    added_up = met - reported - goes_on
    ledger.settle_quarantine(scope, run.run_key, added_up, because="added up with other rows")


def _among(asked: set[str], columns: Iterator[pd.Series]) -> set[str]:
    return {key for keys in columns for key in keys[keys.isin(asked)]}


def settle_written(
    scope: Scope, run: Run, outcomes: Sequence[BatchRef], *, staging: StagingArea, ledger: Ledger
) -> None:
    """Close the lines of rows that arrived, or that the target rightly keeps as they are.

    Not before the books balance: a row that is missing in the target must not be missing in the quarantine as well.
    """
    held = ledger.held_back(scope)
    for ref in outcomes if held else ():
        rows = staging.read_columns(ref, [SOURCE_KEY, OUTCOME])
        rows = rows[rows[SOURCE_KEY].isin(held)]
        arrived = rows[OUTCOME].isin(ARRIVED).to_numpy(dtype=bool)
        skipped = np.asarray(rows[OUTCOME] == Outcome.SKIPPED.value, dtype=bool)
        for mask, because in ((arrived, "arrived"), (skipped, "not to be written any more")):
            ledger.settle_quarantine(scope, run.run_key, set(rows.loc[mask, SOURCE_KEY]), because=because)
