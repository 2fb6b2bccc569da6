"""Keys that occur in more than one batch, or in more than one company: which of the rows is right cannot be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fs_integration.frames import KEY, REJECTION_COLUMNS, SOURCE_KEY, SOURCE_ROWS, concat, frame_of
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.mapping import MappingTask
from fs_integration.staging import StagingArea

Hashes = Mapping[BatchRef, np.ndarray]

DOUBLED = "The key `{}` occurs more than once in the source; which row is right cannot be told."
SEVERAL_COMPANIES = (
    "Another company has `{}` too, and Field Service keeps one row per key. Give the companies a `key_prefix` each in "
    "the connection set, or choose the rows of each with `filters` there."
)
_NOBODY = np.array([], dtype="uint64")


def key_hashes(keys: pd.Series) -> np.ndarray:
    """Return a 64-bit hash per key: 8 bytes instead of the text, so that millions of keys fit into memory."""
    return pd.util.hash_array(keys.to_numpy(dtype=object), categorize=False)


def hashes_of(refs: Sequence[BatchRef], staging: StagingArea) -> Hashes:
    """Return the hashes of each batch's keys, compared as the services do: without regard to case."""
    return {ref: key_hashes(staging.read_columns(ref, [KEY])[KEY].str.lower()) for ref in refs}


def claimed_twice(task: MappingTask, hashes: Hashes) -> np.ndarray:
    """Return the hashes of keys that more than one company would write into the one table they share."""
    own: dict[Scope, list[np.ndarray]] = {}
    for ref, hashed in hashes.items():
        own.setdefault(ref.scope, []).append(hashed)
    if task.target.system == "finance_operations" or len(own) < 2:
        return _NOBODY
    return _several([np.unique(np.concatenate(each)) for each in own.values()])


def in_one_table(task: MappingTask, scope: Scope, hashes: Hashes) -> list[np.ndarray]:
    """Return the hashes that this company writes into its table, with those of the others where they share it."""
    return [hashed for ref, hashed in hashes.items() if task.target.system == "dataverse" or ref.scope == scope]


def without_doubled_keys(
    hashes: Hashes, claimed: np.ndarray, staging: StagingArea
) -> tuple[list[BatchRef], pd.DataFrame]:
    """Reject the rows of one company whose key occurs again. :returns: batches of the others, and the rejections."""
    doubled = _several(list(hashes.values()))
    kept, rejected = [], []
    for ref, hashed in hashes.items():
        several, foreign = np.isin(hashed, doubled), np.isin(hashed, claimed)
        mask = several | foreign
        if not mask.any():
            kept.append(ref)
            continue
        frame = staging.read(ref)
        rejected.append(_rejections(frame[several], "duplicate_key", DOUBLED))
        rejected.append(_rejections(frame[foreign & ~several], "several_companies", SEVERAL_COMPANIES))
        kept.append(
            staging.write_batch(ref.scope, ref.run_key, "04_accepted", ref.number, frame[~mask].reset_index(drop=True))
        )
    return kept, concat(rejected, REJECTION_COLUMNS)


def _several(hashes: Sequence[np.ndarray]) -> np.ndarray:
    """Return the hashes that occur more than once."""
    values, counts = np.unique(np.concatenate(hashes) if hashes else _NOBODY, return_counts=True)
    return values[counts > 1]


def _rejections(rows: pd.DataFrame, rule: str, reason: str) -> pd.DataFrame:
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
