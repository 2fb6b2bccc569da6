"""Rows that were written before and are no longer in a full read of the source."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from fs_integration.frames import (
    KEY,
    KEY_SEPARATOR,
    SOURCE_KEY,
    SOURCE_ROWS,
    dtype,
    fingerprints,
    joined_text,
    split_keys,
)
from fs_integration.ledger import Ledger
from fs_integration.pipeline.doubled_keys import key_hashes
from fs_integration.pipeline.places import TARGET, description
from fs_integration.pipeline.references import SCAN_ROWS
from fs_integration.pipeline.run import Run
from fs_integration.records import BatchRef, Scope
from fs_integration.spec.columns import written_columns
from fs_integration.spec.mapping import MappingTask, Vanished
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
from fs_integration.staging import StagingArea

log = logging.getLogger(__name__)


def vanished_rows(
    task: MappingTask, run: Run, *, scope: Scope, watermark: datetime | None, raw: Sequence[BatchRef],
    present: Sequence[np.ndarray], staging: StagingArea, ledger: Ledger,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows to write for keys that were written before and are no longer in the source.

    A row that is in the source but was rejected has not vanished, hence the look at the raw keys. Rows that a newer run
    wrote or confirmed are left alone, and so are rows that another company writes into the same table now. A replay
    reads too little to miss anything.

    :param raw: raw batches of the company; :param present: hashes of the keys of the shaped rows of all that share the
        table.
    """
    if task.target.vanished is None or task.source.changed_since is not None or run.replay is not None:
        return pd.DataFrame()
    if run.is_overtaken(task, watermark):
        return pd.DataFrame()
    present_rows = _all_hashes(joined_text(staging.read_columns(ref, task.source.key), task.source.key) for ref in raw)
    present_keys = np.concatenate(present) if present else np.array([], dtype="uint64")
    zero = vanished_fingerprint(task)
    gone: list[pd.DataFrame] = []
    for known in ledger.scan_fingerprints(scope, SCAN_ROWS):
        absent = ~np.isin(key_hashes(known[SOURCE_KEY]), present_rows)
        absent &= ~np.isin(key_hashes(known[KEY].str.lower()), present_keys)
        stale = (known["fingerprint"] != zero) & (known["as_of"] < run.as_of)
        gone.append(known[absent & stale.to_numpy(dtype=bool)])
    if not gone:
        return pd.DataFrame()
    return _frame(task, pd.concat(gone, ignore_index=True), description(TARGET, scope, run.run_key, staging))


def emptied_rows(
    task: MappingTask, batches: Sequence[BatchRef], *, scope: Scope, known_rows: int, staging: StagingArea,
    ledger: Ledger,
) -> int:  # fmt: skip
    """Count the rows written before that are still in the source, but now with the values of ``vanished.set``.

    What they were is not known, only that they were something else. They are looked up only when there are so many of
    them that it could matter.
    """
    rule = task.target.vanished
    if rule is None:
        return 0
    empty = [(ref, _is_empty(staging.read_columns(ref, list(rule.set)), rule)) for ref in batches]
    if sum(int(rows.sum()) for _, rows in empty) * 100 <= rule.max_percent * known_rows:
        return 0
    columns = written_columns(task, on_create=False)
    count = 0
    for ref, rows in empty:
        frame = staging.read_columns(ref, [KEY, *columns])[rows]
        known = ledger.fingerprints(scope, frame[KEY]).set_index(KEY)["fingerprint"]
        before = known.reindex(frame[KEY]).to_numpy(dtype="int64", na_value=0)
        now = fingerprints(frame, columns).to_numpy(dtype="int64")
        is_known = frame[KEY].isin(known.index).to_numpy(dtype=bool)
        count += int((is_known & (before != now) & (before != vanished_fingerprint(task))).sum())
    return count


def _is_empty(frame: pd.DataFrame, rule: Vanished) -> np.ndarray:
    same = [(frame[name] == value).fillna(value=False).to_numpy(dtype=bool) for name, value in rule.set.items()]
    empty: np.ndarray = np.logical_and.reduce(same)
    return empty


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


def _frame(task: MappingTask, known: pd.DataFrame, target: EntityMetadata) -> pd.DataFrame:
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
