"""X15: every route of the plugin, asked without login, without right on the DAG, and by another site."""

from __future__ import annotations

import itertools
import sqlite3
from urllib.parse import quote

import pytest
from airflow.api_fastapi.app import get_auth_manager
from starlette.routing import Mount, Route
from tests.unit.ui.conftest import HOSTILE, RUN_ID, RUN_KEY, site

from fs_integration.ui.address import PAGES
from fs_integration.ui.app import create_app
from fs_integration_plugin import FsIntegrationPlugin

__all__ = ["site"]

ROUTES = create_app().routes
OPEN = "/static"  # the style sheet
PARTS = {  # a value for each part of an address; a route with a new one must be entered here
    "dag_id": "fs_warehouses",
    "run_id": quote(RUN_ID, safe=""),
    "path": f"validations/warehouses/warehouses/demf/00000/raw/{RUN_KEY}/20261120T120000Z/page.html",
}
PATHS = {route.path: PAGES + route.path_format.format(**PARTS) for route in ROUTES if isinstance(route, Route)}
SECRETS = ("usmf", "demf", "VERY LONG NAME", "fs_products", HOSTILE, "Checked warehouses")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
FOREIGN = "https://evil.invalid"
each_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


def test_no_route_is_of_a_kind_that_the_tests_below_would_miss():
    assert {type(route) for route in ROUTES if not isinstance(route, Route)} == {Mount}
    assert [route.path for route in ROUTES if isinstance(route, Mount)] == [OPEN]
    assert [app["url_prefix"] for app in FsIntegrationPlugin.fastapi_apps] == [PAGES]
    others = ("fastapi_root_middlewares", "flask_blueprints", "appbuilder_views", "appbuilder_menu_items", "react_apps")
    assert [name for name in others if getattr(FsIntegrationPlugin, name, [])] == []


@pytest.mark.fault("X15")
@each_path
def test_a_program_without_login_gets_401_and_a_browser_the_login(path, site, outcome):
    stranger = site.client()
    for headers in ({}, {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."}, {"Cookie": "_token=x"}):
        answer = stranger.get(path, headers={"Accept": "*/*", **headers})
        assert answer.status_code in ((401,) if not headers else (401, 403))
        assert_tells_nothing(answer)
    answer = stranger.get(path)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/api/v2/auth/login?next=%2Ffs-integration")
    outcome("STOP")


@pytest.mark.fault("X15")
@each_path
def test_a_login_without_right_on_the_dag_sees_nothing_of_it(path, site, monkeypatch, outcome):
    """Airflow's simple auth manager gives every login every DAG; here it gives none."""
    assert any(secret in site.client("viewer").get(path).text for secret in SECRETS)
    monkeypatch.setattr(get_auth_manager(), "is_authorized_dag", lambda **_: False)
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: set())
    answer = site.client("viewer").get(path)
    about_one = "fs_warehouses" in path
    assert answer.status_code == (403 if about_one else 404 if "data-docs" in path else 200)
    assert_tells_nothing(answer)
    outcome("STOP")


@pytest.mark.fault("X15")
@each_path
def test_what_another_site_asks_with_the_cookie_of_a_login_is_refused(path, site, outcome):
    signed_in = site.client("admin")
    for where, mode, dest in itertools.product(
        ("cross-site", "same-site"), ("navigate", "cors", "no-cors"), ("document", "iframe", "image", "script", "empty")
    ):
        sent = {"Sec-Fetch-Site": where, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Origin": FOREIGN}
        answer = signed_in.get(path, headers=sent)
        if (mode, dest) == ("navigate", "document"):
            assert answer.status_code == 200
        else:
            assert answer.status_code == 403
            assert_tells_nothing(answer)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    framed = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    assert signed_in.get(path, headers=framed).status_code == 200
    outcome("STOP")


@pytest.mark.fault("X15")
@pytest.mark.parametrize("method", UNSAFE)
def test_no_route_takes_anything_but_get_and_get_changes_nothing(method, site, outcome):
    before = content(site)
    for path in (*PATHS.values(), f"{PAGES}{OPEN}/style.css", f"{PAGES}/nowhere"):
        answer = site.client("admin").request(method, path, headers={"Origin": FOREIGN})
        assert answer.status_code in (404, 405)
        site.client("admin").get(path)
    assert content(site) == before
    outcome("STOP")


def assert_tells_nothing(answer):
    assert [secret for secret in SECRETS if secret in answer.text] == []


def content(site):
    """Return everything the ledger holds, and the files of the Data Docs."""
    with sqlite3.connect(site.docs.parent / "ledger.db") as connection:
        rows = list(connection.iterdump())
    connection.close()
    assert any("fs_warehouses" in row for row in rows)
    return rows, sorted((str(file), file.stat().st_mtime_ns) for file in site.docs.rglob("*"))
