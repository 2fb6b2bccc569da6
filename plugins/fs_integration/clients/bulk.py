"""Write many rows to one Dataverse table: few requests, several at once, and an answer for every single row.

A bulk message is one transaction and its error does not say which row is at fault. A refused request is therefore cut
in halves until the bad rows stand alone; everything else is written. Every message here may be repeated without harm.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pandas as pd

from fs_integration.clients.row_answers import RowAnswers
from fs_integration.clients.transport import JSON_HEADERS, Call, Transport
from fs_integration.errors import NotFound, PermanentServiceError, RequestRefused
from fs_integration.spec.metadata import EntityMetadata

log = logging.getLogger(__name__)

LOST_RACE = "0x80040237"  # someone created the same row in between; sending it again updates it
_MISSING_ROW = frozenset({"0x80040217", "0x80060891"})
_HEADERS = {**JSON_HEADERS, "Content-Type": "application/json; charset=utf-8"}
_DECODE = msgspec.json.Decoder(float_hook=Decimal)
_ENCODE = msgspec.json.Encoder(decimal_format="number")


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


class BulkWriter:
    """Send chunks to one table and note what became of each row.

    :param before_request: called before every single try of every request, never from two threads at once.
    """

    def __init__(
        self, transport: Transport, metadata: EntityMetadata, keys: pd.Series, before_request: Callable[[], None]
    ) -> None:
        self._transport, self._metadata = transport, metadata
        self._before_request = before_request
        self._guard = threading.Lock()
        self._answers = RowAnswers(keys, f"Dataverse table {metadata.name}")
        self._one_by_one = False

    def write(self, chunks: Sequence[Chunk], *, parallel_requests: int) -> pd.DataFrame:
        """Send all chunks. :returns: one line per row, in the order of the keys.

        :raises ServiceError: a failure that is not about single rows; rows sent before it may have been written.
        """
        pool = ThreadPoolExecutor(
            max_workers=min(parallel_requests, max(len(chunks), 1)), thread_name_prefix="dataverse"
        )
        try:
            for done in as_completed([pool.submit(self._send, chunk) for chunk in chunks]):
                done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        answers = self._answers
        log.info("Wrote %d rows to %s, %d refused", answers.written, self._metadata.name, answers.refused)
        return answers.frame()

    def _send(self, chunk: Chunk) -> None:
        if self._one_by_one:
            for position, target in zip(chunk.positions, chunk.targets, strict=True):
                self._send_single(chunk, position, target)
            return
        try:
            self._post(chunk)
        except NotFound as exc:
            if exc.code.lower() in _MISSING_ROW:
                self._take_apart(chunk, exc)
                return
            self._one_by_one = True  # the table does not know bulk messages
            log.warning("%s has no %s; its rows are written one by one", self._metadata.name, chunk.message)
            self._send(chunk)
        except RequestRefused as exc:
            self._take_apart(chunk, exc)
        else:
            self._answers.accept(chunk.positions)

    def _take_apart(self, chunk: Chunk, exc: PermanentServiceError) -> None:
        if len(chunk.targets) > 1:
            for half in chunk.halves():
                self._send(half)
        elif exc.code.lower() == LOST_RACE:
            self._send_single(chunk, chunk.positions[0], chunk.targets[0])
        else:
            self._answers.reject(chunk.positions[:1], exc)

    def _send_single(self, chunk: Chunk, position: int, target: str) -> None:
        address, row = self._address(_DECODE.decode(target))
        only_update = {"If-Match": "*"} if chunk.message == "UpdateMultiple" else {}
        call = Call("PATCH", address, {**_HEADERS, **only_update}, _ENCODE.encode(row), before=self._before)
        try:
            self._transport.send(call)
        except (NotFound, RequestRefused) as exc:
            self._answers.reject([position], exc)
        else:
            self._answers.accept([position])

    def _address(self, row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Split a bulk target into the address of its row and what to write; the key must not be in the body."""
        row.pop("@odata.type")
        address = row.pop("@odata.id", None)
        return address or f"{self._metadata.name}({row.pop(str(self._metadata.primary_id))})", row

    def _post(self, chunk: Chunk) -> None:
        body = f'{{"Targets":[{",".join(chunk.targets)}]}}'.encode()
        link = f"{self._metadata.name}/Microsoft.Dynamics.CRM.{chunk.message}"
        self._transport.send(Call("POST", link, _HEADERS, body, before=self._before))

    def _before(self) -> None:
        with self._guard:
            self._before_request()
