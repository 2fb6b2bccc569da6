"""Read from and write to Dataverse: what a table looks like, its rows, rows by key, and bulk writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

import msgspec
import pandas as pd

from fs_integration.clients.bulk import BulkWriter, Chunk, rows_per_request
from fs_integration.clients.dataverse_metadata import entity_sets, read_table
from fs_integration.clients.filters import dataverse_filter, query
from fs_integration.clients.keys import folded
from fs_integration.clients.limiter import limiter_of
from fs_integration.clients.odata import Reading, pages
from fs_integration.clients.once import Once
from fs_integration.clients.patience import Time
from fs_integration.clients.payload import (
    body_columns,
    derived_ids,
    id_member,
    json_rows,
    key_reference,
    not_addressable,
)
from fs_integration.clients.regrouping import SHOWN, order_columns, regrouped
from fs_integration.clients.selection import lookups_on, select_and_expand
from fs_integration.clients.settings import ServiceSettings
from fs_integration.clients.tenant import tenant_of
from fs_integration.clients.tokens import TokenSource
from fs_integration.clients.transport import Tokens, Transport
from fs_integration.errors import ConnectionSetupError, MappingError
from fs_integration.frames import KEY, TARGET_ID, concat, dtype, joined_text
from fs_integration.records import Environment, Interval
from fs_integration.spec.error_rules import ErrorRules
from fs_integration.spec.mapping import Condition
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.spec.paths import WIRE_SEPARATOR, column_of, wire_name, with_paths
from fs_integration.spec.target import Strategy

API = "api/data/v9.2"
PAGE_ROWS = 5000  # the most a standard table gives at once
LIST_CHARACTERS = 8000  # encoded length of one list of key values; a whole address may have 32,768
_KEPT = "[],\"'"


class _WhoAmI(msgspec.Struct, rename="pascal"):
    organization_id: str


class DataverseClient:
    """One Dataverse environment.

    :param tokens: where access tokens come from; None asks Entra as the settings say.
    """

    def __init__(
        self, settings: ServiceSettings, *, tokens: Tokens | None = None, clock: Time | None = None,
        rules: ErrorRules | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._transport = Transport(
            f"{settings.base_url}/{API}", tokens or TokenSource(settings), ca_file=settings.ca_file,
            limits=settings.limits, clock=clock,
            limiter=limiter_of(settings.base_url, settings.client_id, (clock or Time()).now), rules=rules,
        )  # fmt: skip
        self._known: Once[EntityMetadata] = Once()
        self._sets: Once[dict[str, str]] = Once()
        self._asked: Once[Environment] = Once()

    def check(self) -> str:
        """Ask who we are. :returns: a sentence for the person who pressed "Test"."""
        return f"Connected to {self._settings.base_url}, organization {self.environment().identity}."

    def environment(self) -> Environment:
        """Return which organization this is; asked once.

        :raises ConnectionSetupError: it is another one than the connection names.
        """
        return self._asked.get("WhoAmI", self._who_am_i)

    def table(self, entity_set: str) -> EntityMetadata:
        """Describe a table. :param entity_set: its name in addresses. :raises NotFound: there is none."""
        return self._known.get(entity_set, lambda: read_table(self._transport, entity_set, self._entity_sets))

    def resolve(self, entity_set: str, columns: Sequence[str]) -> EntityMetadata:
        """Describe a table together with columns of the rows its lookups point to.

        :param columns: columns of the table, and paths over lookups (``msdyn_workorder.msdyn_name``).
        :returns: the table with a column more for every path, and for every lookup a path goes over.
        :raises MappingError: a path leads nowhere; :raises NotFound: there is no such table.
        """
        return with_paths(self.table(entity_set), [*columns, *lookups_on(columns)], self.table)

    def read(
        self, entity_set: str, *, columns: Sequence[str], where: Sequence[Condition] = (),
        changed_since: tuple[str, Interval] | None = None, order_by: Sequence[str] = (),
    ) -> Iterator[pd.DataFrame]:  # fmt: skip
        """Read rows page by page; lookups come as the id of the row they point to, paths over them as its columns.

        :param where: conditions, also on paths. :param changed_since: column or path, and window; start inclusive,
            end exclusive. :param order_by: columns of the table itself; rows equal in them come one after the other.
        :raises MappingError: a column or condition the table does not know; :raises ServiceError: no complete answer.
        """
        used = [name for condition in where for name in condition.fields]
        used += [changed_since[0]] if changed_since else []
        metadata = self.resolve(entity_set, [*columns, *order_by, *used])
        condition = dataverse_filter(where, metadata, changed_since)
        yield from self._pages(metadata, columns, condition, order_by=order_by)

    def read_keys(
        self, entity_set: str, *, columns: Sequence[str], key: Sequence[str], rows: pd.DataFrame
    ) -> pd.DataFrame:
        """Read the rows whose key occurs in ``rows``; case does not count, as it does not in the service.

        :param columns: columns and paths to return, the key among them.
        """
        metadata = self.resolve(entity_set, columns)
        wanted = folded(rows, key)
        frames = []
        for part in _parts(rows.drop_duplicates(list(key)), key):
            condition, aliases = _any_of(part, key, metadata)
            for frame in self._pages(metadata, columns, condition, aliases=aliases):
                frames.append(frame[folded(frame, key).isin(wanted).to_numpy(dtype=bool)])
        return concat(frames, {name: column_of(metadata, name).kind for name in columns})

    def write(
        self, metadata: EntityMetadata, rows: pd.DataFrame, *, key: Sequence[str], columns: Sequence[str],
        request_rows: int, parallel_requests: int, before_request: Callable[[], None], exists: bool = False,  # noqa: ARG002
        strategy: Strategy = "auto",
    ) -> pd.DataFrame:  # fmt: skip
        """Create or update rows by their key; repeating it changes nothing more.

        Rows are named by the table's alternate key on ``key``. Where there is none, or a key holds characters that
        cannot stand in an address, they are named by id: the one found in the target, or one that follows from the key.

        :param columns: columns to send. :param request_rows: rows per request; :param parallel_requests: at once, at
            most. :param before_request: called before every request; what it raises stops the write.
        :param strategy: bulk messages, ``$batch``, single requests, or by itself the first that the table knows.
        :param exists: whether the rows are in the target; it makes no difference here, both are the same request.
        :returns: one line per row, in order: ``_key``, ``status`` (``written`` or ``rejected``), ``code``, ``message``.
        :raises MappingError: the table does not know the one way that ``strategy`` names.
        :raises ServiceError: a failure that is not about single rows.
        """
        self._introduce()
        rows = rows.reset_index(drop=True)
        chunks = []
        for message, index, targets in self._addressed(metadata, rows, key=key, columns=columns):
            size = rows_per_request(strategy, request_rows, rows=len(targets), parallel_requests=parallel_requests)
            for start in range(0, len(targets), size):
                chunks.append(Chunk(message, index[start : start + size].tolist(), targets[start : start + size]))
        writer = BulkWriter(self._transport, metadata, rows[KEY], before_request, strategy=strategy)
        return writer.write(chunks, parallel_requests=parallel_requests)

    def _addressed(
        self, metadata: EntityMetadata, rows: pd.DataFrame, *, key: Sequence[str], columns: Sequence[str]
    ) -> Iterator[tuple[str, pd.Index, list[str]]]:
        """Sort rows by how they are named. :returns: message, positions and JSON of each sort.

        Every row is named by its key, so that sending it twice has one effect (R1 in docs/reliability.md).
        """
        values = body_columns(columns, key, metadata)
        by_id = pd.Series(True, index=rows.index)
        has_key = metadata.alternate_key(tuple(key)) is not None
        if has_key:
            by_id = not_addressable(rows, key)
            named = rows[~by_id]
            if len(named):
                reference = key_reference(named, metadata, key)
                yield "UpsertMultiple", named.index, json_rows(named, metadata, values, [reference])
        others = rows[by_id]
        if not len(others):
            return
        ids = self._ids(metadata, others, key, ask=has_key or TARGET_ID not in rows)
        known, new = others[ids.notna()], others[ids.isna()]
        if len(known):
            sent = [name for name in values if metadata.columns[name].can_update]
            member = id_member(ids[ids.notna()], metadata)
            yield "UpdateMultiple", known.index, json_rows(known, metadata, sent, [member])
        if len(new):
            sent = list(dict.fromkeys([*key, *values]))
            member = id_member(derived_ids(new[KEY], metadata), metadata)
            yield "UpsertMultiple", new.index, json_rows(new, metadata, sent, [member])

    def _ids(self, metadata: EntityMetadata, rows: pd.DataFrame, key: Sequence[str], *, ask: bool) -> pd.Series:
        """Return the ids of rows that are in the target, missing where they are not.

        :param ask: read the ids that are not known; without it ``TARGET_ID`` is the whole truth.
        """
        nothing = pd.Series(pd.NA, index=rows.index, dtype=dtype(ColumnKind.ID))
        ids = rows.get(TARGET_ID, nothing)
        if not ask or not ids.isna().any():
            return ids
        primary = str(metadata.primary_id)
        found = self.read_keys(metadata.name, columns=[*key, primary], key=key, rows=rows[ids.isna()])
        by_key = pd.Series(found[primary].to_numpy(), index=folded(found, key).to_numpy())
        asked = folded(rows, key).map(by_key[~by_key.index.duplicated()].to_dict())
        return ids.fillna(asked.astype(dtype(ColumnKind.ID)))

    def _pages(
        self, metadata: EntityMetadata, columns: Sequence[str], condition: str, *, order_by: Sequence[str] = (),
        aliases: str = "",
    ) -> Iterator[pd.DataFrame]:  # fmt: skip
        reading = {name: (wire_name(column_of(metadata, name)), metadata.columns[name].kind) for name in columns}
        first = [_own(metadata, name) for name in order_by]
        extra = order_columns(first)
        ways = [wire_name(column_of(metadata, name)) for name in lookups_on(columns)]
        order = [*dict.fromkeys([*map(wire_name, first), str(metadata.primary_id)])]
        select, expand = select_and_expand([*(wire for wire, _ in reading.values()), *ways, *order])
        # Only an order that ends with a unique column keeps rows from repeating across pages.
        options = query(select=select, expand=expand, filter=condition, orderby=",".join(order))
        prefer = f"odata.maxpagesize={PAGE_ROWS}" + (f',odata.include-annotations="{SHOWN}"' if extra else "")
        found = pages(
            self._transport, f"{metadata.name}?{options}{aliases}", reading=Reading({**reading, **extra}), prefer=prefer
        )
        yield from regrouped(found, extra) if extra else found

    def _entity_sets(self) -> dict[str, str]:
        return self._sets.get("EntityDefinitions", lambda: entity_sets(self._transport))

    def _who_am_i(self) -> Environment:
        organization = self._transport.get("WhoAmI", _WhoAmI).organization_id.lower()
        named = self._settings.organization_id
        if named and organization != named:
            raise ConnectionSetupError(
                f"{self._settings.base_url} is organization {organization}, but the connection names {named} in "
                "organization_id. Nothing was written."
            )
        tenant = tenant_of(self._transport.token()) or self._settings.tenant_id.lower()
        return Environment("dataverse", self._settings.base_url, tenant, organization)

    def _introduce(self) -> None:
        """Learn before the first write how many requests the service recommends, and refuse a wrong organization."""
        if self._settings.organization_id or self._transport.patience.limiter.recommended is None:
            self.environment()


def _own(metadata: EntityMetadata, name: str) -> Column:
    """Return a column that rows can be ordered by. :raises MappingError: for a column of another table."""
    column = column_of(metadata, name)
    if WIRE_SEPARATOR in column.name:
        raise MappingError(f"Rows of `{metadata.name}` cannot be ordered by `{name}`, a column of another table.")
    return column


def _parts(rows: pd.DataFrame, key: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Cut rows so that the values of one request fit into an address."""
    if not len(rows):
        return
    longest = sum(int(joined_text(rows, [name]).str.len().max()) * 3 + 9 for name in key)
    size = max(1, min(500, LIST_CHARACTERS // longest))
    for start in range(0, len(rows), size):
        yield rows.iloc[start : start + size]


def _any_of(rows: pd.DataFrame, key: Sequence[str], metadata: EntityMetadata) -> tuple[str, str]:
    """Return a filter that finds at least the rows of these keys, and the lists it refers to.

    The lists are given as parameter aliases, the only form the service takes for values with quotes.
    """
    clauses, aliases = [], []
    for number, name in enumerate(key):
        values = [text for text in dict.fromkeys(joined_text(rows, [name]).tolist()) if text != "\x00"]
        names, lists = f"@n{number}", f"@v{number}"
        clauses.append(f"Microsoft.Dynamics.CRM.In(PropertyName={names},PropertyValues={lists})")
        written = quote(msgspec.json.encode(values).decode(), safe=_KEPT)
        aliases.append(f"&{names}='{column_of(metadata, name).name}'&{lists}={written}")
    return " and ".join(clauses), "".join(aliases)
