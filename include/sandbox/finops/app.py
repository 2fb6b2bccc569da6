"""The Finance & Operations system: load and dump the environment, and route requests to what answers them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.environment import Environment
from sandbox.finops import metadata
from sandbox.finops.batch import BatchRunner
from sandbox.finops.errors import FinanceError, bad_request, forbidden, method_not_allowed, no_resource
from sandbox.finops.exchange import DATA_PATH, Exchange, respond, respond_empty
from sandbox.finops.keys import folded, key_values
from sandbox.finops.packages.actions import ACTIONS, PackageActions
from sandbox.finops.packages.blobs import BLOB_PATH, BlobStore
from sandbox.finops.packages.entities import ENTITIES
from sandbox.finops.posting import post_journals, post_orders
from sandbox.finops.reading import Reader
from sandbox.finops.schema import NAMESPACE, Entity
from sandbox.finops.security import authenticate
from sandbox.finops.standard import with_standard_rows
from sandbox.finops.store import Backup, Database
from sandbox.finops.switches import Switches, lose_next_update
from sandbox.finops.tables import SCHEMA
from sandbox.finops.writing import Writer
from sandbox.http import Request, Response
from sandbox.identity import new_id
from sandbox.odata.keys import parse_segment

METADATA_PATH = "/metadata/"
_PROJECTS = "DataManagementDefinitionGroups"


class FinanceOperations:
    """One emulated environment.

    :param environment: clock, limits, tokens and addresses of the sandbox.
    """

    name = "finops"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._lock = threading.RLock()
        self.load({})

    def load(self, tables: Mapping[str, Iterable[dict[str, Any]]]) -> None:
        """Replace everything by the world's rows; legal entities and data projects exist in every world.

        :raises ValueError: an entity set or property that the system does not have.
        """
        unknown = set(tables) - set(SCHEMA.by_set)
        if unknown:
            raise ValueError(f"Unknown F&O entity sets: {', '.join(sorted(unknown))}")
        database = Database(SCHEMA)
        for collection, rows in with_standard_rows(tables).items():
            database.fill(collection, rows)
        with self._lock:
            self._connect(database)

    def replace(self, entity_set: str, rows: Iterable[dict[str, Any]]) -> None:
        """Replace the rows of one entity set, without business rules; what differs counts as changed."""
        with self._lock:
            self._packages.advance()
            self._database.fill(entity_set, rows)

    def upsert(self, entity_set: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Change or create rows as the system's own users do; incremental exports see what differs.

        :param rows: key properties and the ones to set. :return: number of rows that differ afterwards.
        """
        with self._lock:
            self._packages.advance()
            return self._database.upsert(entity_set, rows)

    def post_journals(self) -> dict[str, int]:
        """Post the inventory journals that wait. :return: journals and lines posted."""
        with self._lock:
            self._packages.advance()
            return post_journals(self._database, self._environment.clock.now())

    def post_orders(self) -> dict[str, int]:
        """Deliver and invoice the orders of finished work orders. :return: orders and lines posted."""
        with self._lock:
            self._packages.advance()
            return post_orders(self._database)

    def backup(self) -> Backup:
        """Return the rows as they are now, for `restore`; files and jobs of data packages are not part of it.

        :raises RuntimeError: a job is under way, whose rows a restored database would not see.
        """
        with self._lock:
            self._packages.advance()
            if self._packages.busy:
                raise RuntimeError("A data package is under way; take the backup when it has ended.")
            return self._database.backup()

    def restore(self, backup: Backup) -> None:
        """Put the rows back as they were, record versions and changes too."""
        with self._lock:
            self._database.restore(backup)

    def dump(self, entity_set: str) -> Iterable[dict[str, Any]]:
        """Give every row with every property, in key order."""
        with self._lock:
            self._packages.advance()
            store = self._database.stores[entity_set]
            names = tuple(store.entity.properties)
            rows = [store.rows[key] for key in store.order]
        return ({name: row[name] for name in names} for row in rows)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            self._packages.advance()
            try:
                response = self._answer(request)
            except FinanceError as error:
                response = self._refuse(error)
        response.headers["ms-dyn-aid"] = new_id()
        return response

    def _connect(self, database: Database) -> None:
        switches = self._environment.limits.finops
        self._database = database
        self._reader = Reader(database, lambda: switches.page_size)
        self._writer = Writer(database, self._reader, lambda: lose_next_update(switches.switches))
        self._blobs = BlobStore(self._environment.clock.now)
        self._packages = PackageActions(database, self._blobs, self._environment.clock.now)
        self._batch = BatchRunner(database, self._route, self._refuse)

    def _refuse(self, error: FinanceError) -> Response:
        headers = {}
        if error.status == 401:
            address = f"{self._environment.urls['entra']}/common"
            headers = {"WWW-Authenticate": f'Bearer authorization_uri="{address}"'}
        body = error.body()
        return respond_empty(error.status, headers=headers) if body is None else respond(error.status, body)

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(BLOB_PATH):
            return self._blobs.answer(request)
        switches = Switches.read(self._environment.limits.finops.switches)
        authenticate(request, self._environment, switches)
        try:
            params = request.params()
        except ValueError as error:
            raise bad_request(str(error)) from error
        return self._route(Exchange(request, params, switches))

    def _route(self, exchange: Exchange) -> Response:
        path = exchange.request.path
        if path.startswith(METADATA_PATH):
            return self._metadata(exchange, path.removeprefix(METADATA_PATH))
        if not f"{path}/".startswith(DATA_PATH):
            raise no_resource(exchange.request.base_url + path)
        segments = [segment for segment in path.removeprefix(DATA_PATH.rstrip("/")).split("/") if segment]
        if not segments:
            self._only_get(exchange)
            return respond(200, metadata.service_document(SCHEMA, exchange.root))
        if segments == ["$metadata"]:
            self._only_get(exchange)
            return Response(200, metadata.edmx(SCHEMA, ACTIONS).encode(), {"Content-Type": "application/xml"})
        if segments == ["$batch"]:
            if exchange.request.method != "POST" or exchange.in_batch:
                raise bad_request("A batch is posted, and never inside another batch.")
            return self._batch.answer(exchange)
        return self._entity(exchange, segments)

    def _entity(self, exchange: Exchange, segments: list[str]) -> Response:
        try:
            collection, predicate = parse_segment(segments[0])
        except ValueError as error:
            raise bad_request(str(error)) from error
        entity = SCHEMA.by_set.get(collection)
        if entity is None:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        if collection in exchange.switches.forbidden_entities:
            raise forbidden(entity)
        if predicate is None:
            return self._collection(exchange, entity, segments[1:])
        if len(segments) > 1:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        return self._row(exchange, entity, key_values(entity, predicate))

    def _collection(self, exchange: Exchange, entity: Entity, rest: list[str]) -> Response:
        method = exchange.request.method
        if rest == ["$count"] and method == "GET":
            return self._reader.count(exchange, entity)
        if rest and rest[0].startswith(f"{NAMESPACE}.") and entity.collection == _PROJECTS and method == "POST":
            return self._packages.answer(exchange, rest[0].removeprefix(f"{NAMESPACE}."))
        if rest:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        if method == "GET":
            return self._reader.collection(exchange, entity)
        if method == "POST":
            return self._writer.create(exchange, entity)
        raise method_not_allowed(method)

    def _row(self, exchange: Exchange, entity: Entity, key: dict[str, Any]) -> Response:
        method = exchange.request.method
        if method == "GET":
            return self._reader.row(exchange, entity, folded(key))
        if method in ("PATCH", "PUT"):
            return self._writer.update(exchange, entity, key, replace=method == "PUT")
        if method == "DELETE":
            return self._writer.delete(exchange, entity, key)
        raise method_not_allowed(method)

    def _metadata(self, exchange: Exchange, name: str) -> Response:
        self._only_get(exchange)
        document = metadata.document(SCHEMA, name, [(entity.label, entity.target) for entity in ENTITIES.values()])
        if document is None:
            raise no_resource(exchange.request.base_url + exchange.request.path)
        context = {"@odata.context": f"{exchange.request.base_url}{METADATA_PATH}$metadata#{name}"}
        return respond(200, {**context, **document})

    @staticmethod
    def _only_get(exchange: Exchange) -> None:
        if exchange.request.method != "GET":
            raise method_not_allowed(exchange.request.method)
