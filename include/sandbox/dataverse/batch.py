"""$batch: operations in order, change sets as a whole, and when a failure ends the batch."""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.dataverse.addressing import API_PATH
from sandbox.dataverse.errors import DataverseError, bad_request
from sandbox.dataverse.exchange import Exchange, respond
from sandbox.dataverse.store import Database, Transaction
from sandbox.http import Request, Response
from sandbox.odata.batch import Answer, ChangeSet, ChangeSetAnswer, MalformedBatch, Operation, format_batch, parse_batch

MOST_OPERATIONS = 1_000
URL_LIMIT = 65_536

_URL_REFERENCE = re.compile(r"/?\$(\d+)(?=[/?(]|$)")
_BODY_REFERENCE = re.compile(rb'(@odata\.(?:bind|id)"\s*:\s*")/?\$(\d+)"')


class BatchRunner:
    """Answer `POST $batch`.

    :param run: carries out one operation and raises its refusal.
    """

    def __init__(self, database: Database, run: Callable[[Exchange], Response]) -> None:
        self._database = database
        self._run = run

    def answer(self, exchange: Exchange) -> Response:
        """Run the batch; without `Prefer: odata.continue-on-error` it ends at the first failure, with its status.

        :raises DataverseError: 400 for a body that is no batch, or with too many operations.
        """
        parts = _read(exchange.request)
        goes_on = "odata.continue-on-error" in exchange.prefer
        answers: list[Answer | ChangeSetAnswer] = []
        for part in parts:
            answer = self._change_set(exchange, part) if isinstance(part, ChangeSet) else self._single(exchange, part)
            answers.append(answer)
            if isinstance(answer, Answer) and answer.response.status >= 400 and not goes_on:
                return format_batch(answers, status=answer.response.status)
        return format_batch(answers)

    def _single(self, exchange: Exchange, operation: Operation) -> Answer:
        try:
            return Answer(self._operation(exchange, operation, None, {}), operation.content_id)
        except DataverseError as error:
            return Answer(_refusal(error), operation.content_id)

    def _change_set(self, exchange: Exchange, change_set: ChangeSet) -> Answer | ChangeSetAnswer:
        """Run all operations in one transaction; the first refusal undoes them and answers for the whole set."""
        content_id = None
        answers = []
        rows: dict[str, str] = {}
        try:
            with self._database.transaction() as transaction:
                for operation in change_set.operations:
                    content_id = operation.content_id
                    response = self._operation(exchange, operation, transaction, rows)
                    answers.append(Answer(response, content_id))
                    if content_id is not None and "OData-EntityId" in response.headers:
                        rows[content_id] = response.headers["OData-EntityId"]
        except DataverseError as error:
            return Answer(_refusal(error), content_id)
        return ChangeSetAnswer(tuple(answers))

    def _operation(
        self, outer: Exchange, operation: Operation, transaction: Transaction | None, rows: dict[str, str]
    ) -> Response:
        """Run one operation as a request of its own.

        :param rows: addresses of the rows written so far in the change set, by Content-ID.
        """
        if transaction is not None and operation.method == "GET":
            raise bad_request("A change set cannot hold GET requests.")
        if len(operation.url) > URL_LIMIT:
            raise DataverseError(414, "0x0", f"The URL of a batch operation is longer than {URL_LIMIT} characters.")
        base_url = outer.request.base_url
        url = _URL_REFERENCE.sub(lambda match: _address(rows, match[1]), operation.url, count=1)
        body = _BODY_REFERENCE.sub(
            lambda match: match[1] + _address(rows, match[2].decode()).encode() + b'"', operation.body
        )
        path, query = request_path(url, base_url)
        request = Request(operation.method, path, query, operation.headers, body, base_url)
        try:
            params = request.params()
        except ValueError as error:
            raise bad_request(str(error)) from error
        part = Exchange(request, outer.user_id, outer.moment, params, in_batch=True, transaction=transaction)
        response = self._run(part)
        response.headers.setdefault("OData-Version", "4.0")
        return response


def request_path(url: str, base_url: str) -> tuple[str, str]:
    """Split the URL of a batch operation, absolute or relative to the Web API, into path and query.

    :raises DataverseError: 400 when it addresses another host.
    """
    without_host = url.removeprefix(base_url) if url.startswith(base_url + "/") else url
    if re.match(r"https?://", without_host):
        raise bad_request(f"The batch addresses another host: {url}")
    path, _, query = without_host.partition("?")
    return (path if path.startswith("/") else API_PATH + path), query


def _read(request: Request) -> list[Operation | ChangeSet]:
    try:
        parts = parse_batch(request.headers.get("content-type", ""), request.body)
    except MalformedBatch as error:
        raise bad_request(str(error), "0x80048d19") from error
    count = sum(len(part.operations) if isinstance(part, ChangeSet) else 1 for part in parts)
    if count > MOST_OPERATIONS:
        raise bad_request(f"The batch has {count} operations; the maximum is {MOST_OPERATIONS}.")
    return parts


def _address(rows: dict[str, str], content_id: str) -> str:
    if content_id not in rows:
        raise bad_request(f"Content-ID Reference: '${content_id}' does not exist in the batch context.")
    return rows[content_id]


def _refusal(error: DataverseError) -> Response:
    return respond(error.status, error.body(), headers={"OData-Version": "4.0"})
