"""Table definitions as the Web API shows them: `EntityDefinitions` and the parts below one definition."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sandbox.dataverse.schema import Column, Key, OptionSet, Relationship, Schema, Table

Definition = dict[str, Any]

_NAMESPACE = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
_TYPE_NAMES = {"Customer": "Lookup", "Owner": "Lookup", "Uniqueidentifier": "Uniqueidentifier"}


def metadata_id(*names: str) -> str:
    """Give the stable id of a definition, derived from its names."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def label(text: str) -> Definition:
    """Write a display label."""
    localized = {"Label": text, "LanguageCode": 1033, "IsManaged": True, "MetadataId": metadata_id("label", text)}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def table_definition(table: Table, *, change_tracking: bool) -> Definition:
    """Describe a table (EntityMetadata).

    :param change_tracking: whether it is on, which an administrator can change.
    """
    custom = table.name.startswith(("msdyn_", "msdynce_"))
    return {
        "MetadataId": metadata_id(table.name),
        "LogicalName": table.name,
        "SchemaName": table.name,
        "EntitySetName": table.entity_set,
        "LogicalCollectionName": table.entity_set,
        "DisplayName": label(table.display),
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "OwnershipType": table.ownership,
        "ChangeTrackingEnabled": change_tracking,
        "IsCustomEntity": custom,
        "IsOptimisticConcurrencyEnabled": True,
        "TableType": "Standard",
        "HasChanged": None,
    }


def column_definition(table: Table, column: Column) -> Definition:
    """Describe a column; members that only one type has appear for that type only."""
    kind = _TYPE_NAMES.get(column.kind, column.kind)
    definition: Definition = {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{kind}AttributeMetadata",
        "MetadataId": metadata_id(table.name, column.name),
        "LogicalName": column.name,
        "SchemaName": column.name,
        "EntityLogicalName": table.name,
        "AttributeType": column.kind,
        "AttributeTypeName": {"Value": f"{column.kind}Type"},
        "DisplayName": label(column.name),
        "RequiredLevel": {
            "Value": column.required,
            "CanBeChanged": column.required != "SystemRequired",
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "IsPrimaryId": column.name == table.primary_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsValidForCreate": column.creatable,
        "IsValidForUpdate": column.updatable,
        "IsValidForRead": True,
        "IsSecured": column.secured,
    }
    extra = _EXTRA.get(column.kind)
    return definition | extra(column) if extra else definition


def option_set_definition(option_set: OptionSet, kind: str) -> Definition:
    """Describe the options of a choice column."""
    entries = [
        {"Value": value, "Label": label(text), "IsManaged": True}
        | ({"State": option_set.states[value]} if value in option_set.states else {})
        for value, text in option_set.labels.items()
    ]
    return {
        "MetadataId": metadata_id("optionset", option_set.name),
        "Name": option_set.name,
        "IsGlobal": option_set.is_global,
        "OptionSetType": kind,
        "Options": entries,
    }


def boolean_option_set(option_set: OptionSet) -> Definition:
    """Describe the two options of a yes/no column."""
    entries = {value: {"Value": value, "Label": label(text)} for value, text in option_set.labels.items()}
    return {
        "MetadataId": metadata_id("optionset", option_set.name),
        "Name": option_set.name,
        "IsGlobal": False,
        "OptionSetType": "Boolean",
        "TrueOption": entries[1],
        "FalseOption": entries[0],
    }


def option_sets(column: Column) -> Definition:
    """Give the expandable option set properties of a choice column."""
    if column.options is None:
        return {}
    if column.kind == "Boolean":
        return {"OptionSet": boolean_option_set(column.options), "GlobalOptionSet": None}
    described = option_set_definition(column.options, column.kind)
    return {"OptionSet": described, "GlobalOptionSet": described if column.options.is_global else None}


def key_definition(table: Table, key: Key) -> Definition:
    """Describe an alternate key."""
    return {
        "MetadataId": metadata_id(table.name, "key", key.name),
        "LogicalName": key.name,
        "SchemaName": key.name,
        "EntityLogicalName": table.name,
        "DisplayName": label(key.name),
        "KeyAttributes": list(key.columns),
        "EntityKeyIndexStatus": "Active",
    }


def relationship_definition(schema: Schema, relationship: Relationship) -> Definition:
    """Describe a many-to-one relationship."""
    referenced = schema.tables.get(relationship.referenced)
    return {
        "@odata.type": "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "MetadataId": metadata_id(relationship.schema_name, relationship.referenced),
        "SchemaName": relationship.schema_name,
        "ReferencingEntity": relationship.referencing,
        "ReferencingAttribute": relationship.column,
        "ReferencedEntity": relationship.referenced,
        "ReferencedAttribute": referenced.primary_id if referenced else f"{relationship.referenced}id",
        "ReferencingEntityNavigationPropertyName": relationship.navigation,
        "ReferencedEntityNavigationPropertyName": relationship.collection,
        "CascadeConfiguration": {"Delete": relationship.on_delete},
    }


def many_to_one(schema: Schema, table: Table) -> list[Definition]:
    """Describe the relationships of a table's own lookups."""
    mine = [relationship for relationship in schema.relationships if relationship.referencing == table.name]
    return [relationship_definition(schema, relationship) for relationship in mine]


def one_to_many(schema: Schema, table: Table) -> list[Definition]:
    """Describe the relationships of the lookups that point at a table."""
    return [relationship_definition(schema, relationship) for relationship in schema.referencing(table.name)]


def columns_of_type(table: Table, cast: str | None) -> list[Column]:
    """List the columns that a cast such as `StringAttributeMetadata` leaves over, all without a cast."""
    if cast is None:
        return list(table.columns.values())
    return [c for c in table.columns.values() if f"{_TYPE_NAMES.get(c.kind, c.kind)}AttributeMetadata" == cast]


def _text_members(column: Column) -> Definition:
    return {"MaxLength": column.max_length, "FormatName": {"Value": "TextArea" if column.kind == "Memo" else "Text"}}


def _range_members(column: Column) -> Definition:
    return {"MinValue": column.minimum, "MaxValue": column.maximum}


def _whole_members(column: Column) -> Definition:
    low = int(column.minimum) if column.minimum is not None else None
    high = int(column.maximum) if column.maximum is not None else None
    return {"MinValue": low, "MaxValue": high, "Format": "None"}


def _precise_members(column: Column) -> Definition:
    return {**_range_members(column), "Precision": column.precision}


def _money_members(column: Column) -> Definition:
    return {**_precise_members(column), "PrecisionSource": column.precision_source, "IsBaseCurrency": False}


def _choice_members(column: Column) -> Definition:
    return {"DefaultFormValue": column.default if column.default is not None else -1}


def _boolean_members(column: Column) -> Definition:
    return {"DefaultValue": bool(column.default)}


def _moment_members(column: Column) -> Definition:
    behaviour = "DateOnly" if column.date_only else "UserLocal"
    return {
        "Format": "DateOnly" if column.date_only else "DateAndTime",
        "DateTimeBehavior": {"Value": behaviour},
        "MinSupportedValue": "1753-01-01T00:00:00Z",
    }


def _lookup_members(column: Column) -> Definition:
    return {"Targets": list(column.targets)}


_EXTRA: dict[str, Callable[[Column], Definition]] = {
    "String": _text_members,
    "Memo": _text_members,
    "Integer": _whole_members,
    "BigInt": _range_members,
    "Decimal": _precise_members,
    "Double": _precise_members,
    "Money": _money_members,
    "Picklist": _choice_members,
    "State": _choice_members,
    "Status": _choice_members,
    "Boolean": _boolean_members,
    "DateTime": _moment_members,
    "Lookup": _lookup_members,
    "Owner": _lookup_members,
    "Customer": _lookup_members,
}

__all__ = [
    "column_definition",
    "columns_of_type",
    "key_definition",
    "many_to_one",
    "one_to_many",
    "option_sets",
    "table_definition",
]
