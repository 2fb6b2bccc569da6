"""Bring rows from outside (a generated world, the control API) into stored form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox.dataverse.errors import DataverseError
from sandbox.dataverse.ownership import set_owner
from sandbox.dataverse.schema import Table
from sandbox.dataverse.store import Database, Row
from sandbox.dataverse.values import accept
from sandbox.identity import new_id

BUSINESS_UNIT_ID = "00000000-0000-4000-8000-0000000000d2"
ORGANIZATION_ID = "00000000-0000-4000-8000-0000000000d0"
APPLICATION_USER_ID = "00000000-0000-4000-8000-0000000000d1"
# The sandbox's ready-made app registration (README of the sandbox).
CLIENT_ID = "00000000-0000-4000-8000-0000000000c1"


def with_organization(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Add the organisation, its root business unit and its application user where the world does not bring them."""
    complete = dict(tables)
    if not complete.get("organizations"):
        complete["organizations"] = [{"organizationid": ORGANIZATION_ID, "name": "Contoso"}]
    if not complete.get("businessunits"):
        complete["businessunits"] = [{"businessunitid": BUSINESS_UNIT_ID, "name": "Contoso"}]
    users = complete.get("systemusers", [])
    if not any("applicationid" in user for user in users):
        user = {"systemuserid": APPLICATION_USER_ID, "fullname": "# Integration", "applicationid": CLIENT_ID}
        complete["systemusers"] = [*users, user]
    return complete


def load_rows(database: Database, table: Table, rows: Iterable[Mapping[str, Any]], moment: str) -> Iterator[Row]:
    """Turn rows with wire names (`_x_value` for lookups, also the plain column name) into stored rows.

    Missing columns get their defaults, a missing primary key a new id; calculated columns and the business unit of an
    owner are worked out, unless the row brings its business unit.

    :raises ValueError: unknown column, or a value that its column cannot hold.
    """
    columns = {**table.columns, **table.wire}
    for given in rows:
        row: Row = {**table.defaults, "createdon": moment, "modifiedon": moment}
        for name, value in given.items():
            if "@" in name or value is None:
                continue
            if name not in columns:
                raise ValueError(f"{table.entity_set} has no column '{name}'")
            try:
                row[columns[name].name] = accept(table, columns[name], value)
            except DataverseError as error:
                raise ValueError(f"{table.entity_set}, column '{name}': {error}") from error
        row.setdefault(table.primary_id, new_id())
        if table.ownership == "UserOwned":
            given = {name: row[name] for name in ("owningbusinessunit",) if name in row}
            set_owner(database, row, APPLICATION_USER_ID)
            row |= given
        table.calculate(row)
        yield row
