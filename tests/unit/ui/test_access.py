"""Who gets to see the pages, and what the browser is told about them."""

from __future__ import annotations

from urllib.parse import quote

import pytest

RUN = f"runs/fs_warehouses/{quote('scheduled__2026-11-20T12:00:00+00:00', safe='')}"
DOCS_PAGE = "data-docs/validations/warehouses/warehouses/demf/00000/raw/scheduled-2026-11-20/20261120T120000Z/page.html"
PATHS = ["", "quarantine", RUN, f"{RUN}/data-docs", DOCS_PAGE]

everywhere = pytest.mark.parametrize("path", PATHS)


@everywhere
def test_a_browser_without_session_is_sent_to_the_login_and_back(site, path):
    answer = site.client().get(f"/fs-integration/{path}?page=2")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/api/v2/auth/login?next=%2Ffs-integration%2F")
    assert answer.headers["location"].endswith("%3Fpage%3D2")
    assert answer.text == ""


@everywhere
def test_a_program_without_token_gets_401_and_no_content(site, path):
    answer = site.client().get(f"/fs-integration/{path}", headers={"Accept": "*/*"})
    assert answer.status_code == 401
    assert answer.text == "Not authenticated"


@everywhere
def test_a_forged_token_is_refused(site, path):
    client = site.client()
    client.cookies.set("_token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.")
    answer = client.get(f"/fs-integration/{path}")
    assert answer.status_code in (302, 403)
    assert "usmf" not in answer.text


@everywhere
@pytest.mark.parametrize("user", ["admin", "viewer"])
def test_whoever_may_read_dags_may_read_the_pages(site, user, path):
    assert site.client(user).get(f"/fs-integration/{path}").status_code == 200


def test_a_bearer_token_serves_as_well_as_the_cookie(site):
    headers = {"Authorization": f"Bearer {site.tokens['viewer']}"}
    assert site.client().get("/fs-integration/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["", "quarantine", "quarantine?area=secrets", "?dag_id=fs_warehouses"])
def test_areas_whose_dag_a_user_may_not_read_are_left_out(site, path):
    answer = site.client("viewer").get(f"/fs-integration/{path}")
    assert answer.status_code == 200
    assert ">secrets<" not in answer.text
    assert "not for everyone" not in answer.text


def test_data_docs_of_an_area_that_a_user_may_not_read_are_refused(site):
    assert site.client("viewer").get(f"/fs-integration/{DOCS_PAGE.replace('warehouses', 'secrets')}").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_pages_only_read(site, method):
    assert site.client("admin").request(method, "/fs-integration/quarantine").status_code == 405


@pytest.mark.parametrize("user", ["", "viewer"])
@pytest.mark.parametrize("path", [*PATHS, "static/style.css", "nowhere"])
def test_every_answer_carries_the_security_headers(site, user, path):
    headers = site.client(user).get(f"/fs-integration/{path}").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy, "scripts fall back to default-src, which allows none"
    assert "frame-ancestors 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_airflow_lists_the_plugin_without_errors(site):
    client = site.client("admin")
    (plugin,) = [
        entry for entry in client.get("/api/v2/plugins").json()["plugins"] if entry["name"] == "fs_integration"
    ]
    assert [app["url_prefix"] for app in plugin["fastapi_apps"]] == ["/fs-integration"]
    assert {view["destination"]: view["href"] for view in plugin["external_views"]} == {
        "nav": "/fs-integration/",
        "dag_run": "/fs-integration/runs/{DAG_ID}/{RUN_ID}",
    }
    assert client.get("/api/v2/plugins/importErrors").json()["total_entries"] == 0


def test_what_is_not_set_up_yet_is_named_but_not_to_strangers(site, monkeypatch):
    monkeypatch.delenv("AIRFLOW_VAR_FS_INTEGRATION_DATA_DOCS_ROOT")
    answer = site.client("viewer").get(f"/fs-integration/{RUN}/data-docs")
    assert answer.status_code == 503
    assert "Airflow variable `fs_integration_data_docs_root` is not set." in answer.text
    assert "variable" not in site.client().get(f"/fs-integration/{RUN}/data-docs", headers={"Accept": "*/*"}).text
