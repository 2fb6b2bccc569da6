"""Turn what Finance & Operations says about a data entity (``/metadata``) into ``EntityMetadata``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from fs_integration.clients.filters import query, quoted
from fs_integration.clients.limiter import START
from fs_integration.clients.listing import entries
from fs_integration.clients.parallel import side_by_side
from fs_integration.clients.transport import Transport
from fs_integration.errors import NotFound, RequestRefused
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

COMPANY_FIELD = "dataAreaId"
KINDS: dict[str, ColumnKind] = {
    "String": ColumnKind.TEXT,
    "Guid": ColumnKind.TEXT,
    "Container": ColumnKind.TEXT,
    "Int32": ColumnKind.INTEGER,
    "Int64": ColumnKind.INTEGER,
    "Real": ColumnKind.DECIMAL,
    "Decimal": ColumnKind.DECIMAL,
    "Boolean": ColumnKind.BOOLEAN,
    "Date": ColumnKind.DATE,
    "UtcDateTime": ColumnKind.DATETIME,
    "DateTimeOffset": ColumnKind.DATETIME,
    "Enum": ColumnKind.ENUM,
}


class _Entity(msgspec.Struct, rename="pascal"):
    name: str
    public_entity_name: str | None = ""
    public_collection_name: str | None = ""
    data_service_enabled: bool | None = True


class _Property(msgspec.Struct, rename="pascal"):
    name: str
    data_type: str | None = ""
    type_name: str | None = ""
    is_key: bool | None = False
    is_mandatory: bool | None = False
    allow_edit: bool | None = True
    allow_edit_on_create: bool | None = True


class _Public(msgspec.Struct, rename="pascal"):
    properties: list[_Property]


class _Member(msgspec.Struct, rename="pascal"):
    name: str


class _Enumeration(msgspec.Struct, rename="pascal"):
    members: list[_Member]


def read_entity(transport: Transport, entity_set: str) -> EntityMetadata:
    """Ask Finance & Operations about one data entity.

    An entity that only data packages know has no public description; it comes back without columns, and its package
    is taken as it is.

    :raises NotFound: no data entity has this public collection name or name.
    """
    entry = _entry(transport, entity_set)
    public = entry.public_entity_name
    if not entry.data_service_enabled or not public:
        return EntityMetadata(system="finance_operations", name=entity_set, logical_name=entry.name, columns={})
    properties = transport.get(f"metadata/PublicEntities({quoted(public)})", _Public).properties
    names = list(dict.fromkeys(filter(None, map(_enum, properties))))
    found = side_by_side(partial(_members, transport), names, at_once=START, name="members")
    members = dict(zip(names, found, strict=True))
    columns = [_column(item, members) for item in properties]
    return EntityMetadata(
        system="finance_operations",
        name=entity_set,
        logical_name=public,
        keys={"primary": tuple(item.name for item in properties if item.is_key)},
        columns={column.name: column for column in columns},
        company_specific=any(column.name == COMPANY_FIELD for column in columns),
    )


def _entry(transport: Transport, entity_set: str) -> _Entity:
    """Find the entity in the list of all; some versions do not filter it, so the names are compared here too."""
    text = f"PublicCollectionName eq {quoted(entity_set)} or Name eq {quoted(entity_set)}"
    try:
        found = _matching(transport, f"metadata/DataEntities?{query(filter=text)}", entity_set)
    except (RequestRefused, NotFound):
        found = _matching(transport, "metadata/DataEntities", entity_set)
    if found is None:
        raise NotFound(
            f"Finance & Operations has no data entity `{entity_set}`. Write its public collection name; case counts."
        )
    return found


def _matching(transport: Transport, link: str, entity_set: str) -> _Entity | None:
    listed = entries(transport, link, _Entity)
    return next((one for one in listed if entity_set in (one.public_collection_name, one.name)), None)


def _kind(item: _Property) -> ColumnKind:
    type_name = (item.type_name or "").removeprefix("Edm.")
    return KINDS.get(item.data_type or "") or KINDS.get(type_name, ColumnKind.TEXT)


def _enum(item: _Property) -> str | None:
    """Return the name of a property's enumeration without its namespace, None for other properties."""
    return (item.type_name or "").rpartition(".")[2] if _kind(item) is ColumnKind.ENUM else None


def _column(item: _Property, members: Mapping[str, tuple[str, ...]]) -> Column:
    enum = _enum(item)
    return Column(
        name=item.name,
        kind=_kind(item),
        options=members.get(enum or "", ()),
        enum_type=enum,
        # Every key part is called mandatory, yet unused ones, such as product dimensions, are empty text.
        required=bool(item.is_mandatory) and not item.is_key,
        can_create=bool(item.allow_edit_on_create),
        can_update=bool(item.allow_edit),
    )


def _members(transport: Transport, enum: str) -> tuple[str, ...]:
    """Return the members of an enumeration; one that is not public has a closed list nobody tells us."""
    try:
        found = transport.get(f"metadata/PublicEnumerations({quoted(enum)})", _Enumeration)
    except NotFound:
        return ()
    return tuple(member.name for member in found.members)
