"""Posted inventory adjustments as journals, Field Service to Supply Chain Management. Airflow DAG.

Runs every quarter of an hour, ten minutes before stock on hand; needs fs_warehouses and fs_products.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_inventory_adjustments = integration_dag("inventory_adjustments", schedule="5-59/15 * * * *")
