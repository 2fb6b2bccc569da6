"""All areas in order, waiting in between until Supply Chain Management has posted our journals. Airflow DAG.

Paused until a site wants it. Then the areas must be active and should have no schedule of their own:
docs/operating.md, "Order and dependencies".
"""

from fs_integration.cycle import cycle_dag

fs_cycle = cycle_dag(schedule="0 */2 * * *")
