"""Where the pages are, seen from a browser."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from airflow.sdk.configuration import conf

PAGES = "/fs-integration"  # where the plugin mounts the pages, below Airflow's own address


def pages_address() -> str:
    """Return the path of the pages; many deployments serve Airflow itself below a path, which then comes first."""
    return f"{urlsplit(conf.get('api', 'base_url', fallback='')).path.rstrip('/')}{PAGES}"


def run_address(dag_id: str, run_id: str) -> str:
    """Return the path of a run's page."""
    return f"{pages_address()}/runs/{quote(dag_id, safe='')}/{quote(run_id, safe='')}"
