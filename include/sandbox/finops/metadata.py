"""The metadata documents: `/data/$metadata` (CSDL) and the JSON lists below `/metadata`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import quoteattr

from sandbox.finops.schema import NAMESPACE, Entity, EnumType, Property, Schema
from sandbox.finops.values import NULLABLE, edm_type
from sandbox.odata.keys import parse_segment

Definition = dict[str, Any]
_AX_TYPE = "Microsoft.Dynamics.OData.Core.V1.AXType"
_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_TEXT = "Edm.String"
_PARAMETER_TYPES = dict.fromkeys(("reExecute", "execute", "overwrite"), "Edm.Boolean")
_RETURN_TYPES = {"GenerateImportTargetErrorKeysFile": "Edm.Boolean"}


def edmx(schema: Schema, actions: dict[str, tuple[str, ...]]) -> str:
    """Write the CSDL document.

    :param actions: parameter names of each action on data projects.
    """
    return "".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            f'<edmx:Edmx Version="4.0" xmlns:edmx="{_EDMX}"><edmx:DataServices>',
            f'<Schema Namespace="{NAMESPACE}" xmlns="{_EDM}">',
            *map(_enum_type, schema.enums.values()),
            *map(_entity_type, schema.by_set.values()),
            *(_action(name, parameters) for name, parameters in actions.items()),
            '<EntityContainer Name="Resources">',
            *(f'<EntitySet Name="{e.collection}" EntityType="{e.type_name}"/>' for e in schema.by_set.values()),
            "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>",
        ]
    )


def _enum_type(enum: EnumType) -> str:
    members = "".join(f'<Member Name="{name}" Value="{value}"/>' for name, value in enum.members.items())
    return f'<EnumType Name="{enum.name}">{members}</EnumType>'


def _entity_type(entity: Entity) -> str:
    key = "".join(f'<PropertyRef Name="{name}"/>' for name in entity.key)
    properties = "".join(_property(entity, item) for item in entity.properties.values())
    return f'<EntityType Name="{entity.name}"><Key>{key}</Key>{properties}</EntityType>'


def _property(entity: Entity, item: Property) -> str:
    nullable = item.kind in NULLABLE and item.name not in entity.key
    scale = ' Scale="Variable"' if item.kind == "Real" else ""
    annotation = f'<Annotation Term="{_AX_TYPE}"><EnumMember>{_AX_TYPE}/{item.kind}</EnumMember></Annotation>'
    head = f"<Property Name={quoteattr(item.name)} Type={quoteattr(edm_type(item))}{scale}"
    required = "" if nullable else ' Nullable="false"'
    return f"{head}{required}>{annotation}</Property>"


def _action(name: str, parameters: Iterable[str]) -> str:
    bound = f'<Parameter Name="bindingParameter" Type="Collection({NAMESPACE}.DataManagementDefinitionGroup)"/>'
    others = "".join(f'<Parameter Name="{p}" Type="{_PARAMETER_TYPES.get(p, _TEXT)}"/>' for p in parameters)
    returned = _RETURN_TYPES.get(name, _TEXT)
    return f'<Action Name="{name}" IsBound="true">{bound}{others}<ReturnType Type="{returned}"/></Action>'


def service_document(schema: Schema, root: str) -> Definition:
    """List the entity sets."""
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in schema.by_set]
    return {"@odata.context": f"{root}$metadata", "value": sets}


def data_entity(label: str, target: str, public: Entity | None) -> Definition:
    """Describe an entity as `/metadata/DataEntities` does; one that only packages know has no public names."""
    return {
        "Name": target,
        "PublicEntityName": public.name if public else None,
        "PublicCollectionName": public.collection if public else None,
        "LabelId": label,
        "DataServiceEnabled": public is not None,
        "DataManagementEnabled": True,
        "EntityCategory": "Master",
        "IsReadOnly": public is None or public.read_only,
    }


def public_entity(entity: Entity) -> Definition:
    """Describe an entity as `/metadata/PublicEntities` does."""
    return {
        "Name": entity.name,
        "EntitySetName": entity.collection,
        "LabelId": entity.label,
        "IsReadOnly": entity.read_only,
        "ConfigurationEnabled": True,
        "Properties": [_property_definition(entity, item) for item in entity.properties.values()],
        "NavigationProperties": [],
        "PropertyGroups": [],
        "Actions": [],
    }


def _property_definition(entity: Entity, item: Property) -> Definition:
    is_key = item.name in entity.key
    return {
        "Name": item.name,
        "TypeName": edm_type(item),
        "DataType": item.kind,
        "LabelId": None,
        "IsKey": is_key,
        "IsMandatory": item.required or is_key,
        "ConfigurationEnabled": True,
        "AllowEdit": item.editable and not entity.read_only,
        "AllowEditOnCreate": item.creatable and not entity.read_only,
        "IsDimension": False,
        "DimensionRelation": None,
        "IsDynamicDimension": False,
        "DimensionLegalEntityProperty": None,
        "DimensionTypeProperty": None,
    }


def public_enumeration(enum: EnumType) -> Definition:
    """Describe an enumeration as `/metadata/PublicEnumerations` does."""
    members = [
        {"Name": name, "Value": value, "LabelId": name, "ConfigurationEnabled": True}
        for name, value in enum.members.items()
    ]
    return {"Name": enum.name, "LabelId": enum.name, "Members": members}


def document(schema: Schema, segment: str, exported: Iterable[tuple[str, str]]) -> Definition | None:
    """Give the list or the single definition behind a path below `/metadata`; None when there is none.

    :param exported: label and name of every entity that packages know.
    :param segment: for example `PublicEntities` or `PublicEntities('Warehouse')`, percent-encoded.
    """
    try:
        name, predicate = parse_segment(segment)
    except ValueError:
        return None
    public = {entity.target: entity for entity in schema.by_set.values()}
    lists: dict[str, dict[str, Definition]] = {
        "DataEntities": {target: data_entity(label, target, public.get(target)) for label, target in exported},
        "PublicEntities": {e.name: public_entity(e) for e in schema.by_set.values()},
        "PublicEnumerations": {e.name: public_enumeration(e) for e in schema.enums.values()},
    }
    definitions = lists.get(name)
    if definitions is None:
        return None
    if predicate is None:
        return {"value": list(definitions.values())}
    literal = predicate.get(None)
    return definitions.get(literal.value) if literal is not None and literal.kind == "string" else None
