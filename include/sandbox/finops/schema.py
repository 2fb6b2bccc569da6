"""What a data entity is: properties, entity key and the names the system calls it by, as immutable descriptions.

The entities themselves are in the `tables` package. Names are case-sensitive, as on the real service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NAMESPACE = "Microsoft.Dynamics.DataEntities"
COMPANY = "dataAreaId"
COMPANY_LENGTH = 4


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration: value by member name, in the order of the metadata."""

    name: str
    members: Mapping[str, int]

    @property
    def qualified(self) -> str:
        """Name of the type as literals in query options spell it."""
        return f"{NAMESPACE}.{self.name}"

    @property
    def first(self) -> str:
        """Member that a property has when nothing was ever set."""
        return min(self.members, key=lambda member: self.members[member])


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an entity.

    :param kind: X++ type name as metadata spells it: String, Enum, Int32, Int64, Real, Date, UtcDateTime.
    :param required: refused when empty; :param editable: takes a value on update; :param creatable: on create.
    """

    name: str
    kind: str
    max_length: int | None = None
    enum: EnumType | None = None
    required: bool = False
    editable: bool = True
    creatable: bool = True
    default: object = ""


@dataclass(frozen=True)
class Entity:
    """A data entity.

    :param name: public entity name, the type in metadata; :param collection: entity set in URLs.
    :param label: name in data projects and manifests; :param target: name in the application object tree.
    :param backing: table under the entity and its label, as error texts give them.
    :param dependents: collections and their columns that refer to the last part of this entity's key.
    """

    name: str
    collection: str
    label: str
    target: str
    properties: dict[str, Property]
    key: tuple[str, ...]
    backing: tuple[str, str]
    read_only: bool = False
    change_tracking: bool = False
    dependents: tuple[tuple[str, str], ...] = ()
    defaults: dict[str, object] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "defaults", {p.name: p.default for p in self.properties.values()})

    @property
    def company_specific(self) -> bool:
        """Tell whether rows belong to a company; the others are shared by all."""
        return COMPANY in self.properties

    @property
    def type_name(self) -> str:
        """Qualified name of the entity type."""
        return f"{NAMESPACE}.{self.name}"


class Schema:
    """All public entities by collection, and the enumerations they use."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self.by_set = {entity.collection: entity for entity in entities}
        self.by_name = {entity.name: entity for entity in self.by_set.values()}
        used = (p.enum for entity in self.by_set.values() for p in entity.properties.values() if p.enum is not None)
        self.enums = {enum.name: enum for enum in used}
