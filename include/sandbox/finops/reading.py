"""Reads of collections and rows: company scope, filter, order, page, count."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sandbox.finops.errors import missing_row
from sandbox.finops.exchange import Exchange, respond
from sandbox.finops.filtering import Predicate, compile_filter
from sandbox.finops.options import Order, check_options, read_number, read_orderby, selected
from sandbox.finops.paging import Token, next_link, read_token
from sandbox.finops.schema import COMPANY, Entity
from sandbox.finops.store import Database, EntityStore, KeyValues, Row, fold
from sandbox.finops.values import row_shape
from sandbox.http import ROWS_HEADER, Response

MAXIMUM_PAGE = 10_000
_KEPT_ORDERINGS = 8
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Query:
    """A read of one entity.

    :param prefix: folded key values that every matching row starts with: only that span of keys is visited.
    :param predicate: None matches every row of the span; :param order: empty means key order.
    """

    store: EntityStore
    prefix: KeyValues
    predicate: Predicate | None
    order: tuple[Order, ...]

    def matches(self, after: KeyValues = ()) -> Iterator[KeyValues]:
        """Walk over the keys of matching rows in key order, behind a key when given."""
        start, stop = self.store.span(self.prefix)
        if after:
            start = max(start, self.store.position_after(after))
        keys, rows, predicate = self.store.order, self.store.rows, self.predicate
        walk = (keys[index] for index in range(start, stop))
        return walk if predicate is None else (key for key in walk if predicate(rows[key]))

    def count(self) -> int:
        """Count the matching rows."""
        if self.predicate is None:
            start, stop = self.store.span(self.prefix)
            return stop - start
        return sum(1 for _ in self.matches())

    def sorted_keys(self) -> list[KeyValues]:
        """Give the keys of matching rows in the order asked for, equal rows in key order."""
        keys, rows = list(self.matches()), self.store.rows
        for item in reversed(self.order):
            keys.sort(key=lambda key, name=item.name: fold(rows[key][name]), reverse=item.descending)  # type: ignore[misc]
        return keys


class Reader:
    """Answer reads.

    A read in key order continues behind the last key, so that a page costs its own rows only. Any other order is
    established once; the last few are kept for their further pages.

    :param page_size: gives the page size in force.
    """

    def __init__(self, database: Database, page_size: Callable[[], int]) -> None:
        self._database = database
        self._page_size = page_size
        self._orderings: OrderedDict[int, list[KeyValues]] = OrderedDict()
        self._last_ordering = 0

    def collection(self, exchange: Exchange, entity: Entity) -> Response:
        """Answer with a page of rows."""
        params = exchange.params
        check_options(entity, params)
        shape = row_shape(selected(entity, params.get("$select")))
        query = self._query(exchange, entity)
        token = read_token(params.get("$skiptoken"))
        first = "$skiptoken" not in params
        top = read_number(params, "$top") if first else token.left
        size = self._size(exchange)
        keys, more = self._page(query, token, size if top is None else min(size, top), _skip(exchange, first=first))
        payload: dict[str, Any] = {"@odata.context": _context(exchange, entity)}
        if params.get("$count") == "true":
            token.count = query.count() if token.count is None else token.count
            payload["@odata.count"] = token.count
        payload["value"] = [shape(query.store.rows[key]) for key in keys]
        if top is not None:
            token.left = top - len(keys)
            more = more and token.left > 0 and not exchange.switches.top_ends_paging
        if more:
            payload["@odata.nextLink"] = next_link(exchange.root + entity.collection, exchange.request.query, token)
        return respond(200, payload, rows=len(keys))

    def count(self, exchange: Exchange, entity: Entity) -> Response:
        """Answer `/$count`: plain text behind a byte order mark, as the real system sends it."""
        check_options(entity, exchange.params)
        text = str(self._query(exchange, entity).count()).encode()
        return Response(200, _BOM + text, {"Content-Type": "text/plain", ROWS_HEADER: "0"})

    def row(self, exchange: Exchange, entity: Entity, key: KeyValues) -> Response:
        """Answer with one row."""
        check_options(entity, exchange.params)
        row = self._database.stores[entity.collection].rows.get(key)
        if row is None or not exchange.reaches(entity, row.get(COMPANY, "")):
            raise missing_row()
        return self.representation(exchange, entity, row, 200)

    def representation(
        self, exchange: Exchange, entity: Entity, row: Row, status: int, headers: dict[str, str] | None = None
    ) -> Response:
        """Write one row as the body of an answer."""
        shaped = row_shape(selected(entity, exchange.params.get("$select")))(row)
        context = {"@odata.context": f"{_context(exchange, entity)}/$entity"}
        return respond(status, {**context, **shaped}, rows=1, headers=headers)

    def _size(self, exchange: Exchange) -> int:
        """Give the page size of a request: the client's wish, at most what the service allows."""
        wish = exchange.prefer.get("odata.maxpagesize", "")
        maximum = min(self._page_size(), MAXIMUM_PAGE)
        return min(int(wish), maximum) if wish.isdigit() and int(wish) > 0 else maximum

    def _query(self, exchange: Exchange, entity: Entity) -> Query:
        condition = compile_filter(entity, exchange.params.get("$filter"))
        equal, predicates = dict(condition.equal), [condition.predicate]
        if entity.company_specific and not exchange.crosses_companies:
            # A filter for another company does not widen the scope: both must hold, so that nothing is found.
            equal[COMPANY] = fold(exchange.switches.default_company)
        elif entity.company_specific and exchange.switches.companies:
            predicates.append(lambda row: exchange.switches.may_see(row[COMPANY]))
        prefix = _prefix(entity, equal)
        order = read_orderby(entity, exchange.params.get("$orderby"))
        if _is_key_order(entity, prefix, order):
            order = ()
        return Query(self._database.stores[entity.collection], prefix, _every(predicates), order)

    def _page(self, query: Query, token: Token, size: int, skip: int) -> tuple[Sequence[KeyValues], bool]:
        """Give the keys of a page and whether more follow, and move the token behind them."""
        if query.order:
            return self._sorted_page(query, token, size, skip)
        keys = list(islice(query.matches(token.after), skip, skip + size + 1))
        more = len(keys) > size
        page = keys[:size]
        if page:
            token.after = page[-1]
        return page, more

    def _sorted_page(self, query: Query, token: Token, size: int, skip: int) -> tuple[Sequence[KeyValues], bool]:
        keys = self._orderings.get(token.ordering)
        if keys is None:
            keys = query.sorted_keys()
            token.ordering = self._keep(keys)
        start = token.position + skip
        token.position = start + size
        rows = query.store.rows
        return [key for key in keys[start : token.position] if key in rows], token.position < len(keys)

    def _keep(self, keys: list[KeyValues]) -> int:
        self._last_ordering += 1
        self._orderings[self._last_ordering] = keys
        while len(self._orderings) > _KEPT_ORDERINGS:
            self._orderings.popitem(last=False)
        return self._last_ordering


def _context(exchange: Exchange, entity: Entity) -> str:
    select = exchange.params.get("$select")
    return f"{exchange.root}$metadata#{entity.collection}{f'({select})' if select else ''}"


def _skip(exchange: Exchange, *, first: bool) -> int:
    return (read_number(exchange.params, "$skip") or 0) if first else 0


def _prefix(entity: Entity, equal: dict[str, str]) -> KeyValues:
    """Give the leading key values that are fixed."""
    prefix: list[str] = []
    for name in entity.key:
        if name not in equal:
            break
        prefix.append(equal[name])
    return tuple(prefix)


def _is_key_order(entity: Entity, prefix: KeyValues, order: Iterable[Order]) -> bool:
    """Tell whether key order satisfies an order; properties that the prefix fixes do not matter."""
    fixed = entity.key[: len(prefix)]
    free = [item for item in order if item.name not in fixed]
    names = tuple(item.name for item in free)
    rest = entity.key[len(prefix) :]
    # Once every key property is used, what follows cannot change the order any more.
    return not any(item.descending for item in free[: len(rest)]) and names[: len(rest)] == rest[: len(names)]


def _every(predicates: Iterable[Predicate | None]) -> Predicate | None:
    """Join predicates by and; None stands for one that always holds."""
    given = [predicate for predicate in predicates if predicate is not None]
    if len(given) < 2:
        return given[0] if given else None
    return lambda row: all(predicate(row) for predicate in given)
