"""Turn what Finance & Operations says about a data entity (``/metadata``) into ``EntityMetadata``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fs_integration.clients.filters import query, quoted
from fs_integration.clients.limiter import START
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
Definition = Mapping[str, Any]


def read_entity(transport: Transport, entity_set: str) -> EntityMetadata:
    """Ask Finance & Operations about one data entity.

    An entity that only data packages know has no public description; it comes back without columns, and its package
    is taken as it is.

    :raises NotFound: no data entity has this public collection name or name.
    """
    entry = _entry(transport, entity_set)
    public = str(entry.get("PublicEntityName") or "")
    if not entry.get("DataServiceEnabled", True) or not public:
        return EntityMetadata(system="finance_operations", name=entity_set, logical_name=str(entry["Name"]), columns={})
    definition = transport.get_json(f"metadata/PublicEntities({quoted(public)})")
    names = list(dict.fromkeys(filter(None, map(_enum, definition["Properties"]))))
    found = side_by_side(partial(_members, transport), names, at_once=START, name="members")
    members = dict(zip(names, found, strict=True))
    columns = [_column(item, members) for item in definition["Properties"]]
    return EntityMetadata(
        system="finance_operations",
        name=entity_set,
        logical_name=public,
        keys={"primary": tuple(str(item["Name"]) for item in definition["Properties"] if item.get("IsKey"))},
        columns={column.name: column for column in columns},
        company_specific=any(column.name == COMPANY_FIELD for column in columns),
    )


def _entry(transport: Transport, entity_set: str) -> Definition:
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


def _matching(transport: Transport, link: str, entity_set: str) -> Definition | None:
    following: str | None = link
    while following:
        answer = transport.get_json(following)
        for row in answer["value"]:
            if entity_set in (row.get("PublicCollectionName"), row.get("Name")):
                return dict(row)
        following = answer.get("@odata.nextLink")
    return None


def _kind(item: Definition) -> ColumnKind:
    type_name = str(item.get("TypeName", ""))
    return KINDS.get(str(item.get("DataType", ""))) or KINDS.get(type_name.removeprefix("Edm."), ColumnKind.TEXT)


def _enum(item: Definition) -> str | None:
    """Return the name of a property's enumeration without its namespace, None for other properties."""
    return str(item.get("TypeName", "")).rpartition(".")[2] if _kind(item) is ColumnKind.ENUM else None


def _column(item: Definition, members: Mapping[str, tuple[str, ...]]) -> Column:
    enum = _enum(item)
    return Column(
        name=str(item["Name"]),
        kind=_kind(item),
        options=members.get(enum or "", ()),
        enum_type=enum,
        # Every key part is called mandatory, yet unused ones, such as product dimensions, are empty text.
        required=bool(item.get("IsMandatory")) and not item.get("IsKey"),
        can_create=bool(item.get("AllowEditOnCreate", True)),
        can_update=bool(item.get("AllowEdit", True)),
    )


def _members(transport: Transport, enum: str) -> tuple[str, ...]:
    """Return the members of an enumeration; one that is not public has a closed list nobody tells us."""
    try:
        definition = transport.get_json(f"metadata/PublicEnumerations({quoted(enum)})")
    except NotFound:
        return ()
    return tuple(str(member["Name"]) for member in definition.get("Members", ()))
