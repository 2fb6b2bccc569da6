"""`$batch`: operations one by one, change sets as one transaction."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.finops.errors import FinanceError, bad_request
from sandbox.finops.exchange import DATA_PATH, Exchange
from sandbox.finops.store import Database, Transaction
from sandbox.http import Request, Response
from sandbox.odata.batch import Answer, ChangeSet, ChangeSetAnswer, MalformedBatch, Operation, format_batch, parse_batch

MOST_OPERATIONS = 5_000


class BatchRunner:
    """Answer batches.

    :param run: answers one operation; :param refuse: writes a refusal as a response.
    """

    def __init__(
        self, database: Database, run: Callable[[Exchange], Response], refuse: Callable[[FinanceError], Response]
    ) -> None:
        self._database = database
        self._run = run
        self._refuse = refuse

    def answer(self, exchange: Exchange) -> Response:
        """Run the parts in their order; the batch itself succeeds even when every part fails."""
        request = exchange.request
        try:
            parts = parse_batch(request.headers.get("content-type", ""), request.body)
        except MalformedBatch as error:
            raise bad_request(str(error)) from error
        count = sum(len(part.operations) if isinstance(part, ChangeSet) else 1 for part in parts)
        if count > MOST_OPERATIONS:
            raise bad_request(f"The batch has {count} operations; at most {MOST_OPERATIONS} are allowed.")
        return format_batch(self._part(exchange, part) for part in parts)

    def _part(self, exchange: Exchange, part: Operation | ChangeSet) -> Answer | ChangeSetAnswer:
        if isinstance(part, ChangeSet):
            return self._change_set(exchange, part)
        try:
            return Answer(self._operation(exchange, part, None), part.content_id)
        except FinanceError as error:
            return Answer(self._refuse(error), part.content_id)

    def _change_set(self, exchange: Exchange, part: ChangeSet) -> Answer | ChangeSetAnswer:
        """Run a change set; a failed one is answered by the refusal of the operation that failed."""
        operation = None
        try:
            with self._database.transaction() as transaction:
                answers = []
                for operation in part.operations:
                    if operation.method == "GET":
                        raise bad_request("A change set takes no GET.")
                    answers.append(Answer(self._operation(exchange, operation, transaction), operation.content_id))
            return ChangeSetAnswer(tuple(answers))
        except FinanceError as error:
            return Answer(self._refuse(error), operation.content_id if operation else None)

    def _operation(self, exchange: Exchange, operation: Operation, transaction: Transaction | None) -> Response:
        base_url = exchange.request.base_url
        path, _, query = operation.url.partition("?")
        path = path.removeprefix(base_url)
        if path.startswith(("https://", "http://")):
            raise bad_request(f"The batch addresses another host: {operation.url}")
        full_path = path if path.startswith("/") else DATA_PATH + path
        request = Request(operation.method, full_path, query, operation.headers, operation.body, base_url)
        try:
            params = request.params()
        except ValueError as error:
            raise bad_request(str(error)) from error
        return self._run(Exchange(request, params, exchange.switches, in_batch=True, transaction=transaction))
