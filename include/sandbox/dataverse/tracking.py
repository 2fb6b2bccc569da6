"""Change tracking: full reads that end in a delta link, and delta reads of what changed since.

A read is fixed to the row version at its start; what is written while its pages are fetched belongs to the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.dataverse.errors import DataverseError, bad_request, expired_delta_token
from sandbox.dataverse.exchange import Exchange, respond
from sandbox.dataverse.options import check_options
from sandbox.dataverse.paging import (
    TRACKING_MARK,
    link,
    read_delta_token,
    read_skiptoken,
    write_delta_token,
    write_skiptoken,
)
from sandbox.dataverse.reading import COUNT_LIMIT, Reader
from sandbox.dataverse.schema import Table
from sandbox.dataverse.service import OrganizationService
from sandbox.dataverse.store import Row
from sandbox.http import Response

_REFUSED = ("filter", "orderby", "expand", "top")


class ChangeReader:
    """Answer `Prefer: odata.track-changes` and delta links."""

    def __init__(self, service: OrganizationService, reader: Reader, now: Callable[[], datetime]) -> None:
        self._service = service
        self._database = service.database
        self._reader = reader
        self._now = now

    def enabled(self, table: Table) -> bool:
        """Tell whether change tracking is on for a table."""
        return table.change_tracking or table.name in self._service.switches.change_tracking_on

    def wants(self, exchange: Exchange) -> bool:
        """Tell whether a read of a collection is a tracking one: first page, further page or delta link."""
        params = exchange.params
        further = TRACKING_MARK in params.get("$skiptoken", "")
        return further or "$deltatoken" in params or "odata.track-changes" in exchange.prefer

    def read(self, exchange: Exchange, table: Table) -> Response:
        """Answer with a page of all rows or of the changes after a token; the last page has the next delta link."""
        self._check(exchange, table)
        if "$skiptoken" in exchange.params:
            number, state = read_skiptoken(exchange.params["$skiptoken"])
        else:
            number, state = 1, self._first_state(exchange)
        size = self._reader.page_size(exchange)
        is_delta = "updated" in state
        rows, gone, more = self._delta_page(table, state, size) if is_delta else self._full_page(table, state, size)
        shape = self._reader.shape(table, exchange.params, self._reader.annotations(exchange))
        deleted_context = f"{exchange.root}$metadata#{table.entity_set}/$deletedEntity"
        value = [
            *shape(rows),
            *({"@odata.context": deleted_context, "id": row_id, "reason": "deleted"} for row_id in gone),
        ]
        context = self._reader.context(table, exchange.params) + ("/$delta" if is_delta else "")
        payload: dict[str, Any] = {"@odata.context": f"{exchange.root}$metadata#{context}"}
        payload.update(self._link(exchange, table, number, state, more=more))
        return respond(200, {**payload, "value": value}, rows=len(value), headers=self._reader.applied(exchange))

    def count(self, exchange: Exchange, table: Table) -> Response:
        """Count the changes after a token."""
        self._check(exchange, table)
        store, since = self._database.stores[table.name], self._since(exchange)
        changes = len(store.changed_since(since)) + len(store.deleted_since(since))
        return Response(200, str(min(changes, COUNT_LIMIT)).encode(), {"Content-Type": "text/plain"})

    def _check(self, exchange: Exchange, table: Table) -> None:
        check_options(exchange.params)
        if not self.enabled(table):
            raise bad_request(f"Change tracking is not enabled for entity '{table.name}'.")
        for name in _REFUSED:
            if f"${name}" in exchange.params:
                raise _option_refused(name)

    def _since(self, exchange: Exchange) -> int:
        """Read the token of a delta link.

        :raises DataverseError: 0x80044352 for a token that is too old or none of this organisation's.
        """
        version, moment = read_delta_token(exchange.params["$deltatoken"])
        days = self._service.switches.delta_token_days
        if days is None:
            organizations = self._database.stores["organization"].rows.values()
            days = next((row.get("expirechangetrackingindays") for row in organizations), None)
        too_old = days is not None and moment <= self._now() - timedelta(days=days)
        if too_old or version > self._database.version:
            raise expired_delta_token()
        return version

    def _first_state(self, exchange: Exchange) -> dict[str, Any]:
        """Fix what a read covers: everything until now, or the changes since the token."""
        state: dict[str, Any] = {"until": self._database.version, "at": self._now().isoformat()}
        if "$deltatoken" not in exchange.params:
            return state | {"position": 0}
        since = self._since(exchange)
        return state | {"updated": since, "deleted": since}

    def _full_page(self, table: Table, state: dict[str, Any], size: int) -> tuple[list[Row], list[str], bool]:
        rows: list[Row] = []
        for following, row in self._database.stores[table.name].scan(state["position"]):
            if len(rows) == size:
                return rows, [], True
            rows.append(row)
            state["position"] = following
        return rows, [], False

    def _delta_page(self, table: Table, state: dict[str, Any], size: int) -> tuple[list[Row], list[str], bool]:
        """Take the next changes by version; what was written again after `until` belongs to the next read."""
        store, until = self._database.stores[table.name], state["until"]
        updated = [row for row in store.changed_since(state["updated"]) if row["versionnumber"] <= until]
        deleted = [item for item in store.deleted_since(state["deleted"]) if item[1] <= until]
        rows = updated[:size]
        gone = deleted[: size - len(rows)]
        if rows:
            state["updated"] = rows[-1]["versionnumber"]
        if gone:
            state["deleted"] = gone[-1][1]
        more = len(updated) + len(deleted) > len(rows) + len(gone)
        return rows, [row_id for row_id, _ in gone], more

    def _link(
        self, exchange: Exchange, table: Table, number: int, state: dict[str, Any], *, more: bool
    ) -> dict[str, str]:
        base, query = exchange.root + table.entity_set, exchange.request.query
        if more:
            token = write_skiptoken(number + 1, state, tracking=True)
            return {"@odata.nextLink": link(base, query, "$skiptoken", token)}
        token = write_delta_token(state["until"], datetime.fromisoformat(state["at"]))
        return {"@odata.deltaLink": link(base, query, "$deltatoken", token)}


def _option_refused(name: str) -> DataverseError:
    return bad_request(f'The "${name}" query parameter isn\'t supported when Change Tracking is enabled.')
