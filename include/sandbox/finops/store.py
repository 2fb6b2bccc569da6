"""Rows in memory: key order for paging, a change sequence for incremental exports, undo for change sets.

A row is a plain dictionary of every property of its entity plus record id and record version, which only the ETag
shows. A row's key is the tuple of its key values in the form they are compared in; the company is its first part.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sandbox.finops.schema import Entity, Schema

Row = dict[str, Any]
KeyValues = tuple[Any, ...]
REC_ID = "RecId"
REC_VERSION = "RecVersion"
_NUMBERS = frozenset({REC_ID, REC_VERSION})
_FIRST_REC_ID = 5_637_144_576


def fold(value: Any) -> Any:
    """Give the form in which two values are compared: texts ignore case, as the database collation does."""
    return value.lower() if isinstance(value, str) else value


class EntityStore:
    """Rows of one entity.

    `order` lists the keys in ascending order, so that a page starts at a key and costs its own rows only; `changed`
    maps a key to the sequence number of its last change since the world was loaded.
    """

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.rows: dict[KeyValues, Row] = {}
        self.order: list[KeyValues] = []
        self.changed: dict[KeyValues, int] = {}

    def key_of(self, row: Mapping[str, Any]) -> KeyValues:
        """Give the key of a row."""
        return tuple([fold(row[name]) for name in self.entity.key])

    def complete(self, given: Mapping[str, Any], base: Mapping[str, Any]) -> Row:
        """Lay given values over a base row.

        :raises ValueError: unknown property or null, which F&O does not have.
        """
        row = {**base, **given}
        if len(row) != len(base) or None in row.values():
            wrong = [name for name, value in given.items() if name not in base or value is None]
            raise ValueError(f"{self.entity.collection}: unknown or null: {', '.join(wrong)}")
        return row

    def span(self, prefix: KeyValues) -> tuple[int, int]:
        """Give the first and the past-the-last position of the keys that start with texts."""
        if not prefix:
            return 0, len(self.order)
        after = (*prefix[:-1], prefix[-1] + "\0")
        return bisect_left(self.order, prefix), bisect_left(self.order, after)

    def position_after(self, key: KeyValues) -> int:
        """Give the position behind a key, which need not exist any more."""
        return bisect_right(self.order, key)

    def put(self, key: KeyValues, row: Row | None) -> None:
        """Set or remove a row and keep the order right."""
        known = key in self.rows
        if row is None:
            if known:
                del self.rows[key]
                del self.order[bisect_left(self.order, key)]
            return
        if not known:
            insort(self.order, key)
        self.rows[key] = row

    def changed_since(self, sequence: int) -> Iterator[Row]:
        """Give the rows changed after a sequence number; deletions leave no trace here, as in file packages."""
        keys = sorted(key for key, changed_at in self.changed.items() if changed_at > sequence and key in self.rows)
        return (self.rows[key] for key in keys)

    def copy(self) -> EntityStore:
        """Return a second store with the same rows, which are only ever exchanged, never changed in place."""
        twin = EntityStore(self.entity)
        twin.rows, twin.order, twin.changed = dict(self.rows), list(self.order), dict(self.changed)
        return twin


Backup = tuple[int, int, dict[str, EntityStore]]


class Transaction:
    """The writes of one request or change set, to be kept or undone together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._undo: list[tuple[EntityStore, KeyValues, Row | None, int | None]] = []

    def put(self, store: EntityStore, key: KeyValues, row: Row | None) -> None:
        """Set or remove a row."""
        self._undo.append((store, key, store.rows.get(key), store.changed.get(key)))
        store.put(key, row)
        store.changed[key] = self._database.next_sequence()

    def rollback(self) -> None:
        """Undo every write, newest first."""
        for store, key, row, changed_at in reversed(self._undo):
            store.put(key, row)
            if changed_at is None:
                del store.changed[key]
            else:
                store.changed[key] = changed_at
        self._undo.clear()


class Database:
    """All entities of the environment and the counters that number records and changes."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.sequence = 0
        self.stores = {name: EntityStore(entity) for name, entity in schema.by_set.items()}
        self._next_rec_id = _FIRST_REC_ID

    def next_sequence(self) -> int:
        """Number the next change."""
        self.sequence += 1
        return self.sequence

    def new_row(self, store: EntityStore, values: Mapping[str, Any]) -> Row:
        """Build a row with the defaults of its entity.

        :raises ValueError: unknown property or null.
        """
        row = store.complete(values, store.entity.defaults)
        row[REC_ID], row[REC_VERSION] = self._next_rec_id, 1
        self._next_rec_id += 1
        return row

    def next_version(self, store: EntityStore, row: Row, values: Mapping[str, Any]) -> Row:
        """Build the next version of a row.

        :raises ValueError: unknown property or null.
        """
        changed = store.complete(values, row)
        changed[REC_VERSION] = row[REC_VERSION] + 1
        return changed

    def fill(self, collection: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace all rows of an entity, without business rules. Rows that stay as they were do not count as changed.

        :raises ValueError: unknown property, null, or a key given twice.
        """
        old = self.stores[collection]
        store = EntityStore(old.entity)
        for values in rows:
            row = self.new_row(store, values)
            key = store.key_of(row)
            if key in store.rows:
                raise ValueError(f"{collection}: the key {key} occurs twice")
            store.rows[key] = row
        store.order = sorted(store.rows)
        self._carry_changes(old, store)
        self.stores[collection] = store

    def upsert(self, collection: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Change or create rows, without business rules; a row needs its key and what changes.

        :return: number of rows that differ afterwards.
        :raises ValueError: unknown property or null; KeyError: part of the key missing.
        """
        store, differing = self.stores[collection], 0
        with self.transaction() as transaction:
            for values in rows:
                key = store.key_of(values)
                old = store.rows.get(key)
                if old is None:
                    transaction.put(store, key, self.new_row(store, values))
                elif any(old.get(name, self) != value for name, value in values.items()):
                    transaction.put(store, key, self.next_version(store, old, values))
                else:
                    continue
                differing += 1
        return differing

    def backup(self) -> Backup:
        """Return what `restore` takes."""
        return self.sequence, self._next_rec_id, {name: store.copy() for name, store in self.stores.items()}

    def restore(self, backup: Backup) -> None:
        """Put everything back as it was; the backup can be used again."""
        self.sequence, self._next_rec_id, stores = backup
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

    def _carry_changes(self, old: EntityStore, new: EntityStore) -> None:
        """Keep record ids and changes of a former filling; an empty one had nothing to keep."""
        if not old.rows:
            return
        for key, row in new.rows.items():
            before = old.rows.get(key)
            if before is None or any(before[name] != value for name, value in row.items() if name not in _NUMBERS):
                row[REC_VERSION] = before[REC_VERSION] + 1 if before is not None else 1
                new.changed[key] = self.next_sequence()
            elif key in old.changed:
                new.changed[key] = old.changed[key]
            if before is not None:
                row[REC_ID] = before[REC_ID]
                row[REC_VERSION] = max(row[REC_VERSION], before[REC_VERSION])
