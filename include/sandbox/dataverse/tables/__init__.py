"""The tables of the emulated organisation, grouped as Microsoft's solutions group them."""

from __future__ import annotations

from sandbox.dataverse.schema import Schema
from sandbox.dataverse.tables import inventory, invoices, sales, system, work_orders

SCHEMA = Schema([*system.TABLES, *sales.TABLES, *inventory.TABLES, *work_orders.TABLES, *invoices.TABLES])
