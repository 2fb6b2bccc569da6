"""The pages of the package in Airflow's UI, and the same content as a report on disk (docs/pages.md).

Only ``access.py``, ``address.py`` and ``app.py`` know Airflow; the report is written without it.
"""
