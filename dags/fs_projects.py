"""Projects for work orders, Supply Chain Management to Field Service. Airflow DAG.

Runs every hour; needs fs_accounts, because a project names its customer.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_projects = integration_dag("projects", schedule="10 * * * *")
