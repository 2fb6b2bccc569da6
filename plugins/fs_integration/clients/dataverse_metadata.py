"""Turn what Dataverse says about a table (``EntityDefinitions``) into ``EntityMetadata``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from fs_integration.clients.ahead import begin
from fs_integration.clients.filters import query, quoted
from fs_integration.clients.transport import Transport
from fs_integration.errors import NotFound
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

KINDS: dict[str, ColumnKind] = {
    "String": ColumnKind.TEXT,
    "Memo": ColumnKind.TEXT,
    "Integer": ColumnKind.INTEGER,
    "BigInt": ColumnKind.INTEGER,
    "Decimal": ColumnKind.DECIMAL,
    "Double": ColumnKind.DECIMAL,
    "Money": ColumnKind.DECIMAL,
    "Boolean": ColumnKind.BOOLEAN,
    "DateTime": ColumnKind.DATETIME,
    "Picklist": ColumnKind.OPTION,
    "State": ColumnKind.OPTION,
    "Status": ColumnKind.OPTION,
    "Lookup": ColumnKind.LOOKUP,
    "Owner": ColumnKind.LOOKUP,
    "Customer": ColumnKind.LOOKUP,
    "Uniqueidentifier": ColumnKind.ID,
}  # types that are not here (images, multi-select, virtual columns) cannot be mapped
CHOICES = ("Picklist", "State", "Status")
# The platform fills these itself when they are not sent, although it calls them required.
FILLED_BY_PLATFORM = frozenset({"State", "Status", "Owner", "Uniqueidentifier"})
_REQUIRED = frozenset({"ApplicationRequired", "SystemRequired"})
Definition = Mapping[str, Any]


def read_table(transport: Transport, entity_set: str) -> EntityMetadata:
    """Ask Dataverse about one table.

    :raises NotFound: no table has this entity set name.
    """
    table = _definition(transport, entity_set)
    root = f"EntityDefinitions(LogicalName={quoted(table['LogicalName'])})"
    coming = {cast: begin(partial(_options, transport, root, cast), name="options") for cast in CHOICES}
    binding = begin(partial(_bindings, transport, root), name="lookups")
    named = query(select="LogicalName,KeyAttributes,EntityKeyIndexStatus")
    keys = begin(partial(_list, transport, f"{root}/Keys?{named}"), name="keys")
    attributes = [item for item in _list(transport, f"{root}/Attributes") if _mappable(item)]
    options, bindings = {cast: future.result() for cast, future in coming.items()}, binding.result()
    columns: dict[str, Column] = {}
    for item in attributes:
        column, bound = _column(item, options.get(str(item["AttributeType"]), {})), bindings.get(item["LogicalName"])
        columns |= _lookups(column, bound) if bound else {column.name: column}
    return EntityMetadata(
        system="dataverse",
        name=entity_set,
        logical_name=str(table["LogicalName"]),
        primary_id=str(table["PrimaryIdAttribute"]),
        # A key whose index is not active cannot be used yet ("Define alternate keys").
        keys={str(key["LogicalName"]): tuple(key["KeyAttributes"]) for key in keys.result() if _active(key)},
        columns=columns,
        change_tracking=bool(table.get("ChangeTrackingEnabled")),
    )


def _definition(transport: Transport, entity_set: str) -> Definition:
    select = "LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled"
    found = _list(
        transport, f"EntityDefinitions?{query(select=select, filter=f'EntitySetName eq {quoted(entity_set)}')}"
    )
    if not found:
        raise NotFound(
            f"Dataverse has no table with the entity set name `{entity_set}`. Check the name, and that the Field "
            "Service integration solution is installed in this environment."
        )
    return found[0]


def _list(transport: Transport, link: str) -> Sequence[Definition]:
    rows: list[Definition] = []
    following: str | None = link
    while following:
        answer = transport.get_json(following)
        rows += answer["value"]
        following = answer.get("@odata.nextLink")
    return rows


def _options(transport: Transport, root: str, cast: str) -> dict[str, tuple[str, ...]]:
    link = f"{root}/Attributes/Microsoft.Dynamics.CRM.{cast}AttributeMetadata"
    rows = _list(transport, f"{link}?{query(select='LogicalName', expand='OptionSet')}")
    return {
        str(row["LogicalName"]): tuple(
            str(option["Value"]) for option in (row.get("OptionSet") or {}).get("Options", ())
        )
        for row in rows
    }


@dataclass(frozen=True)
class _Bound:
    """Where a lookup column leads. :param several: it can point to more than one table, known to us or not."""

    targets: tuple[tuple[str, str], ...]  # navigation name and entity set, in the order of the tables' names
    several: bool


def _bindings(transport: Transport, root: str) -> dict[str, _Bound]:
    """Return for every lookup column where it leads; columns that lead to no table we may see are left out."""
    select = "ReferencingEntityNavigationPropertyName,ReferencedEntity,ReferencingAttribute"
    rows = _list(transport, f"{root}/ManyToOneRelationships?{query(select=select)}")
    if not rows:
        return {}
    names = sorted({str(row["ReferencedEntity"]) for row in rows})
    asked = query(
        select="LogicalName,EntitySetName", filter=" or ".join(f"LogicalName eq {quoted(name)}" for name in names)
    )
    sets = {
        str(row["LogicalName"]): str(row["EntitySetName"]) for row in _list(transport, f"EntityDefinitions?{asked}")
    }
    leading: dict[str, list[Definition]] = {}
    for row in sorted(rows, key=lambda row: str(row["ReferencedEntity"])):
        leading.setdefault(str(row["ReferencingAttribute"]), []).append(row)
    return {name: bound for name, own in leading.items() if (bound := _bound(own, sets)).targets}


def _bound(rows: Sequence[Definition], sets: Mapping[str, str]) -> _Bound:
    targets = (
        (str(row["ReferencingEntityNavigationPropertyName"]), sets.get(str(row["ReferencedEntity"]), ""))
        for row in rows
    )
    return _Bound(tuple(target for target in targets if target[1]), several=len(rows) > 1)


def _lookups(column: Column, bound: _Bound) -> dict[str, Column]:
    """Return a lookup column bound to its table.

    One that can point to several tables is bound to the first of them, and is there once more per table under the
    navigation name that leads to it (``customerid_account``).
    """
    first, *_ = bindings = [
        column.model_copy(update={"navigation": navigation, "target_table": table})
        for navigation, table in bound.targets
    ]
    if not bound.several:
        return {column.name: first}
    chosen = {str(each.navigation): each.model_copy(update={"required": False}) for each in bindings}
    return {column.name: first, **chosen}


def _mappable(item: Definition) -> bool:
    return item.get("AttributeType") in KINDS and not item.get("AttributeOf") and bool(item.get("IsValidForRead", True))


def _active(key: Definition) -> bool:
    return str(key.get("EntityKeyIndexStatus", "Active")) == "Active"


def _column(item: Definition, options: Mapping[str, tuple[str, ...]]) -> Column:
    name, type_name = str(item["LogicalName"]), str(item["AttributeType"])
    kind = ColumnKind.DATE if _date_only(item) else KINDS[type_name]
    is_number = kind in (ColumnKind.INTEGER, ColumnKind.DECIMAL)
    return Column(
        name=name,
        kind=kind,
        max_length=item.get("MaxLength") if kind is ColumnKind.TEXT else None,
        precision=item.get("Precision") if kind is ColumnKind.DECIMAL else None,
        minimum=_number(item.get("MinValue")) if is_number else None,
        maximum=_number(item.get("MaxValue")) if is_number else None,
        options=options.get(name, ()),
        required=_level(item) in _REQUIRED and type_name not in FILLED_BY_PLATFORM,
        can_create=bool(item.get("IsValidForCreate", True)),
        can_update=bool(item.get("IsValidForUpdate", True)),
    )


def _date_only(item: Definition) -> bool:
    return (item.get("DateTimeBehavior") or {}).get("Value") == "DateOnly"


def _level(item: Definition) -> str:
    return str((item.get("RequiredLevel") or {}).get("Value", "None"))


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
