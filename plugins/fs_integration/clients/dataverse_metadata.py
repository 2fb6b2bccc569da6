"""Turn what Dataverse says about a table (``EntityDefinitions``) into ``EntityMetadata``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from fs_integration.clients.ahead import begin
from fs_integration.clients.dataverse_definitions import (
    ACTIVE,
    Attribute,
    Choice,
    Key,
    Named,
    Relationship,
    Setting,
    Table,
)
from fs_integration.clients.filters import query, quoted
from fs_integration.clients.listing import entries
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


def read_table(transport: Transport, entity_set: str, sets: Callable[[], Mapping[str, str]]) -> EntityMetadata:
    """Ask Dataverse about one table: once for all but the values of its choices, which each type of choice lists apart.

    :param sets: gives the entity set names of all tables by their logical names; asked for lookups only.
    :raises NotFound: no table has this entity set name.
    """
    table = _definition(transport, entity_set)
    attributes = [item for item in table.attributes if _mappable(item)]
    options = _all_options(transport, table.logical_name, {str(item.attribute_type) for item in attributes})
    bindings = _bindings(table.many_to_one_relationships, sets)
    columns: dict[str, Column] = {}
    for item in attributes:
        column, bound = _column(item, options.get(item.logical_name, ())), bindings.get(item.logical_name)
        columns |= _lookups(column, bound) if bound else {column.name: column}
    return EntityMetadata(
        system="dataverse",
        name=entity_set,
        logical_name=table.logical_name,
        primary_id=table.primary_id_attribute,
        keys=_usable(table.keys),
        columns=columns,
        change_tracking=bool(table.change_tracking_enabled),
    )


def entity_sets(transport: Transport) -> dict[str, str]:
    """Return the entity set name of every table by its logical name; empty where a table cannot be reached."""
    asked = query(select="LogicalName,EntitySetName")
    found = entries(transport, f"EntityDefinitions?{asked}", Named)
    return {table.logical_name: table.entity_set_name or "" for table in found}


def _definition(transport: Transport, entity_set: str) -> Table:
    asked = query(
        select="LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled",
        expand="Attributes,Keys($select=LogicalName,KeyAttributes,EntityKeyIndexStatus),ManyToOneRelationships"
        "($select=ReferencingEntityNavigationPropertyName,ReferencedEntity,ReferencingAttribute)",
        filter=f"EntitySetName eq {quoted(entity_set)}",
    )
    found = next(entries(transport, f"EntityDefinitions?{asked}", Table), None)
    if found is None:
        raise NotFound(
            f"Dataverse has no table with the entity set name `{entity_set}`. Check the name, and that the Field "
            "Service integration solution is installed in this environment."
        )
    return found


def _usable(keys: Iterable[Key]) -> dict[str, tuple[str, ...]]:
    """Return the alternate keys; one whose index is not active cannot be used yet ("Define alternate keys")."""
    return {key.logical_name: tuple(key.key_attributes) for key in keys if key.entity_key_index_status == ACTIVE}


def _all_options(transport: Transport, table: str, types: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the values of each choice; only casts to one type of choice give them, so all are under way at once."""
    casts = [cast for cast in CHOICES if cast in types]
    coming = [begin(partial(_options, transport, table, cast), name="options") for cast in casts]
    return {name: values for future in coming for name, values in future.result().items()}


def _options(transport: Transport, table: str, cast: str) -> dict[str, tuple[str, ...]]:
    link = f"EntityDefinitions(LogicalName={quoted(table)})/Attributes/Microsoft.Dynamics.CRM.{cast}AttributeMetadata"
    found = entries(transport, f"{link}?{query(select='LogicalName', expand='OptionSet')}", Choice)
    return {
        choice.logical_name: tuple(
            str(option.value) for option in (choice.option_set.options if choice.option_set else ())
        )
        for choice in found
    }


@dataclass(frozen=True)
class _Bound:
    """Where a lookup column leads. :param several: it can point to more than one table, known to us or not."""

    targets: tuple[tuple[str, str], ...]  # navigation name and entity set, in the order of the tables' names
    several: bool


def _bindings(found: Sequence[Relationship], sets: Callable[[], Mapping[str, str]]) -> dict[str, _Bound]:
    """Return for every lookup column where it leads; columns that lead to no table we may see are left out."""
    if not found:
        return {}
    leading: dict[str, list[Relationship]] = {}
    for one in sorted(found, key=lambda one: one.referenced_entity):
        leading.setdefault(one.referencing_attribute, []).append(one)
    known = sets()
    return {name: bound for name, own in leading.items() if (bound := _bound(own, known)).targets}


def _bound(own: Sequence[Relationship], sets: Mapping[str, str]) -> _Bound:
    targets = ((one.referencing_entity_navigation_property_name, sets.get(one.referenced_entity, "")) for one in own)
    return _Bound(tuple(target for target in targets if target[1]), several=len(own) > 1)


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


def _mappable(item: Attribute) -> bool:
    return item.attribute_type in KINDS and not item.attribute_of and bool(item.is_valid_for_read)


def _column(item: Attribute, options: tuple[str, ...]) -> Column:
    name, type_name = item.logical_name, str(item.attribute_type)
    kind = ColumnKind.DATE if _value(item.date_time_behavior) == "DateOnly" else KINDS[type_name]
    is_number = kind in (ColumnKind.INTEGER, ColumnKind.DECIMAL)
    return Column(
        name=name,
        kind=kind,
        max_length=item.max_length if kind is ColumnKind.TEXT else None,
        precision=item.precision if kind is ColumnKind.DECIMAL else None,
        minimum=item.min_value if is_number else None,
        maximum=item.max_value if is_number else None,
        options=options,
        required=_value(item.required_level) in _REQUIRED and type_name not in FILLED_BY_PLATFORM,
        can_create=bool(item.is_valid_for_create),
        can_update=bool(item.is_valid_for_update),
    )


def _value(setting: Setting | None) -> str:
    return (setting.value if setting else None) or ""
