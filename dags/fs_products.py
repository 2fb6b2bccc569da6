"""Products with inventory unit, Supply Chain Management to Field Service. Airflow DAG.

Runs every hour. Units, currencies and price lists must exist in Field Service.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_products = integration_dag("products", schedule="0 * * * *")
