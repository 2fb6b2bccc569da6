"""Keep Dynamics 365 Finance & Operations and Dynamics 365 Field Service in step, on Apache Airflow."""
