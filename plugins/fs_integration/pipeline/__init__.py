"""The five steps of a mapping task as plain functions: extract, transform, gate, load, reconcile.

Each takes the clients, the staging area and the ledger it needs, so that the same code runs inside an Airflow task, a
benchmark or a test. Nothing here knows Airflow (docs/architecture.md, "Rooms").
"""
