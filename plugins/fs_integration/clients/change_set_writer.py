"""Write rows to Finance & Operations over ``$batch``: few requests, several at once, an answer for every single row.

A create is not safe to repeat: when it is not known what became of it, the rows are read by their key; what is there is
updated, what is not is created (docs/finance-operations.md, "Writing"). So a cut connection makes no second row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from fs_integration.clients.answers import DUPLICATE
from fs_integration.clients.change_sets import ChangeSet, ChangeSetBuilder, Group
from fs_integration.clients.multipart import PartAnswer, read_batch, write_batch
from fs_integration.clients.parallel import one_at_a_time, side_by_side
from fs_integration.clients.row_answers import RowAnswers
from fs_integration.clients.transport import JSON_HEADERS, Call, Transport
from fs_integration.errors import (
    LeaseHeld,
    PermanentServiceError,
    ServiceUnavailable,
    TransientServiceError,
)

log = logging.getLogger(__name__)

MISSING = "The row was written before, but is no longer in {}; it is not created a second time."
MOVED = (
    "The row is in {} already with another value in a column of the entity's key, which cannot be changed. Correct it "
    "there, or delete it there so that it comes anew."
)
MOST_OPERATIONS = 5000  # of one request; Microsoft's limit
TOO_LARGE = "The document has {} lines; one transaction holds less than {}, so none of them was written. Split it."


@dataclass
class _Work:
    """The rows of one request until each of them is settled.

    :param groups: rows not settled yet; :param ask: it is not known what became of them.
    :param duplicates: what was there when the service said that a group is there already, and its words.
    :param reason: why the last try left something open.
    """

    groups: list[Group]
    ask: bool = False
    duplicates: dict[Group, tuple[frozenset[int], PermanentServiceError]] = field(default_factory=dict)
    reason: TransientServiceError | None = None


class ChangeSetWriter:
    """Send the change sets of one entity and note what became of each row.

    :param before_request: called before every single try of every request, never from two threads at once.
    """

    def __init__(
        self, transport: Transport, builder: ChangeSetBuilder, answers: RowAnswers, *, entity: str,
        before_request: Callable[[], None],
    ) -> None:  # fmt: skip
        self._transport, self._builder, self._answers = transport, builder, answers
        self._entity, self._before = entity, one_at_a_time(before_request)

    def write(self, groups: Sequence[Group], *, request_rows: int, parallel_requests: int) -> pd.DataFrame:
        """Write all groups. :returns: one line per row, in the order of the keys.

        :raises ServiceError: a failure that is not about single rows; rows sent before it may have been written.
        """
        requests = list(_requests([group for group in groups if self._fits(group)], request_rows))
        side_by_side(self._settle, requests, at_once=parallel_requests, name="finance-operations")
        log.info("Wrote %d rows to %s, %d refused", self._answers.written, self._entity, self._answers.refused)
        return self._answers.frame()

    def _fits(self, group: Group) -> bool:
        """Tell whether one request can hold a document and its header; refuse all its rows where it cannot."""
        if len(group) < MOST_OPERATIONS:
            return True
        for position in group:
            self._answers.refuse(position, "document", TOO_LARGE.format(len(group), MOST_OPERATIONS))
        return False

    def _settle(self, groups: list[Group]) -> None:
        work = _Work(groups)
        patience = self._transport.patience
        retrying = patience.retrying(patience.deadline(), _may_go_on)
        retrying(self._attempt, work)

    def _attempt(self, work: _Work) -> None:
        """Send what is open, until everything is settled or a pause is needed."""
        while work.groups:
            work.reason = None
            self._send(work, self._open(work, self._builder.build(work.groups, ask=work.ask)))
            if work.reason is not None:
                raise work.reason

    def _open(self, work: _Work, built: list[ChangeSet]) -> list[ChangeSet]:
        """Settle what needs no request; return the rest."""
        rest = []
        for change_set in built:
            found, said = work.duplicates.get(change_set.group, (None, None))
            if change_set.missing:
                self._refuse_before(change_set, change_set.missing, "missing", MISSING)
            elif change_set.moved:
                self._refuse_before(change_set, change_set.moved, "key_changed", MOVED)
            elif said is not None and found == change_set.found:
                self._refuse(change_set, 0, said)  # something else is there already, not these rows
            elif not change_set.operations:
                self._answers.accept(change_set.group)
            else:
                rest.append(change_set)
        work.groups = [change_set.group for change_set in rest]
        return rest

    def _send(self, work: _Work, change_sets: list[ChangeSet]) -> None:
        if not change_sets:
            return
        work.ask = True  # from here on the rows may be there
        operations = [change_set.operations for change_set in change_sets]
        kind, body = write_batch(self._transport.origin.root, operations)
        headers = {**JSON_HEADERS, "Content-Type": kind, "Accept": "multipart/mixed"}
        answer = self._transport.send(Call("POST", "data/$batch", headers, body, repeatable=False, before=self._before))
        parts = read_batch(answer.headers.get("Content-Type", ""), answer.body, operations)
        for change_set, answers in zip(change_sets, parts, strict=True):
            if self._settled(work, change_set, answers):
                work.groups.remove(change_set.group)

    def _settled(self, work: _Work, change_set: ChangeSet, answers: list[PartAnswer]) -> bool:
        failed = next((part for part in answers if not 200 <= part.status < 300), None)
        if failed is None and len(answers) == len(change_set.operations):
            self._answers.accept(change_set.group)
            return True
        if failed is None or not failed.status:
            work.reason = ServiceUnavailable(f"A $batch answer says nothing about some rows of {self._entity}.")
            return False
        exc = self._transport.part_error(f"Writing to {self._entity}", failed.status, failed.headers, failed.body)
        if isinstance(exc, TransientServiceError):
            work.reason = exc
            return False
        if DUPLICATE in str(exc) and change_set.group not in work.duplicates:
            work.duplicates[change_set.group] = (change_set.found, exc)
            return False
        self._refuse(change_set, failed.place or 0, exc)
        return True

    def _refuse(self, change_set: ChangeSet, place: int, exc: PermanentServiceError) -> None:
        """Refuse a whole group; the row the service spoke about gets its words, the others say why they stay away."""
        operations = change_set.operations
        faulty = operations[place].position if place < len(operations) else None
        self._answers.reject(change_set.group if faulty is None else [faulty], exc)
        others = [] if faulty is None else [position for position in change_set.group if position != faulty]
        text = f"Not written, because another row of its document was refused: {exc.excerpt or exc}"
        for position in others:
            self._answers.refuse(position, "document", text)

    def _refuse_before(self, change_set: ChangeSet, faulty: frozenset[int], code: str, text: str) -> None:
        """Refuse a group that is not sent at all, because of some of its rows."""
        for position in change_set.group:
            self._answers.refuse(position, code if position in faulty else "document", text.format(self._entity))


def _may_go_on(exc: BaseException) -> bool:
    return isinstance(exc, TransientServiceError) and not isinstance(exc, LeaseHeld)


def _requests(groups: Sequence[Group], rows: int) -> Iterator[list[Group]]:
    """Put groups into requests of about so many rows; a group is never cut."""
    request: list[Group] = []
    size = 0
    for group in groups:
        if request and size + len(group) > rows:
            yield request
            request, size = [], 0
        request.append(group)
        size += len(group)
    if request:
        yield request
