"""The buttons of the quality gate lead to pages that exist."""

from __future__ import annotations

import pytest
from airflow.sdk.types import TaskInstanceKey
from fastapi.routing import APIRoute

from fs_integration.operators.links import DataDocsLink, QuarantineLink
from fs_integration.ui.app import create_app


@pytest.mark.parametrize(("link", "page"), [(QuarantineLink(), ""), (DataDocsLink(), "/data-docs")])
def test_a_button_leads_to_the_page_of_its_run(link, page):
    key = TaskInstanceKey("fs_products", "products.quality_gate", "manual__2026-11-20T12:00:00+00:00/1", 1, -1)
    address = link.get_link(None, ti_key=key)
    assert address == f"/fs-integration/runs/fs_products/manual__2026-11-20T12%3A00%3A00%2B00%3A00%2F1{page}"
    routes = [route.path for route in create_app().routes if isinstance(route, APIRoute)]
    assert f"/runs/{{dag_id}}/{{run_id}}{page}" in routes


def test_a_path_before_airflow_itself_comes_first(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/team-a/")
    key = TaskInstanceKey("fs_products", "products.quality_gate", "r1", 1, -1)
    assert QuarantineLink().get_link(None, ti_key=key) == "/team-a/fs-integration/runs/fs_products/r1"
