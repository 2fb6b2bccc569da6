"""Compare what was written with what the target holds now, reading a table that companies share only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from fs_integration.clients.keys import folded
from fs_integration.frames import KEY, dtype, joined_text
from fs_integration.ledger import Ledger
from fs_integration.pipeline.doubled_keys import key_hashes
from fs_integration.pipeline.load import ARRIVED, READABLE
from fs_integration.pipeline.target import TargetTable, compared_columns, readable_prints
from fs_integration.pipeline.vanished import vanished_fingerprint
from fs_integration.pipeline.writer import FINGERPRINT, OUTCOME
from fs_integration.records import BatchRef, Outcome, Scope
from fs_integration.spec.mapping import MappingTask
from fs_integration.spec.metadata import ColumnKind
from fs_integration.staging import StagingArea

READ_BY_KEY_ROWS = 2_000  # up to here rows are asked for by key, beyond it the whole table is read
SAMPLED_KEYS = 1_000  # of a company's keys, to find out how they are spread
WRITTEN = (Outcome.CREATED.value, Outcome.UPDATED.value)


@dataclass(frozen=True)
class Comparison:
    """:param drift: rows that differ; :param missing: rows not found; :param doubtful: the keys of both."""

    drift: int
    missing: int
    doubtful: pd.Series


NOTHING = Comparison(0, 0, pd.Series([], dtype=dtype(ColumnKind.TEXT)))


class _Sought:
    """The rows of one company to find in the target, and what was found of them so far."""

    def __init__(self, expected: pd.DataFrame) -> None:
        hashed = key_hashes(expected[KEY])
        order = np.argsort(hashed)
        self.rows = expected.iloc[order].reset_index(drop=True)
        self._keys = hashed[order]
        self._prints = self.rows[READABLE].to_numpy(dtype="int64")
        self._seen, self._differs = np.zeros(len(order), dtype=bool), np.zeros(len(order), dtype=bool)

    def meet(self, keys: np.ndarray, prints: np.ndarray) -> None:
        """Note which rows are among those with these hashes of keys and these fingerprints."""
        position = np.searchsorted(self._keys, keys)
        position[position == len(self._keys)] = 0
        hit = self._keys[position] == keys
        self._seen[position[hit]] = True
        self._differs[position[hit]] |= prints[hit] != self._prints[position[hit]]

    def sample(self, key: Sequence[str]) -> pd.DataFrame:
        """Return the keys of some rows; which ones is chance, as the rows are in the order of their hashes."""
        return self.rows[list(key)].head(SAMPLED_KEYS)

    def not_seen(self) -> pd.DataFrame:
        """Return the rows that were not met."""
        return self.rows[~self._seen].reset_index(drop=True)

    def result(self) -> Comparison:
        doubtful = self.rows.loc[self._differs | ~self._seen, KEY]
        return Comparison(int(self._differs.sum()), int((~self._seen).sum()), doubtful)


def compare(
    task: MappingTask, outcomes: Mapping[Scope, Sequence[BatchRef]], *, targets: Mapping[Scope, TargetTable],
    as_of: datetime, staging: StagingArea, ledger: Ledger,
) -> dict[Scope, Comparison]:  # fmt: skip
    """Read written rows back and compare them with what was sent.

    :param outcomes: staged outcomes of each company's batches; :param targets: the target as each company may read it.
    :param as_of: the moment the run speaks for, UTC.
    :raises ServiceError: when the target cannot be read.
    """
    sought: dict[Scope, _Sought] = {}
    for scope, refs in outcomes.items():
        if task.target.compare != "none" and refs:
            expected, written = _expected(task, refs, staging)
            if ledger.written_count(scope, refs[0].run_key) != written:  # so has another run since, or another try
                expected = _ours(task, _lines(task, refs, ARRIVED, staging), as_of, scope=scope, ledger=ledger)
            kept = expected[list(dict.fromkeys([*task.target.key, KEY, READABLE]))]
            sought |= {scope: _Sought(kept)} if len(kept) else {}
    if task.target.system == "dataverse":  # one table for all companies
        _look_for(task, sought, targets)
    else:
        for scope, own in sought.items():
            _look_for(task, {scope: own}, targets)
    return {scope: sought[scope].result() if scope in sought else NOTHING for scope in outcomes}


def _look_for(task: MappingTask, sought: Mapping[Scope, _Sought], targets: Mapping[Scope, TargetTable]) -> None:
    """Look into one table, and once more for rows whose key the target may spell in another way."""
    columns = list(dict.fromkeys([*task.target.key, *compared_columns(task)]))
    _look_through(task, sought, targets, columns)
    for scope, own in sought.items():
        rows = own.not_seen()
        if 0 < len(rows) <= READ_BY_KEY_ROWS:
            frame = targets[scope].read_keys(columns, rows)
            own.meet(*_hashes(task, _spelled_as(rows, frame, task.target.key)))


def _look_through(
    task: MappingTask, sought: Mapping[Scope, _Sought], targets: Mapping[Scope, TargetTable], columns: Sequence[str]
) -> None:
    """Look into one table: once for all companies as soon as one has many rows to find, else by the keys of each."""
    if all(len(own.rows) <= READ_BY_KEY_ROWS for own in sought.values()):
        for scope, own in sought.items():
            frame = targets[scope].read_keys(columns, own.rows)
            own.meet(*_hashes(task, frame))
        return
    near = pd.concat([own.sample(task.target.key) for own in sought.values()], ignore_index=True)
    for frame in targets[next(iter(sought))].read(columns, near=near):
        keys, prints = _hashes(task, frame)
        for own in sought.values():
            own.meet(keys, prints)


def _spelled_as(sent: pd.DataFrame, found: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """Return the found rows with their keys in the spelling that was sent.

    Services compare keys without regard to case, and a row that was there before keeps its own spelling.
    """
    places = pd.Series(range(len(sent)), index=folded(sent, key).to_list())
    place = folded(found, key).map(places)
    found, meant = found[place.notna()], sent.iloc[place.dropna().to_numpy(dtype="int64")]
    return found.assign(**{name: meant[name].array for name in key})


def _hashes(task: MappingTask, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    prints = readable_prints(task, frame).to_numpy(dtype="int64")
    return key_hashes(joined_text(frame, task.target.key)), prints


def _expected(task: MappingTask, outcomes: Sequence[BatchRef], staging: StagingArea) -> tuple[pd.DataFrame, int]:
    """Return the rows to find in the target, and the number of all rows written.

    Rows written as vanished are left out: the fingerprint of what was sent for them covers fewer columns.
    """
    lines = _lines(task, outcomes, WRITTEN if task.target.compare == "written" else ARRIVED, staging)
    is_vanished = lines[FINGERPRINT] == vanished_fingerprint(task)
    return lines[~is_vanished].reset_index(drop=True), int(lines[OUTCOME].isin(WRITTEN).sum())


def _lines(
    task: MappingTask, outcomes: Sequence[BatchRef], wanted: Sequence[str], staging: StagingArea
) -> pd.DataFrame:  # fmt: skip
    """Return key, fingerprints and outcome of the rows that ended in one of these outcomes."""
    columns = [*task.target.key, KEY, FINGERPRINT, READABLE, OUTCOME]
    frames = (staging.read_columns(ref, columns) for ref in outcomes)
    return pd.concat([frame[frame[OUTCOME].isin(wanted)] for frame in frames], ignore_index=True)


def _ours(task: MappingTask, lines: pd.DataFrame, as_of: datetime, *, scope: Scope, ledger: Ledger) -> pd.DataFrame:
    """Return the rows to find when not only this try has written.

    Left out is what another run has written since, because this one came to its end so late. What an earlier try of
    this run wrote counts as unchanged, and is looked for all the same.
    """
    known = ledger.fingerprints(scope, lines[KEY]).set_index(KEY)
    last = known["fingerprint"].reindex(lines[KEY]).to_numpy(dtype="int64", na_value=0)
    own = (pd.to_datetime(known["as_of"].reindex(lines[KEY]), utc=True) == as_of).to_numpy(dtype=bool)
    mine = lines[OUTCOME].isin(WRITTEN).to_numpy(dtype=bool) | own | (task.target.compare == "all")
    mine &= (last == lines[FINGERPRINT].to_numpy(dtype="int64")) & (last != vanished_fingerprint(task))
    ours: pd.DataFrame = lines[mine]
    return ours.reset_index(drop=True)
