"""Reads of collections and rows: filter, order, page, count, expand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dataverse.exchange import Exchange, respond, respond_empty
from sandbox.dataverse.expanding import expander
from sandbox.dataverse.filtering import Filter, compile_filter
from sandbox.dataverse.options import check_options, read_top, selected_columns
from sandbox.dataverse.paging import link, read_skiptoken, write_skiptoken
from sandbox.dataverse.schema import Column, Table
from sandbox.dataverse.service import OrganizationService
from sandbox.dataverse.shaping import TOTAL, TOTAL_EXCEEDED, Annotations, Shape, etag, row_shape
from sandbox.dataverse.store import Row
from sandbox.http import Response

COUNT_LIMIT = 5_000
_KEPT_ORDERINGS = 8


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page and where the next one starts (None: there is none)."""

    rows: list[Row]
    next_position: int | None


class Reader:
    """Answer reads.

    A query without $orderby reads in insertion order and continues at a position, so that a page costs its own rows
    only. A sorted query is sorted once; the order of the last few is kept for their further pages.

    :param page_size: gives the maximum page size in force.
    """

    def __init__(self, service: OrganizationService, page_size: Callable[[], int]) -> None:
        self._service = service
        self._database = service.database
        self._page_size = page_size
        self._orderings: OrderedDict[int, list[str]] = OrderedDict()
        self._next_ordering = 1

    def page_size(self, exchange: Exchange) -> int:
        """Give the page size of a request: the client's wish, at most the maximum."""
        wish = exchange.prefer.get("odata.maxpagesize", "")
        maximum = self._page_size()
        return min(int(wish), maximum) if wish.isdigit() and int(wish) > 0 else maximum

    def annotations(self, exchange: Exchange) -> Annotations:
        """Give the annotations that the client asked for."""
        return Annotations.read(exchange.prefer.get("odata.include-annotations", ""))

    def shape(self, table: Table, params: Mapping[str, str], annotations: Annotations) -> Callable[[list[Row]], Any]:
        """Compile $select and $expand into a function over the rows of a page."""
        code = self._service.switches.unknown_column_code
        columns = selected_columns(table, params.get("$select"), code)
        shape: Shape = row_shape(self._database, table, columns, annotations, with_secured=self._sees_secured)
        expand = expander(self._service, table, params, annotations)
        return lambda rows: expand(rows, [shape(row) for row in rows])

    def row(
        self, exchange: Exchange, table: Table, row_id: str, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        """Answer with one row, or 304 when the client has its current version."""
        check_options(exchange.params)
        row = self._database.stores[table.name].rows[row_id]
        annotations = self.annotations(exchange)
        known = exchange.request.headers.get("if-none-match")
        if status == 200 and known == etag(row) and "$expand" not in exchange.params and not annotations.patterns:
            return respond_empty(304, headers={"ETag": etag(row)})
        shaped = self.shape(table, exchange.params, annotations)([row])[0]
        context = {"@odata.context": f"{exchange.root}$metadata#{self.context(table, exchange.params)}/$entity"}
        return respond(status, {**context, **shaped}, rows=1, headers={"ETag": etag(row), **(headers or {})})

    def collection(self, exchange: Exchange, table: Table) -> Response:
        """Answer with a page of rows."""
        params = exchange.params
        check_options(params)
        annotations = self.annotations(exchange)
        shape = self.shape(table, params, annotations)
        condition = compile_filter(self._service, table, params)
        number, state = read_skiptoken(params["$skiptoken"]) if "$skiptoken" in params else (1, {})
        size = self.page_size(exchange)
        left = self._rows_left(exchange, state)
        page = self._page(table, condition, state, size if left is None else min(size, left))
        payload: dict[str, Any] = {"@odata.context": f"{exchange.root}$metadata#{self.context(table, params)}"}
        payload.update(self._totals(table, params, condition, annotations))
        payload["value"] = shape(page.rows)
        if page.next_position is not None and (left is None or left > len(page.rows)):
            state["position"] = page.next_position
            if left is not None:
                state["left"] = left - len(page.rows)
            base = exchange.root + table.entity_set
            token = write_skiptoken(number + 1, state)
            payload["@odata.nextLink"] = link(base, exchange.request.query, "$skiptoken", token)
        return respond(200, payload, rows=len(page.rows), headers=self.applied(exchange))

    def column(self, exchange: Exchange, table: Table, row_id: str, column: Column) -> Response:
        """Answer with the value of one column, 204 when it is null."""
        value = self._database.stores[table.name].rows[row_id].get(column.name)
        if value is None or (column.secured and not self._sees_secured):
            return respond_empty(204)
        context = f"{exchange.root}$metadata#{table.entity_set}({row_id})/{column.wire_name}"
        return respond(200, {"@odata.context": context, "value": value}, rows=1)

    def count(self, exchange: Exchange, table: Table) -> Response:
        """Answer `/$count` with a plain number, capped as every count is."""
        check_options(exchange.params)
        counted = self._count(table, compile_filter(self._service, table, exchange.params))
        return Response(200, str(counted).encode(), {"Content-Type": "text/plain"})

    @property
    def _sees_secured(self) -> bool:
        return self._service.switches.column_security_profile

    @staticmethod
    def context(table: Table, params: Mapping[str, str]) -> str:
        """Write the context fragment of a read."""
        select = params.get("$select")
        return f"{table.entity_set}({select})" if select else table.entity_set

    @staticmethod
    def applied(exchange: Exchange) -> dict[str, str]:
        """Echo the preferences that were applied."""
        names = ("odata.maxpagesize", "odata.include-annotations", "odata.track-changes")
        parts = []
        for name in names:
            value = exchange.prefer.get(name)
            if value is not None:
                quoted = f'"{value}"' if name.endswith("annotations") else value
                parts.append(f"{name}={quoted}" if value else name)
        return {"Preference-Applied": ",".join(parts)} if parts else {}

    @staticmethod
    def _rows_left(exchange: Exchange, state: Mapping[str, Any]) -> int | None:
        """Tell how many rows $top still allows; it is ignored together with odata.maxpagesize."""
        if "odata.maxpagesize" in exchange.prefer:
            return None
        left = state.get("left")
        return left if left is not None else read_top(exchange.params.get("$top"))

    def _totals(
        self, table: Table, params: Mapping[str, str], condition: Filter, annotations: Annotations
    ) -> dict[str, Any]:
        asked = params.get("$count") == "true"
        counted = self._count(table, condition, beyond=True) if asked else -1
        totals: dict[str, Any] = {"@odata.count": min(counted, COUNT_LIMIT)} if asked else {}
        if annotations.wants(TOTAL):
            totals[f"@{TOTAL}"] = min(counted, COUNT_LIMIT)
        if annotations.wants(TOTAL_EXCEEDED):
            totals[f"@{TOTAL_EXCEEDED}"] = counted > COUNT_LIMIT
        return totals

    def _count(self, table: Table, condition: Filter, *, beyond: bool = False) -> int:
        """Count up to the cap, or one further to tell whether the cap was passed."""
        stop = COUNT_LIMIT + (1 if beyond else 0)
        counted = 0
        for _ in self._matches(table, condition, 0):
            counted += 1
            if counted == stop:
                break
        return counted

    def _matches(self, table: Table, condition: Filter, start: int) -> Iterator[tuple[int, Row]]:
        """Walk over matching rows from a position, through an index where the filter allows it."""
        store = self._database.stores[table.name]
        if condition.candidates is None:
            walk = store.scan(start)
        else:
            rows = ((index + 1, store.rows[row_id]) for index, row_id in enumerate(condition.candidates))
            walk = (item for item in rows if item[0] > start)
        predicate = condition.predicate
        return walk if predicate is None else (item for item in walk if predicate(item[1]))

    def _page(self, table: Table, condition: Filter, state: dict[str, Any], size: int) -> Page:
        start = int(state.get("position", 0))
        if condition.order:
            return self._sorted_page(table, condition, state, size)
        rows: list[Row] = []
        position = start
        for following, row in self._matches(table, condition, start):
            if len(rows) == size:
                return Page(rows, position)
            rows.append(row)
            position = following
        return Page(rows, None)

    def _sorted_page(self, table: Table, condition: Filter, state: dict[str, Any], size: int) -> Page:
        ordering = state.get("ordering")
        ids = self._orderings.get(ordering) if isinstance(ordering, int) else None
        if ids is None:
            ids = self._sort(table, condition)
            state["ordering"] = self._keep(ids)
        start = int(state.get("position", 0))
        found = self._database.stores[table.name].rows
        rows = [found[row_id] for row_id in ids[start : start + size] if row_id in found]
        return Page(rows, start + size if start + size < len(ids) else None)

    def _sort(self, table: Table, condition: Filter) -> list[str]:
        rows = [row for _, row in self._matches(table, condition, 0)]
        rows.sort(key=lambda row: row[table.primary_id])
        for key, descending in reversed(condition.order):
            rows.sort(key=key, reverse=descending)
        return [row[table.primary_id] for row in rows]

    def _keep(self, ids: list[str]) -> int:
        number = self._next_ordering
        self._next_ordering += 1
        self._orderings[number] = ids
        while len(self._orderings) > _KEPT_ORDERINGS:
            self._orderings.popitem(last=False)
        return number
