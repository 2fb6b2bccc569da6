"""Write rows of a Dataverse table each for itself: many in one ``$batch``, or one request per row.

Every operation is a ``PATCH`` to the row's own address, so it may be repeated without harm, and a row that is refused
says so without touching the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import msgspec

from fs_integration.clients.multipart import Operation, PartAnswer, read_batch, write_operations
from fs_integration.clients.row_answers import RowAnswers
from fs_integration.clients.transport import JSON_HEADERS, Call, Transport
from fs_integration.errors import (
    NotFound,
    PermanentServiceError,
    RequestRefused,
    ServiceUnavailable,
    TransientServiceError,
)
from fs_integration.spec.metadata import EntityMetadata

LOST_RACE = "0x80040237"  # someone created the same row in between; sending it again updates it
JSON_BODY = {**JSON_HEADERS, "Content-Type": "application/json; charset=utf-8"}
_DECODE = msgspec.json.Decoder(float_hook=Decimal)
_ENCODE = msgspec.json.Encoder(decimal_format="number")


def operation_of(metadata: EntityMetadata, position: int, target: str, *, only_update: bool) -> Operation:
    """Make an operation of one target of a bulk message; the key must not be in the body of a ``PATCH``.

    :param position: the row's place among all; :param only_update: refuse a row that is not there, instead of creating
        what is left of it anew (R3 in docs/reliability.md).
    """
    row = _DECODE.decode(target)
    row.pop("@odata.type")
    address = row.pop("@odata.id", None) or f"{metadata.name}({row.pop(str(metadata.primary_id))})"
    return Operation("PATCH", address, _ENCODE.encode(row), position, if_match="*" if only_update else "")


class BatchRefused(Exception):
    """The service took no ``$batch``, whatever its rows. :param reason: what it said."""

    def __init__(self, reason: PermanentServiceError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass
class _Work:
    """Rows of one ``$batch`` until each is settled. :param reason: why the last try left some open."""

    rows: list[Operation]
    reason: TransientServiceError | None = None


class RowWriter:
    """Send operations on single rows and note what became of each.

    :param before: called before every try of every request; what it raises stops the write.
    """

    def __init__(
        self, transport: Transport, metadata: EntityMetadata, answers: RowAnswers, before: Callable[[], None]
    ) -> None:
        self._transport, self._table = transport, metadata.name
        fixed = [column for column in metadata.columns.values() if not column.can_update]
        self._fixed = {column.navigation or column.name for column in fixed}
        self._answers, self._before = answers, before

    def send_alone(self, row: Operation, *, again: bool = True) -> None:
        """Write one row with one request.

        :param again: repeat it when another client creates the row meanwhile: it is there now, so the repeat updates it
            (R4 in docs/reliability.md).
        :raises ServiceError: a failure that is not about the row.
        """
        headers = {**JSON_BODY, "If-Match": row.if_match} if row.if_match else JSON_BODY
        try:
            self._transport.send(Call(row.method, row.link, headers, row.body, before=self._before))
        except (NotFound, RequestRefused) as exc:
            if again and exc.code.lower() == LOST_RACE:
                self.send_alone(row, again=False)
            else:
                self.refuse(row, exc)
        else:
            self._answers.accept(_positions(row))

    def refuse(self, row: Operation, exc: PermanentServiceError) -> None:
        """Note that a row was refused, unless it is there by now and only its columns of a create stood against it.

        That is so when the answer to its create was lost, or when another client was faster: the same request is an
        update then, and an update may not send these columns.
        """
        update = self._as_update(row)
        if update is None:
            self._answers.reject(_positions(row), exc)
            return
        headers = {**JSON_BODY, "If-Match": update.if_match}
        try:
            self._transport.send(Call(update.method, update.link, headers, update.body, before=self._before))
        except (NotFound, RequestRefused):
            self._answers.reject(_positions(row), exc)
        else:
            self._answers.accept(_positions(row))

    def _as_update(self, row: Operation) -> Operation | None:
        """Return a create as an update of a row that is there; None where it sends nothing that an update may not."""
        columns = _DECODE.decode(row.body)
        kept = {name: value for name, value in columns.items() if name.partition("@")[0] not in self._fixed}
        if row.if_match or len(kept) == len(columns):
            return None
        return replace(row, body=_ENCODE.encode(kept), if_match="*")

    def send_together(self, rows: Sequence[Operation]) -> None:
        """Write rows with one ``$batch`` that goes on after a refused row; rows that were throttled are sent again.

        :raises BatchRefused: the service refused the request as a whole; :raises ServiceError: see ``send_alone``.
        """
        work = _Work(list(rows))
        patience = self._transport.patience
        patience.retrying(patience.deadline(), lambda exc: exc is work.reason)(self._attempt, work)

    def _attempt(self, work: _Work) -> None:
        """Send what is open. :raises TransientServiceError: some rows need another try."""
        kind, body = write_operations(self._transport.origin.root, work.rows)
        headers = {**JSON_HEADERS, "Content-Type": kind, "Accept": "multipart/mixed",
                   "Prefer": "odata.continue-on-error"}  # fmt: skip
        try:
            answer = self._transport.send(Call("POST", "$batch", headers, body, before=self._before))
        except (NotFound, RequestRefused) as exc:
            raise BatchRefused(exc) from exc
        try:
            parts = read_batch(answer.headers.get("Content-Type", ""), answer.body, [[row] for row in work.rows])
        except ServiceUnavailable as exc:
            work.reason = exc
            raise
        work.reason = None
        sent = zip(work.rows, parts, strict=True)
        work.rows = [row for row, answers in sent if not self._settled(work, row, answers)]
        if work.reason is not None:
            raise work.reason

    def _settled(self, work: _Work, row: Operation, answers: Sequence[PartAnswer]) -> bool:
        if not answers or not answers[0].status:
            work.reason = ServiceUnavailable(f"A $batch answer says nothing about some rows of {self._table}.")
            return False
        part = answers[0]
        if 200 <= part.status < 300:
            self._answers.accept(_positions(row))
            return True
        exc = self._transport.part_error(f"Writing to {self._table}", part.status, part.headers, part.body)
        if isinstance(exc, TransientServiceError):
            work.reason = exc
            return False
        if exc.code.lower() == LOST_RACE:
            self.send_alone(row)
        else:
            self.refuse(row, exc)
        return True


def _positions(row: Operation) -> list[int]:
    return [] if row.position is None else [row.position]
