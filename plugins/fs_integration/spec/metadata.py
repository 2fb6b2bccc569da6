"""What a service says about one of its tables, in one shape for both services.

Clients build it from the live services, ``metadata`` files keep it for offline lint, the transform and the structural
checks read it. F&O does not publish text lengths, so ``max_length`` is None there (docs/finance-operations.md,
"Lengths").
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ColumnKind(StrEnum):
    """The kinds a column can have once it is a column of a frame."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    OPTION = "option"  # Dataverse choice: integer with a closed list of values
    ENUM = "enum"  # F&O enumeration: text with a closed list of members
    LOOKUP = "lookup"  # Dataverse reference to another row: GUID text
    ID = "id"  # primary key GUID text


class Frozen(BaseModel):
    """Base of everything read from a file: unknown keys refused, immutable once built."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Column(Frozen):
    """One column of a table or data entity.

    :param max_length: characters; :param precision: digits after the decimal point.
    :param options: allowed option values as text (Dataverse) or enumeration members (F&O).
    :param required: a create without a value is refused, or leaves a row the business cannot use.
    :param navigation: case-sensitive name to write a Dataverse lookup through, with the entity set it points to.
    """

    name: str
    kind: ColumnKind
    max_length: int | None = None
    precision: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    options: tuple[str, ...] = ()
    enum_type: str | None = None
    required: bool = False
    can_create: bool = True
    can_update: bool = True
    navigation: str | None = None
    target_table: str | None = None


class EntityMetadata(Frozen):
    """One table: its columns, its primary key and its alternate keys.

    :param name: entity set or data entity name as used in URLs; :param logical_name: name in payload type annotations.
    :param keys: alternate keys of Dataverse (name -> columns), or the one entity key of F&O under the name ``primary``.
    """

    system: str
    name: str
    logical_name: str
    primary_id: str | None = None
    keys: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    columns: dict[str, Column]
    change_tracking: bool = False
    company_specific: bool = False

    def alternate_key(self, columns: tuple[str, ...]) -> str | None:
        """Return the name of the key made of exactly these columns, in any order."""
        return next((name for name, parts in self.keys.items() if set(parts) == set(columns)), None)
