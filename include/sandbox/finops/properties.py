"""Short constructors for properties and entities, in the words of the F&O metadata.

Which properties are mandatory or read-only is not in the public metadata; such marks are [inferred].
"""

from __future__ import annotations

from typing import Any

from sandbox.finops.schema import COMPANY, COMPANY_LENGTH, Entity, EnumType, Property

EMPTY_DATE = "1900-01-01T12:00:00Z"
EMPTY_MOMENT = "1900-01-01T00:00:00Z"

NO_YES = EnumType("NoYes", {"No": 0, "Yes": 1})


def text(name: str, length: int, **more: Any) -> Property:
    """Text; never null, empty when unset."""
    return Property(name, "String", max_length=length, **more)


def enum(name: str, kind: EnumType, **more: Any) -> Property:
    """Member of an enumeration, by name; unset means the member with the lowest value."""
    more.setdefault("default", kind.first)
    return Property(name, "Enum", enum=kind, **more)


def yes_no(name: str, **more: Any) -> Property:
    """No or Yes: an enumeration, not a boolean."""
    return enum(name, NO_YES, **more)


def real(name: str, **more: Any) -> Property:
    """Decimal number with up to six decimals."""
    return Property(name, "Real", default=0, **more)


def whole(name: str, **more: Any) -> Property:
    """32-bit whole number."""
    return Property(name, "Int32", default=0, **more)


def day(name: str, **more: Any) -> Property:
    """Date without a time, on the wire at noon UTC."""
    return Property(name, "Date", default=EMPTY_DATE, **more)


def moment(name: str, **more: Any) -> Property:
    """Date and time in UTC."""
    return Property(name, "UtcDateTime", default=EMPTY_MOMENT, **more)


def entity(
    name: str,
    collection: str,
    *properties: Property,
    key: tuple[str, ...],
    label: str,
    target: str,
    backing: tuple[str, str],
    company: bool = True,
    **more: Any,
) -> Entity:
    """Build an entity from its own properties and, for a company-specific one, `dataAreaId` as first key part."""
    every = list(properties)
    if company:
        every.insert(0, text(COMPANY, COMPANY_LENGTH, editable=False))
        key = (COMPANY, *key)
    return Entity(
        name=name,
        collection=collection,
        label=label,
        target=target,
        properties={p.name: p for p in every},
        key=key,
        backing=backing,
        **more,
    )
