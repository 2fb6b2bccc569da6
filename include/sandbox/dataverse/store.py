"""Rows in memory: insertion order for paging, version order for change tracking, indexes for keys, undo for rollback.

A row is a plain dictionary of its non-null columns by logical name; lookups hold the target's id. One counter numbers
every write of the organisation, as the row version of the real service does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.dataverse.errors import duplicate_key
from sandbox.dataverse.schema import Schema, Table

Row = dict[str, Any]
KeyValues = tuple[Any, ...]


def fold(value: Any) -> Any:
    """Give the form in which two key values are compared: texts ignore case, as the database collation does."""
    return value.lower() if isinstance(value, str) else value


class TableStore:
    """Rows of one table.

    `rows` is ordered by version, oldest first; `order` lists ids as they were inserted, deleted ones included, so that
    a position in it stays valid for as long as the table lives.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows: dict[str, Row] = {}
        self.order: list[str] = []
        self.deleted: dict[str, int] = {}
        columns = [key.columns for key in table.keys] + list(table.indexes)
        self.indexes: dict[tuple[str, ...], dict[KeyValues, list[str]]] = {names: {} for names in columns}

    def find(self, columns: tuple[str, ...], values: KeyValues) -> list[str]:
        """List the ids of the rows whose indexed columns hold these values."""
        return self.indexes[columns].get(tuple(map(fold, values)), [])

    def scan(self, start: int = 0) -> Iterator[tuple[int, Row]]:
        """Walk over the rows in insertion order, with the position that follows each of them."""
        rows, order = self.rows, self.order
        for position in range(start, len(order)):
            row = rows.get(order[position])
            if row is not None:
                yield position + 1, row

    def changed_since(self, version: int) -> list[Row]:
        """List the rows written after a version, oldest change first; the cost follows the number of changes."""
        changed = []
        for row in reversed(self.rows.values()):
            if row["versionnumber"] <= version:
                break
            changed.append(row)
        changed.reverse()
        return changed

    def deleted_since(self, version: int) -> list[tuple[str, int]]:
        """List the ids deleted after a version with the version of their deletion."""
        gone = []
        for row_id, deleted_at in reversed(self.deleted.items()):
            if deleted_at <= version:
                break
            gone.append((row_id, deleted_at))
        gone.reverse()
        return gone

    def check_keys(self, row_id: str, row: Row) -> None:
        """Refuse a row whose alternate key another row has; keys with a null part are not unique."""
        for key in self.table.keys:
            values = _key_values(key.columns, row)
            if values is not None and any(other != row_id for other in self.indexes[key.columns].get(values, ())):
                raise duplicate_key(key.name, ", ".join(key.columns))

    def put(self, row_id: str, row: Row | None) -> None:
        """Set or remove a row in place and keep the indexes right."""
        old = self.rows.get(row_id)
        for columns, index in self.indexes.items():
            if old is not None and row is not None and _equal_in(columns, old, row):
                continue
            before = _key_values(columns, old) if old is not None else None
            after = _key_values(columns, row) if row is not None else None
            if before == after:
                continue
            if before is not None:
                index[before].remove(row_id)
                if not index[before]:
                    del index[before]
            if after is not None:
                index.setdefault(after, []).append(row_id)
        if row is None:
            self.rows.pop(row_id, None)
        else:
            self.rows[row_id] = row

    def move_to_end(self, row_id: str) -> None:
        """Restore the version order after a committed write."""
        row = self.rows.pop(row_id, None)
        if row is not None:
            self.rows[row_id] = row

    def sort_by_version(self) -> None:
        """Rebuild the version order after a rolled-back deletion."""
        self.rows = dict(sorted(self.rows.items(), key=lambda item: item[1]["versionnumber"]))

    def knows(self, row_id: str) -> bool:
        """Tell whether the id already has a place in the insertion order."""
        return row_id in self.rows or row_id in self.deleted

    def copy(self) -> TableStore:
        """Return a second store with the same rows, which are only ever exchanged, never changed in place."""
        twin = TableStore(self.table)
        twin.rows, twin.order, twin.deleted = dict(self.rows), list(self.order), dict(self.deleted)
        twin.indexes = {
            columns: {values: list(ids) for values, ids in index.items()} for columns, index in self.indexes.items()
        }
        return twin


def _key_values(columns: tuple[str, ...], row: Row) -> KeyValues | None:
    values = tuple([fold(row.get(column)) for column in columns])
    return None if None in values else values


def _equal_in(columns: tuple[str, ...], old: Row, new: Row) -> bool:
    """Tell whether two versions of a row agree in these columns, so that an index need not change."""
    return all([old.get(column) == new.get(column) for column in columns])


Backup = tuple[int, dict[str, TableStore]]


class Transaction:
    """The writes of one request or change set, to be kept or undone together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._undo: list[tuple[TableStore, str, Row | None, int | None]] = []

    def insert(self, store: TableStore, row_id: str, row: Row) -> None:
        """Add a row; the caller has checked that its id is free."""
        self._remember(store, row_id)
        if not store.knows(row_id):
            store.order.append(row_id)
        store.deleted.pop(row_id, None)
        row["versionnumber"] = self._database.next_version()
        store.put(row_id, row)

    def replace(self, store: TableStore, row_id: str, row: Row) -> None:
        """Exchange a row for its next version."""
        self._remember(store, row_id)
        row["versionnumber"] = self._database.next_version()
        store.put(row_id, row)

    def delete(self, store: TableStore, row_id: str) -> None:
        """Remove a row and leave its tombstone for change tracking."""
        self._remember(store, row_id)
        store.put(row_id, None)
        store.deleted[row_id] = self._database.next_version()

    def commit(self) -> None:
        """Make the writes visible to change tracking in the order of their versions."""
        for store, row_id, _, _ in self._undo:
            store.move_to_end(row_id)
        self._undo.clear()

    def rollback(self) -> None:
        """Undo every write, newest first."""
        revived = set()
        for store, row_id, row, deleted_at in reversed(self._undo):
            was_gone = row_id not in store.rows
            store.put(row_id, row)
            if deleted_at is not None:
                store.deleted[row_id] = deleted_at
            else:
                store.deleted.pop(row_id, None)
            if row is None and deleted_at is None:
                store.order.pop()
            if was_gone and row is not None:
                revived.add(store)
        for store in revived:
            store.sort_by_version()
        self._undo.clear()

    def _remember(self, store: TableStore, row_id: str) -> None:
        self._undo.append((store, row_id, store.rows.get(row_id), store.deleted.get(row_id)))


class Database:
    """All tables of the organisation and the counter that numbers their writes.

    :param version: number before the first write.
    """

    def __init__(self, schema: Schema, version: int) -> None:
        self.schema = schema
        self.version = version
        self.stores = {name: TableStore(table) for name, table in schema.tables.items()}

    def next_version(self) -> int:
        """Number the next write."""
        self.version += 1
        return self.version

    def row(self, table: str, row_id: str | None) -> Row | None:
        """Find a row by primary key; None for a table that the sandbox does not have."""
        store = self.stores.get(table)
        return store.rows.get(row_id) if store is not None and row_id is not None else None

    def fill(self, table: str, rows: Iterable[Row]) -> None:
        """Replace all rows of a table without plug-ins; its deletions are forgotten."""
        store = TableStore(self.schema.tables[table])
        primary_id = store.table.primary_id
        for row in rows:
            row["versionnumber"] = self.next_version()
            store.order.append(row[primary_id])
            store.put(row[primary_id], row)
        self.stores[table] = store

    def backup(self) -> Backup:
        """Return what `restore` takes."""
        return self.version, {name: store.copy() for name, store in self.stores.items()}

    def restore(self, backup: Backup) -> None:
        """Put everything back as it was; the backup can be used again."""
        self.version, stores = backup
        self.stores = {name: store.copy() for name, store in stores.items()}

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Keep the writes of the block, or none of them when it raises."""
        transaction = Transaction(self)
        try:
            yield transaction
        except BaseException:
            transaction.rollback()
            raise
        transaction.commit()
