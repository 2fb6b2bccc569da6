"""What a Dataverse table is: columns, keys and relationships as immutable descriptions.

The tables themselves are in the `tables` package. Navigation names are case-sensitive, as on the real service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CHOICE_KINDS = frozenset({"Picklist", "State", "Status"})
LOOKUP_KINDS = frozenset({"Lookup", "Owner", "Customer"})


@dataclass(frozen=True, slots=True)
class OptionSet:
    """Options of a choice column.

    :param name: option set name in metadata; :param labels: label by value; :param is_global: shared between tables.
    :param states: for a status column, the state each value belongs to; the first of a state is its default.
    """

    name: str
    labels: Mapping[int, str]
    is_global: bool = False
    states: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; `kind` is the Dataverse attribute type name.

    :param secured: protected by column-level security.
    :param formula: gives the value of a calculated column from the other columns of its row, in stored form.
    """

    name: str
    kind: str
    required: str = "None"
    max_length: int | None = None
    precision: int | None = None
    precision_source: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    options: OptionSet | None = None
    targets: tuple[str, ...] = ()
    on_delete: str = "RemoveLink"
    navigation: str | None = None
    relationship: str | None = None
    collection: str | None = None
    default: object = None
    date_only: bool = False
    creatable: bool = True
    updatable: bool = True
    secured: bool = False
    formula: Callable[[Mapping[str, Any]], Any] | None = None

    @property
    def is_lookup(self) -> bool:
        """Tell whether the column holds a reference to another row."""
        return self.kind in LOOKUP_KINDS

    @property
    def wire_name(self) -> str:
        """Name of the column in rows and query options."""
        return f"_{self.name}_value" if self.is_lookup else self.name

    def target_of(self, row: Mapping[str, object]) -> str:
        """Name the table that the lookup of this row points at."""
        return str(row.get(f"{self.name}type") or self.targets[0])

    def navigations(self) -> dict[str, str]:
        """Map each single-valued navigation property to its target table; polymorphic lookups have one per target.

        The owner is the exception: one property for users and teams.
        """
        if len(self.targets) == 1 or self.kind == "Owner":
            return {self.navigation or self.name: self.targets[0]}
        return {f"{self.name}_{target}": target for target in self.targets}


@dataclass(frozen=True, slots=True)
class Key:
    """An alternate key."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relationship:
    """A many-to-one relationship, seen from both ends."""

    schema_name: str
    referencing: str
    column: str
    navigation: str
    referenced: str
    collection: str
    on_delete: str


@dataclass(frozen=True)
class Table:
    """A table: identity, columns, keys and what the platform does with it.

    :param change_tracking: answers `Prefer: odata.track-changes`.
    :param ownership: `UserOwned` or `OrganizationOwned`.
    :param indexes: column tuples the store keeps an index for, beside the alternate keys.
    """

    name: str
    entity_set: str
    display: str
    columns: dict[str, Column]
    primary_name: str | None
    keys: tuple[Key, ...] = ()
    change_tracking: bool = False
    ownership: str = "UserOwned"
    indexes: tuple[tuple[str, ...], ...] = ()
    wire: dict[str, Column] = field(init=False)
    navigations: dict[str, tuple[Column, str]] = field(init=False)
    defaults: dict[str, object] = field(init=False)
    calculated: tuple[Column, ...] = field(init=False)
    _keys_by_columns: dict[frozenset[str], Key] = field(init=False)

    def __post_init__(self) -> None:
        columns = self.columns.values()
        navigations = {nav: (c, target) for c in columns if c.is_lookup for nav, target in c.navigations().items()}
        object.__setattr__(self, "wire", {c.wire_name: c for c in columns if c.kind != "EntityName"})
        object.__setattr__(self, "navigations", navigations)
        object.__setattr__(self, "defaults", {c.name: c.default for c in columns if c.default is not None})
        object.__setattr__(self, "calculated", tuple(c for c in columns if c.formula is not None))
        object.__setattr__(self, "_keys_by_columns", {frozenset(key.columns): key for key in reversed(self.keys)})

    @property
    def primary_id(self) -> str:
        """Name of the primary key column; Dataverse always derives it from the table name."""
        return f"{self.name}id"

    def calculate(self, row: dict[str, Any]) -> None:
        """Give the calculated columns of a row the values that follow from its other columns."""
        for column in self.calculated:
            value = column.formula(row) if column.formula is not None else None
            if value is None:
                row.pop(column.name, None)
            else:
                row[column.name] = value

    def key_for(self, columns: Iterable[str]) -> Key | None:
        """Find the alternate key made of exactly these columns."""
        return self._keys_by_columns.get(frozenset(columns))


class Schema:
    """All tables, found by logical name or entity set, with their relationships."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self.tables = {table.name: table for table in tables}
        self.by_set = {table.entity_set: table for table in self.tables.values()}
        self.relationships = tuple(self._relationships())

    def _relationships(self) -> Iterable[Relationship]:
        for table in self.tables.values():
            for navigation, (column, target) in table.navigations.items():
                name = column.relationship or f"{target}_{table.name}_{column.name}"
                collection = column.collection or name
                yield Relationship(name, table.name, column.name, navigation, target, collection, column.on_delete)

    def referencing(self, table: str) -> list[Relationship]:
        """List the relationships whose lookups point at the table."""
        return [relationship for relationship in self.relationships if relationship.referenced == table]

    def collection(self, table: str, navigation: str) -> Relationship | None:
        """Find the collection-valued navigation property of a table."""
        matches = (r for r in self.relationships if r.referenced == table and r.collection == navigation)
        return next(matches, None)
