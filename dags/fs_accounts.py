"""Accounts as customers, Field Service and Sales to Supply Chain Management. Airflow DAG.

Runs every half hour. Customer groups and currencies must exist in Supply Chain Management.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_accounts = integration_dag("accounts", schedule="*/30 * * * *")
