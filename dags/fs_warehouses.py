"""Warehouses, Supply Chain Management to Field Service. Airflow DAG.

Runs every half hour. Nothing has to run before it.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_warehouses = integration_dag("warehouses", schedule="*/30 * * * *")
