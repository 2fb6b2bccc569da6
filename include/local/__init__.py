"""Airflow and the sandbox on one machine, without Docker: settings, services, the demo."""
