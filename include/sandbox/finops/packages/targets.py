"""What can be imported, and how one row of a package becomes rows of the environment.

An import is an upsert by the key of the data entity; every other rule is the one of requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.finops.changes import change_row, insert_row, refuse_fields
from sandbox.finops.errors import field_invalid
from sandbox.finops.packages.journals import JOURNALS, KEY, PRODUCT, JournalEntity
from sandbox.finops.schema import COMPANY, Entity, Property
from sandbox.finops.store import Database, Row, Transaction, fold
from sandbox.finops.tables import SCHEMA
from sandbox.finops.tables.products import DISTINCT

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Scope:
    """Where a row is written. :param today: the date of new journal lines, in stored form."""

    database: Database
    transaction: Transaction
    company: str
    today: str


@dataclass(frozen=True)
class PublicTarget:
    """A public entity."""

    entity: Entity
    columns: Mapping[str, Property]
    key: tuple[str, ...]

    @classmethod
    def of(cls, entity: Entity) -> PublicTarget:
        """Describe an entity; the company is no column."""
        columns = {name.upper(): item for name, item in entity.properties.items() if name != COMPANY}
        return cls(entity, columns, tuple(name.upper() for name in entity.key if name != COMPANY))

    def write(self, scope: Scope, values: Values) -> None:
        """Create or change a row; a value that already stands there does not count as given.

        :param values: stored forms by property. :raises FinanceError: the row is refused.
        """
        given = {COMPANY: scope.company, **values}
        key = {name: given.get(name, self.entity.defaults[name]) for name in self.entity.key}
        row = scope.database.stores[self.entity.collection].rows.get(tuple(fold(value) for value in key.values()))
        properties = self.entity.properties
        others = {name: value for name, value in values.items() if name not in key}
        changes = _differing(others, row or self.entity.defaults)
        if row is None:
            refuse_fields(self.entity, [name for name in changes if not properties[name].creatable])
            insert_row(scope.database, scope.transaction, self.entity, {**values, **key})
        elif changes:
            refuse_fields(self.entity, [name for name in changes if not properties[name].editable])
            change_row(scope.database, scope.transaction, self.entity, row, changes)


@dataclass(frozen=True)
class JournalTarget:
    """Journal headers and lines in one."""

    journal: JournalEntity
    columns: Mapping[str, Property]
    key: tuple[str, ...] = tuple(name.upper() for name in KEY)

    @classmethod
    def of(cls, journal: JournalEntity) -> JournalTarget:
        """Describe a journal entity by the properties of its lines."""
        lines = {name.upper(): journal.lines.properties[item] for name, item in journal.columns.items()}
        return cls(journal, {**lines, PRODUCT.upper(): DISTINCT.properties[PRODUCT]})

    def write(self, scope: Scope, values: Values) -> None:
        """Create the journal when it is missing, then create or change the line; the date of a new line is today.

        :param values: stored forms by property of the line. :raises FinanceError: journal or line is refused.
        """
        line = self._line(scope, values)
        self._ensure_journal(scope, line)
        found = self._find(scope, line)
        if found is None:
            new = {COMPANY: scope.company, "TransactionDate": scope.today, **line}
            insert_row(scope.database, scope.transaction, self.journal.lines, new)
        elif changes := _differing(line, found):
            change_row(scope.database, scope.transaction, self.journal.lines, found, changes)

    def _ensure_journal(self, scope: Scope, line: Values) -> None:
        """Create the journal of a line when it is missing; without a name it gets its type's default one."""
        store = scope.database.stores[self.journal.headers.collection]
        if (fold(scope.company), fold(line["JournalNumber"])) not in store.rows:
            given = {name: line[name] for name in ("JournalNumber", "JournalNameId") if name in line}
            header = {COMPANY: scope.company, **given}
            insert_row(scope.database, scope.transaction, self.journal.headers, header)

    def _line(self, scope: Scope, values: Values) -> dict[str, Any]:
        """Give the properties of the line: the product number stands for item number and dimensions."""
        line = {name: value for name, value in values.items() if name != PRODUCT}
        number = values.get(PRODUCT, "")
        if not number:
            return line
        product = scope.database.stores[DISTINCT.collection].rows.get((fold(scope.company), fold(number)))
        if product is None:
            text = f"The value '{number}' in field '{PRODUCT}' is not found in table 'Released products'."
            raise field_invalid(self.journal.lines, PRODUCT, text)
        return line | self.journal.dimensions(product)

    def _find(self, scope: Scope, line: Values) -> Row | None:
        store = scope.database.stores[self.journal.lines.collection]
        start, stop = store.span((fold(scope.company), fold(line["JournalNumber"])))
        rows = (store.rows[key] for key in store.order[start:stop])
        return next((row for row in rows if row["LineNumber"] == line["LineNumber"]), None)


def _differing(values: Values, row: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != row[name]}


Target = PublicTarget | JournalTarget
TARGETS: dict[str, Target] = {
    **{e.label: PublicTarget.of(e) for e in SCHEMA.by_set.values() if not e.read_only},
    **{journal.label: JournalTarget.of(journal) for journal in JOURNALS},
}
