"""The public data entities of the emulated environment, grouped by module."""

from __future__ import annotations

from sandbox.finops.schema import Schema
from sandbox.finops.tables import inventory, products, system

SCHEMA = Schema([*inventory.ENTITIES, *products.ENTITIES, *system.ENTITIES])
