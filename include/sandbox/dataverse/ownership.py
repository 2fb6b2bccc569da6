"""Who owns a row, and the business unit that follows from it.

A row belongs to the unit of its owner, a user or a team; without a known owner it belongs to the root unit.
"""

from __future__ import annotations

from typing import Any

from sandbox.dataverse.store import Database, Row


def root_unit(database: Database) -> str | None:
    """Give the business unit without a parent; None before any unit exists."""
    units = database.stores["businessunit"].rows
    return next((unit_id for unit_id, row in units.items() if row.get("parentbusinessunitid") is None), None)


def set_owner(database: Database, row: Row, default: str) -> None:
    """Complete the ownership columns of a row.

    :param default: id of the user that owns it when the row names nobody.
    """
    row.setdefault("ownerid", default)
    owner: dict[str, Any] = database.row("team", row["ownerid"]) or {}
    row["owneridtype"] = "team" if owner else "systemuser"
    owner = owner or database.row("systemuser", row["ownerid"]) or {}
    unit = owner.get("businessunitid") or root_unit(database)
    if unit is not None:
        row["owningbusinessunit"] = unit
