"""Unbound functions and the few resources that are not tables: WhoAmI, record counts, message availability."""

from __future__ import annotations

import re
from urllib.parse import unquote

from sandbox.dataverse.errors import bad_request, unknown_segment
from sandbox.dataverse.exchange import Exchange, respond
from sandbox.dataverse.filtering import compile_plain_filter
from sandbox.dataverse.metadata import metadata_id
from sandbox.dataverse.ownership import root_unit
from sandbox.dataverse.schema import Schema
from sandbox.dataverse.store import Database
from sandbox.dataverse.switches import Switches
from sandbox.http import Response

BULK_MESSAGES = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")

_ENTITY_NAMES = re.compile(r"RetrieveTotalRecordCount\(EntityNames=(.+)\)")


def service_document(exchange: Exchange, schema: Schema) -> Response:
    """List the entity sets."""
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in schema.by_set]
    return respond(200, {"@odata.context": f"{exchange.root}$metadata", "value": sets})


def who_am_i(exchange: Exchange, database: Database, dop_hint: int) -> Response:
    """Answer WhoAmI, with the recommended parallelism as a header."""
    organization_id = next(iter(database.stores["organization"].rows))
    user = database.row("systemuser", exchange.user_id) or {}
    payload = {
        "@odata.context": f"{exchange.root}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
        "BusinessUnitId": user.get("businessunitid") or root_unit(database),
        "UserId": exchange.user_id,
        "OrganizationId": organization_id,
    }
    return respond(200, payload, headers={"x-ms-dop-hint": str(dop_hint)})


def total_record_count(exchange: Exchange, database: Database, segment: str) -> Response:
    """Answer RetrieveTotalRecordCount; the real figures may be up to a day old, ours are exact."""
    match = _ENTITY_NAMES.fullmatch(unquote(segment))
    text = exchange.params.get(match[1], match[1]) if match else ""
    names = re.findall(r"['\"]([a-z_0-9]+)['\"]", text)
    if not names:
        raise bad_request("RetrieveTotalRecordCount needs EntityNames=['table',...].")
    for name in names:
        if name not in database.stores:
            raise unknown_segment(name)
    payload = {
        "@odata.context": f"{exchange.root}$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse",
        "EntityRecordCountCollection": {
            "Count": len(names),
            "IsReadOnly": False,
            "Keys": names,
            "Values": [len(database.stores[name].rows) for name in names],
        },
    }
    return respond(200, payload)


def message_filters(exchange: Exchange, schema: Schema, switches: Switches) -> Response:
    """Answer the availability test of bulk messages; every standard table has them unless switched off."""
    rows = [
        {
            "sdkmessagefilterid": metadata_id(message, table),
            "primaryobjecttypecode": table,
            "sdkmessageid/name": message,
        }
        for table in schema.tables
        if table not in switches.tables_without_bulk_messages
        for message in BULK_MESSAGES
    ]
    matches = compile_plain_filter(exchange.params, set(rows[0]) if rows else set())
    found = [{"sdkmessagefilterid": row["sdkmessagefilterid"]} for row in rows if matches(row)]
    context = f"{exchange.root}$metadata#sdkmessagefilters(sdkmessagefilterid)"
    return respond(200, {"@odata.context": context, "value": found}, rows=len(found))
