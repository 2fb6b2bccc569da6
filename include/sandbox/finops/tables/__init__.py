"""The public data entities of the emulated environment, grouped by module."""

from __future__ import annotations

from sandbox.finops.schema import Schema
from sandbox.finops.tables import customers, inventory, invoices, journals, products, projects, sales_orders, system

MODULES = (inventory, products, customers, projects, sales_orders, invoices, journals, system)
SCHEMA = Schema([entity for module in MODULES for entity in module.ENTITIES])
