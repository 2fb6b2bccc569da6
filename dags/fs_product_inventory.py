"""Stock on hand, Supply Chain Management to Field Service. Airflow DAG.

Runs every quarter of an hour; needs fs_warehouses and fs_products loaded first.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_product_inventory = integration_dag("product_inventory", schedule="*/15 * * * *")
