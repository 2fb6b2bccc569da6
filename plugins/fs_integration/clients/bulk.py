"""Write many rows to one Dataverse table: few requests, several at once, and an answer for every single row.

A bulk message is one transaction and its error does not say which row is at fault. A refused request is therefore cut
in halves until the bad rows stand alone; where there are many of them, ``$batch`` finds them with fewer requests.
Every message here may be repeated without harm (docs/mapping-reference.md, "Ways to write").
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from fs_integration.clients.multipart import Operation
from fs_integration.clients.parallel import one_at_a_time, side_by_side
from fs_integration.clients.row_answers import RowAnswers
from fs_integration.clients.row_writer import JSON_BODY, LOST_RACE, BatchRefused, RowWriter, operation_of
from fs_integration.clients.transport import Call, Transport
from fs_integration.errors import MappingError, NotFound, PermanentServiceError, RequestRefused
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.spec.target import Strategy

log = logging.getLogger(__name__)

MOST_OPERATIONS = 1000  # in one $batch
BATCH_ROWS = 100  # of a $batch that replaces a bulk message: small ones keep the execution time limit away
BAD_ROWS_BY_HALVING = 2  # so many are found by halving; for more $batch needs fewer requests
_MISSING_ROW = frozenset({"0x80040217", "0x80060891"})


@dataclass(frozen=True)
class Chunk:
    """Rows of one bulk message.

    :param message: ``UpsertMultiple`` or ``UpdateMultiple``; :param positions: their places among all rows.
    :param targets: one JSON object per row.
    """

    message: str
    positions: Sequence[int]
    targets: Sequence[str]

    def halves(self) -> tuple[Chunk, Chunk]:
        middle = len(self.targets) // 2
        return (
            Chunk(self.message, self.positions[:middle], self.targets[:middle]),
            Chunk(self.message, self.positions[middle:], self.targets[middle:]),
        )


@dataclass
class _Halving:
    """How many more requests may be refused before the rest of a chunk is sent another way."""

    refusals_left: int

    @classmethod
    def of(cls, rows: int) -> _Halving:
        requests_to_find_one = (rows - 1).bit_length() + 1
        return cls(BAD_ROWS_BY_HALVING * requests_to_find_one)


def rows_per_request(strategy: Strategy, request_rows: int, *, rows: int, parallel_requests: int) -> int:
    """Return the rows of one chunk: of one request, or of one worker that sends them one by one."""
    if strategy == "single":
        return max(1, min(request_rows, -(-rows // parallel_requests)))
    return min(request_rows, MOST_OPERATIONS) if strategy == "batch" else request_rows


class BulkWriter:
    """Send chunks to one table and note what became of each row.

    :param before_request: called before every single try of every request, never from two threads at once.
    :param strategy: ``auto`` takes bulk messages, then ``$batch``, then one request per row, as far as each is known.
    """

    def __init__(
        self, transport: Transport, metadata: EntityMetadata, keys: pd.Series, before_request: Callable[[], None], *,
        strategy: Strategy = "auto",
    ) -> None:  # fmt: skip
        self._transport, self._metadata = transport, metadata
        self._before = one_at_a_time(before_request)
        self._answers = RowAnswers(keys, f"Dataverse table {metadata.name}")
        self._rows = RowWriter(transport, metadata, self._answers, self._before)
        self._strategy = strategy
        self._bulk, self._batch = strategy in ("auto", "upsert_multiple"), strategy in ("auto", "batch")
        self._many_bad_rows = False

    def write(self, chunks: Sequence[Chunk], *, parallel_requests: int) -> pd.DataFrame:
        """Send all chunks. :returns: one line per row, in the order of the keys.

        :raises MappingError: the table does not know the one way the strategy allows.
        :raises ServiceError: a failure that is not about single rows; rows sent before it may have been written.
        """
        side_by_side(self._send, chunks, at_once=parallel_requests, name="dataverse")
        answers = self._answers
        log.info("Wrote %d rows to %s, %d refused", answers.written, self._metadata.name, answers.refused)
        return answers.frame()

    def _send(self, chunk: Chunk) -> None:
        if self._bulk:
            self._send_in_bulk(chunk, _Halving.of(len(chunk.targets)))
        elif self._batch:
            self._send_together(chunk)
        else:
            self._send_alone(self._operations(chunk))

    def _send_in_bulk(self, chunk: Chunk, halving: _Halving) -> None:
        try:
            self._post(chunk)
        except NotFound as exc:
            if exc.code.lower() in _MISSING_ROW:
                self._take_apart(chunk, exc, halving)
            else:
                self._do_without(chunk.message, exc)
                self._send(chunk)
        except RequestRefused as exc:
            self._take_apart(chunk, exc, halving)
        else:
            self._answers.accept(chunk.positions)

    def _do_without(self, message: str, exc: NotFound) -> None:
        """Send no more bulk messages, since the table does not know them."""
        if self._strategy == "upsert_multiple":
            raise MappingError(
                f"`{self._metadata.name}` has no {message}, but its target says `write: upsert_multiple`. "
                "Write `auto` or `batch` there."
            ) from exc
        self._bulk = False
        log.warning("%s has no %s; its rows are written with $batch", self._metadata.name, message)

    def _take_apart(self, chunk: Chunk, exc: PermanentServiceError, halving: _Halving) -> None:
        halving.refusals_left -= 1
        self._many_bad_rows = self._many_bad_rows or halving.refusals_left < 0
        if len(chunk.targets) == 1:
            self._refused_alone(chunk, exc)
        elif self._many_bad_rows and self._batch:
            self._send_together(chunk)
        else:
            for half in chunk.halves():
                self._send_in_bulk(half, halving)

    def _refused_alone(self, chunk: Chunk, exc: PermanentServiceError) -> None:
        if exc.code.lower() == LOST_RACE:
            self._send_alone(self._operations(chunk))
        else:
            [row] = self._operations(chunk)
            self._rows.refuse(row, exc)

    def _send_together(self, chunk: Chunk) -> None:
        rows = self._operations(chunk)
        size = MOST_OPERATIONS if self._strategy == "batch" else BATCH_ROWS
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            if not self._batch:
                self._send_alone(part)
                continue
            try:
                self._rows.send_together(part)
            except BatchRefused as exc:
                if self._strategy == "batch":
                    raise exc.reason from exc
                self._batch = False
                log.warning("$batch was refused, rows are written one by one: %s", exc)
                self._send_alone(part)

    def _send_alone(self, rows: Sequence[Operation]) -> None:
        for row in rows:
            self._rows.send_alone(row)

    def _operations(self, chunk: Chunk) -> list[Operation]:
        only_update = chunk.message == "UpdateMultiple"
        return [
            operation_of(self._metadata, position, target, only_update=only_update)
            for position, target in zip(chunk.positions, chunk.targets, strict=True)
        ]

    def _post(self, chunk: Chunk) -> None:
        body = f'{{"Targets":[{",".join(chunk.targets)}]}}'.encode()
        link = f"{self._metadata.name}/Microsoft.Dynamics.CRM.{chunk.message}"
        self._transport.send(Call("POST", link, JSON_BODY, body, before=self._before))
