"""What the package adds to Airflow's UI: its pages under ``/fs-integration`` and the ways to get there.

Every Airflow component loads this file, so it imports nothing heavy; the pages are imported by the API server when the
first of them is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from fs_integration.ui.address import PAGES, pages_address


class PagesOnDemand:
    """An ASGI app that imports the pages with its first request."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = import_module("fs_integration.ui.app").create_app()
        await self._app(scope, receive, send)


class FsIntegrationPlugin(AirflowPlugin):
    """The pages and the entries that lead to them. The buttons of the quality gate come with its operator."""

    name = "fs_integration"
    fastapi_apps = [{"app": PagesOnDemand(), "url_prefix": PAGES, "name": "FS integration"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "FS integration",
            "href": f"{pages_address()}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "fs-integration",
        },
        {
            "name": "Books and quarantine",
            "href": f"{pages_address()}/runs/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "fs-integration-run",
        },
    ]
