"""Work orders with project as sales orders, Field Service to Supply Chain Management. Airflow DAG.

Runs every quarter of an hour; needs fs_accounts, fs_products, fs_projects and fs_warehouses.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_work_orders = integration_dag("work_orders", schedule="5-59/15 * * * *")
