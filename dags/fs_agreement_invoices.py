"""Invoices of agreements as free text invoices, Field Service to Supply Chain Management. Airflow DAG.

Runs every hour; needs fs_accounts.
Rejected rows: see the Quarantine button on the quality_gate task.
"""

from fs_integration.assembly import integration_dag

fs_agreement_invoices = integration_dag("agreement_invoices", schedule="20 * * * *")
