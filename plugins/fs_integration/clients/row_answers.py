"""What became of each row of one write: noted by several threads, handed out as one frame."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pandas as pd

from fs_integration.errors import NotFound, PermanentServiceError, RequestRefused
from fs_integration.frames import KEY, frame_of
from fs_integration.spec.metadata import ColumnKind

WRITTEN, REJECTED = "written", "rejected"
GIVE_UP_AFTER = 200  # rows or documents refused one by one before the first was written: then it is not the rows
_ANSWER = {KEY: ColumnKind.TEXT, "status": ColumnKind.TEXT, "code": ColumnKind.TEXT, "message": ColumnKind.TEXT}


class RowAnswers:
    """One answer per row.

    :param place: service and table, for messages, for example ``Dataverse table msdyn_warehouses``.
    """

    def __init__(self, keys: pd.Series, place: str) -> None:
        self._keys, self._place, self._lock = keys.tolist(), place, threading.Lock()
        self._status = [""] * len(keys)
        self._code = [""] * len(keys)
        self._message = [""] * len(keys)
        self.written = self.refused = self._refusals = 0

    def accept(self, positions: Sequence[int]) -> None:
        """Note rows that the service took."""
        with self._lock:
            for position in positions:
                self._status[position] = WRITTEN
            self.written += len(positions)

    def refuse(self, position: int, code: str, message: str) -> None:
        """Note a row that the service did not take, with the reason for people."""
        with self._lock:
            self._status[position], self._code[position], self._message[position] = REJECTED, code, message
            self.refused += 1

    def reject(self, positions: Sequence[int], exc: PermanentServiceError) -> None:
        """Note rows that the service refused together: one row, or the lines of one document.

        :raises RequestRefused: it refused so often before the first row was taken that it cannot be the rows.
        """
        for position in positions:
            self.refuse(position, code_of(exc), exc.excerpt or str(exc))
        with self._lock:
            self._refusals += 1
        if not self.written and self._refusals >= GIVE_UP_AFTER:
            raise RequestRefused(
                f"{self._place} refused the first {self._refusals} rows or documents, each for itself, and took none. "
                f"That is not about rows. Check the mapping against the table. The last reason: {exc.excerpt or exc}",
                status=exc.status, code=exc.code, request_id=exc.request_id,
            ) from exc  # fmt: skip

    def frame(self) -> pd.DataFrame:
        """Return one line per row, in the order of the keys: ``_key``, ``status``, ``code``, ``message``."""
        lines = {KEY: self._keys, "status": self._status, "code": self._code, "message": self._message}
        return frame_of(lines, _ANSWER)


def code_of(exc: PermanentServiceError) -> str:
    """Return a short stable name of a refusal; Finance & Operations gives no codes of its own."""
    return exc.code or ("missing" if isinstance(exc, NotFound) else f"http_{exc.status}")
