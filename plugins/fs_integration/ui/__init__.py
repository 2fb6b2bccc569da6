"""The pages of the package in Airflow's UI, and the same content as a report on disk (docs/pages.md).

Only ``access.py`` and ``app.py`` know Airflow; the report is written without it.
"""

PAGES = "/fs-integration"  # where the plugin mounts the pages, below Airflow's own address
