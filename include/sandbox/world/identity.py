"""Ids of Field Service rows: the same in every world."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("8f0e2c34-6d0b-4f60-9a37-51a1e7a1f5d2")
DEFAULT_UNIT_GROUP = "Default Unit"


def row_id(entity_set: str, *names: str) -> str:
    """Give the id of a row; the same in every world."""
    return str(uuid.uuid5(_NAMESPACE, "/".join((entity_set, *names))))


def unit_id(name: str) -> str:
    """Give the id of a unit of the default group."""
    return row_id("uoms", DEFAULT_UNIT_GROUP, name)
