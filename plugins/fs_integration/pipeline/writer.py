"""Write the open rows of a batch, a slice at a time, and keep the ledger in step with what the target confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fs_integration.frames import KEY, REJECTION_COLUMNS, SOURCE_KEY, SOURCE_ROWS, frame_of
from fs_integration.ledger import Lease, Ledger
from fs_integration.pipeline.masking import masked
from fs_integration.pipeline.run import Run
from fs_integration.pipeline.target import TargetTable, document_column
from fs_integration.records import BatchRef, Outcome
from fs_integration.spec.columns import written_columns
from fs_integration.spec.mapping import MappingTask

LEASE_SECONDS = 300
BEGUN = 0  # fingerprint of a row whose first write was begun: what became of it is not known yet
SLICE_ROUNDS = 4  # rows are confirmed in the ledger after this many rounds of parallel requests
FINGERPRINT = "_fingerprint"
OUTCOME = "_outcome"
RULE = "_rule"
FOUND = "_found"


@dataclass
class Writer:
    """Writes the rows of one batch.

    :param leases: all of them must be ours before every request.
    """

    task: MappingTask
    run: Run
    ref: BatchRef
    target: TargetTable
    ledger: Ledger
    leases: Sequence[Lease]

    def write(self, rows: pd.DataFrame) -> None:
        """Write creates, then updates; set the outcome of every row in place.

        A data package creates and updates by itself, so it takes all rows at once.
        """
        is_open = (rows[OUTCOME] == "").to_numpy(dtype=bool)
        found = rows[FOUND].to_numpy(dtype=bool)
        by_package = self.task.target.route == "package"
        for exists, part in ((False, is_open),) if by_package else ((False, is_open & ~found), (True, is_open & found)):
            index = rows.index[part]
            columns = [name for name in written_columns(self.task, on_create=not exists) if name in rows]
            size = self._slice_rows(len(index))
            for start in range(0, len(index), size):
                self._write_slice(rows, index[start : start + size], columns, exists=exists)

    def _slice_rows(self, rows: int) -> int:
        """Return how many rows are written before the ledger is told; documents and packages go as a whole."""
        target = self.task.target
        if document_column(self.task) or target.route == "package":
            return max(rows, 1)
        return target.request_rows * target.parallel_requests * SLICE_ROUNDS

    def _write_slice(self, rows: pd.DataFrame, index: pd.Index, columns: list[str], *, exists: bool) -> None:
        sent = rows.loc[index].reset_index(drop=True)
        new = ~sent[FOUND].to_numpy(dtype=bool)
        if self.task.target.system == "finance_operations":
            self._begin(sent[new])
        answer = self.target.write(
            sent, columns=columns, exists=exists, before_request=self._still_ours,
            execution_id=f"{self.ref.scope}/{self.run.run_key}/{self.ref.number}",
        )  # fmt: skip
        written = (answer["status"] == "written").to_numpy(dtype=bool)
        self.ledger.save_fingerprints(self.leases, self.ref.scope, sent.loc[written, [KEY, SOURCE_KEY, FINGERPRINT]],
                                      as_of=self.run.as_of, run_key=self.run.run_key)  # fmt: skip
        arrived = np.where(new, Outcome.CREATED.value, Outcome.UPDATED.value)
        rows.loc[index, OUTCOME] = np.where(written, arrived, Outcome.QUARANTINED.value)
        rows.loc[index, RULE] = np.where(written, "", "refused:" + answer["code"].to_numpy(dtype=object))
        if not written.all():
            self.ledger.forget_fingerprints(self.leases, self.ref.scope, sent.loc[~written & new, KEY])
            refused = _refusals(sent[~written], answer[~written], columns)
            self.ledger.quarantine(self.ref.scope, self.run.run_key, masked(refused, self.task))

    def _begin(self, rows: pd.DataFrame) -> None:
        """Note which rows we are about to create, so that what a killed task left behind is known to be ours."""
        begun = rows[[KEY, SOURCE_KEY]].assign(
            **{FINGERPRINT: pd.Series(BEGUN, index=rows.index, dtype="int64[pyarrow]")}
        )
        self.ledger.save_fingerprints(
            self.leases, self.ref.scope, begun, as_of=self.run.as_of, run_key=self.run.run_key
        )

    def _still_ours(self) -> None:
        self.ledger.renew(self.leases, LEASE_SECONDS)


def _refusals(rows: pd.DataFrame, answer: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Turn rows the service refused into quarantine lines with the payload that was sent."""
    size = len(rows)
    lines = {
        "row_key": rows[SOURCE_KEY].tolist(),
        "field": [""] * size,
        "rule": [f"refused:{code}" for code in answer["code"]],
        "reason": [f"The target refused the row: {message}" for message in answer["message"]],
        "value": rows[KEY].tolist(),
        "outcome": [Outcome.QUARANTINED.value] * size,
        "source_rows": rows[SOURCE_ROWS].tolist(),
        "payload": rows[columns].astype("string").apply(lambda row: row.to_json(), axis=1).tolist(),
    }
    return frame_of(lines, REJECTION_COLUMNS)
