"""The Dataverse system: load and dump the organisation, and route requests to what answers them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from sandbox.dataverse import functions
from sandbox.dataverse.acting import Desk
from sandbox.dataverse.addressing import API_PATH, Address, read_address
from sandbox.dataverse.batch import BatchRunner
from sandbox.dataverse.bulk import BulkWriter
from sandbox.dataverse.definitions import CAST_PREFIX, Definitions
from sandbox.dataverse.errors import (
    DataverseError,
    bad_request,
    method_not_allowed,
    no_resource,
    not_emulated,
    unknown_segment,
)
from sandbox.dataverse.exchange import Exchange, respond
from sandbox.dataverse.loading import load_rows, with_organization
from sandbox.dataverse.plugins import PLUGINS
from sandbox.dataverse.reading import Reader
from sandbox.dataverse.schema import Table
from sandbox.dataverse.security import authenticate
from sandbox.dataverse.service import Call, OrganizationService
from sandbox.dataverse.shaping import every_column
from sandbox.dataverse.store import Backup, Database
from sandbox.dataverse.switches import Switches, lose_next_race
from sandbox.dataverse.tables import SCHEMA
from sandbox.dataverse.tracking import ChangeReader
from sandbox.dataverse.values import utc_text
from sandbox.dataverse.writing import Writer
from sandbox.environment import Environment
from sandbox.http import Request, Response
from sandbox.identity import new_id
from sandbox.odata.keys import parse_segment

URL_LIMIT = 32_768
AGE = timedelta(hours=1)  # of the rows that a new world holds
Saved = TypeVar("Saved")


class Dataverse:
    """One emulated organisation.

    :param environment: clock, limits, faults, tokens and addresses of the sandbox.
    """

    name = "dataverse"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        # Versions follow the clock, so that a delta token of an earlier process is older than everything here.
        self._database = Database(SCHEMA, int(environment.clock.now().timestamp() * 1_000_000))
        service = OrganizationService(self._database, Switches(), PLUGINS)
        self._service = service
        self._reader = Reader(service, lambda: environment.limits.dataverse.page_size)
        self._writer = Writer(service, self._reader)
        self._bulk = BulkWriter(service)
        self._changes = ChangeReader(service, self._reader, environment.clock.now)
        self._definitions = Definitions(SCHEMA, self._changes.enabled)
        self._batch = BatchRunner(self._database, self._route)
        # Requests come from many threads; the database knows one writer at a time.
        self._lock = threading.RLock()
        self.load({})

    def load(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        """Replace everything by the world's rows, which have been there for a while; organisation and application user
        exist in every world.
        """
        moment = utc_text(self._environment.clock.now() - AGE)
        complete = with_organization(tables)
        unknown = set(complete) - set(SCHEMA.by_set)
        if unknown:
            raise ValueError(f"Unknown Dataverse entity sets: {', '.join(sorted(unknown))}")
        with self._lock:
            for table in SCHEMA.tables.values():
                self._database.fill(
                    table.name, load_rows(self._database, table, complete.get(table.entity_set, []), moment)
                )

    def replace(self, entity_set: str, rows: list[dict[str, Any]]) -> None:
        """Replace the rows of one entity set, without plug-ins."""
        table = SCHEMA.by_set[entity_set]
        with self._lock:
            self._database.fill(
                table.name, load_rows(self._database, table, rows, utc_text(self._environment.clock.now()))
            )

    def backup(self) -> Backup:
        """Return the rows as they are now, for `restore`."""
        with self._lock:
            return self._database.backup()

    def restore(self, backup: Backup) -> None:
        """Put the rows back as they were, versions and deletions too."""
        with self._lock:
            self._database.restore(backup)

    def dump(self, entity_set: str) -> Iterable[dict[str, Any]]:
        """Give every row with every column, in insertion order."""
        table = SCHEMA.by_set[entity_set]
        return (every_column(row, table) for _, row in self._database.stores[table.name].scan())

    def act(self, user_id: str, save: Callable[[Desk], Saved]) -> Saved | None:
        """Let a person save something, and give what that returns; None when it is refused, and nothing is written."""
        moment = utc_text(self._environment.clock.now())
        with self._lock:
            self._service.switches = Switches.read(self._environment.limits.dataverse.switches)
            try:
                with self._database.transaction() as transaction:
                    return save(Desk(self._service, Call(user_id, moment, transaction, elevated=True)))
            except DataverseError:
                return None

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            self._service.switches = Switches.read(self._environment.limits.dataverse.switches)
            try:
                response = self._answer(request)
            except DataverseError as error:
                response = respond(error.status, error.body(), headers=_challenge(self._environment, error))
        return _stamp(response)

    def _answer(self, request: Request) -> Response:
        user_id = authenticate(request, self._environment, self._database)
        if request.method == "GET" and len(request.path) + len(request.query) + 1 > URL_LIMIT:
            raise DataverseError(414, "0x0", f"The URL is longer than {URL_LIMIT} characters; use a $batch.")
        try:
            params = request.params()
        except ValueError as error:
            raise bad_request(str(error)) from error
        moment = utc_text(self._environment.clock.now())
        return self._route(Exchange(request, user_id, moment, params))

    def _route(self, exchange: Exchange) -> Response:
        request = exchange.request
        if not request.path.startswith(API_PATH):
            raise no_resource(request.base_url + request.path)
        segments = [segment for segment in request.path.removeprefix(API_PATH).split("/") if segment]
        head = segments[0].partition("(")[0] if segments else ""
        if head in ("", "$metadata", "WhoAmI", "RetrieveTotalRecordCount", "EntityDefinitions", "sdkmessagefilters"):
            return self._special(exchange, head, segments)
        if head == "$batch":
            if request.method != "POST" or exchange.in_batch:
                raise bad_request("A batch is posted, and never inside another batch.")
            return self._batch.answer(exchange)
        return self._rows(exchange, segments)

    def _special(self, exchange: Exchange, head: str, segments: list[str]) -> Response:
        if exchange.request.method != "GET":
            raise no_resource(exchange.request.base_url + exchange.request.path)
        if head == "":
            return functions.service_document(exchange, SCHEMA)
        if head == "WhoAmI":
            return functions.who_am_i(exchange, self._database, self._service.switches.dop_hint)
        if head == "RetrieveTotalRecordCount":
            return functions.total_record_count(exchange, self._database, segments[0])
        if head == "EntityDefinitions":
            return self._definitions.answer(exchange, segments)
        if head == "sdkmessagefilters":
            return functions.message_filters(exchange, SCHEMA, self._service.switches)
        raise not_emulated("the $metadata document; read EntityDefinitions")

    def _rows(self, exchange: Exchange, segments: list[str]) -> Response:
        try:
            entity_set, predicate = parse_segment(segments[0])
        except ValueError as error:
            raise bad_request(str(error)) from error
        table = SCHEMA.by_set.get(entity_set)
        if table is None:
            raise unknown_segment(entity_set)
        if predicate is None:
            return self._collection(exchange, table, segments[1:])
        address = read_address(table, predicate)
        if len(segments) > 1:
            return self._part_of_row(exchange, address, segments[1:])
        return self._row(exchange, address, segments[0].removeprefix(entity_set))

    def _collection(self, exchange: Exchange, table: Table, rest: list[str]) -> Response:
        method = exchange.request.method
        if rest and rest[0].startswith(CAST_PREFIX) and method == "POST":
            return self._bulk.answer(exchange, table, rest[0].removeprefix(CAST_PREFIX))
        if rest and rest != ["$count"]:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        if method == "POST" and not rest:
            return self._writer.create(exchange, table)
        if method != "GET":
            raise method_not_allowed(method, "a collection")
        self._service.require(exchange.user_id, "Read", table)
        tracking = self._changes.wants(exchange)
        if rest:
            return self._changes.count(exchange, table) if tracking else self._reader.count(exchange, table)
        return self._changes.read(exchange, table) if tracking else self._reader.collection(exchange, table)

    def _row(self, exchange: Exchange, address: Address, key_text: str) -> Response:
        method = exchange.request.method
        if method == "GET":
            self._service.require(exchange.user_id, "Read", address.table)
            return self._reader.row(exchange, address.table, address.get(self._database))
        if method == "PATCH":
            return self._writer.patch(exchange, address, key_text, loses_race=self._loses_race(exchange, address))
        if method == "DELETE":
            return self._writer.delete(exchange, address)
        raise method_not_allowed(method, "a row")

    def _loses_race(self, exchange: Exchange, address: Address) -> bool:
        """A race needs an upsert by key that would create, outside a change set."""
        if address.key is None or exchange.transaction is not None or "if-match" in exchange.request.headers:
            return False
        absent = address.find(self._database) is None
        return absent and lose_next_race(self._environment.limits.dataverse.switches)

    def _part_of_row(self, exchange: Exchange, address: Address, rest: list[str]) -> Response:
        method, table, name = exchange.request.method, address.table, rest[0]
        if len(rest) == 2 and rest[1] == "$ref" and name in table.navigations:
            if method == "DELETE":
                return self._writer.clear_reference(exchange, address, name)
            if method == "PUT":
                return self._writer.put_reference(exchange, address, name)
        column = table.wire.get(name)
        if column is None or len(rest) > 1:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        if method == "PUT":
            return self._writer.put_column(exchange, address, column)
        if method == "DELETE":
            return self._writer.clear_column(exchange, address, column)
        if method == "GET":
            self._service.require(exchange.user_id, "Read", table)
            return self._reader.column(exchange, table, address.get(self._database), column)
        raise method_not_allowed(method, "a column")


def _challenge(environment: Environment, error: DataverseError) -> dict[str, str]:
    """Tell an unauthenticated client where tokens come from."""
    if error.status != 401:
        return {}
    resource = environment.urls["dataverse"]
    return {"WWW-Authenticate": f"Bearer authorization_uri={environment.urls['entra']}, resource_id={resource}"}


def _stamp(response: Response) -> Response:
    """Add the headers that every answer carries."""
    response.headers.setdefault("OData-Version", "4.0")
    response.headers["x-ms-service-request-id"] = new_id()
    response.headers["REQ_ID"] = new_id()
    response.headers["Set-Cookie"] = "ARRAffinity=5a1d7c0f; domain=sandbox; path=/; secure; HttpOnly"
    return response
