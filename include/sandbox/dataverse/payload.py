"""Read the body of a write: property names, annotations and lookups of one row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from sandbox.dataverse.addressing import resolve_reference
from sandbox.dataverse.errors import DataverseError, not_emulated, payload_error, unsupported_query
from sandbox.dataverse.schema import Table
from sandbox.dataverse.service import Call, OrganizationService

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_BIND = "odata.bind"


def decode_object(entity_set: str, body: bytes) -> dict[str, Any]:
    """Decode a JSON object; numbers with a fraction stay exact."""
    try:
        payload = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise payload_error(entity_set, f"The body is not valid JSON: {error}") from error
    if not isinstance(payload, dict):
        raise payload_error(entity_set, "The body must be a JSON object.")
    return payload


def read_values(service: OrganizationService, call: Call, table: Table, payload: dict[str, Any]) -> dict[str, Any]:
    """Turn a payload into column values, with lookups resolved to ids.

    :raises DataverseError: unknown property, lookup written as a column, missing bind target.
    """
    values: dict[str, Any] = {}
    for name, value in payload.items():
        if "@" in name:
            _read_annotation(service, call, table, name, value, values)
            continue
        column = table.columns.get(name)
        if column is not None and not column.is_lookup:
            values[name] = value
        else:
            _read_navigation(table, name, value, values)
    return values


def _read_annotation(
    service: OrganizationService, call: Call, table: Table, name: str, value: Any, values: dict[str, Any]
) -> None:
    """Handle `nav@odata.bind` and check `@odata.type`; other annotations carry nothing to store."""
    prefix, _, annotation = name.partition("@")
    if annotation == _BIND:
        navigation = table.navigations.get(prefix)
        if navigation is None:
            raise payload_error(table.entity_set, _UNDECLARED.format(prefix))
        column, target = navigation
        strict = service.switches.refuse_key_characters_in_references
        resolved = None
        if value is not None:
            targets = column.targets if column.kind == "Owner" else (target,)
            resolved = resolve_reference(service.database, call, value, targets, refuse_characters=strict)
        values[column.name] = resolved
        if len(column.targets) > 1 and column.kind != "Owner":
            values[f"{column.name}type"] = target if resolved else None
    elif name == "@odata.type" and str(value).lstrip("#") != f"Microsoft.Dynamics.CRM.{table.name}":
        raise payload_error(table.entity_set, f"A type named '{value}' is not the type of the addressed table.")


def _read_navigation(table: Table, name: str, value: Any, values: dict[str, Any]) -> None:
    """Handle a name that is no plain column: a lookup to clear, or one of the usual mistakes."""
    navigation = table.navigations.get(name)
    if navigation is not None and value is None:
        values[navigation[0].name] = None
        return
    if navigation is not None and isinstance(value, dict):
        raise not_emulated("deep insert (a nested object in a navigation property)")
    if name in table.wire:
        raise _direct_lookup_update()
    if navigation is not None or name in table.columns:
        raise payload_error(table.entity_set, _NOT_PRIMITIVE.format(name))
    raise payload_error(
        table.entity_set,
        f"The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{table.name}'. Make sure to only use "
        "property names that are defined by the type.",
    )


def _direct_lookup_update() -> DataverseError:
    return unsupported_query(
        "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead."
    )


_UNDECLARED = (
    "An undeclared property '{}' which only has property annotations in the payload but no property value was found in "
    "the payload. In OData, only declared navigation properties and declared named streams can be represented as "
    "properties without values."
)
_NOT_PRIMITIVE = (
    "A 'PrimitiveValue' node with non-null value was found when trying to read the value of the navigation property "
    "'{}'; however, a 'StartArray' node, a 'StartObject' node, or a 'PrimitiveValue' node with null value was expected."
)
