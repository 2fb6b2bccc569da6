"""Data Docs: the pages of a run are listed, files below the root are served, nothing else is."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from fs_integration.ui.data_docs import file_below

RUN_ID = quote("scheduled__2026-11-20T12:00:00+00:00", safe="")
PAGE = "validations/warehouses/warehouses/demf/00000/raw/scheduled-2026-11-20/20261120T120000Z/page.html"


def test_a_run_lists_its_pages_by_company_batch_and_stage(page):
    html = page(f"/runs/fs_warehouses/{RUN_ID}/data-docs")
    assert f'<a href="/fs-integration/data-docs/{PAGE}">warehouses/warehouses/demf, batch 00000, raw rows</a>' in html


def test_a_run_without_pages_says_so(page):
    assert "This run has no Data Docs." in page(f"/runs/fs_products/{RUN_ID}/data-docs")


def test_a_page_is_served_as_it_was_written_but_may_run_nothing(admin):
    answer = admin.get(f"/fs-integration/data-docs/{PAGE}")
    assert answer.text.startswith("<h1>Checked warehouses</h1>")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "../outside.html",
        "%2e%2e/outside.html",
        "..%2foutside.html",
        "validations/..%2f..%2foutside.html",
        "validations/warehouses/../../../outside.html",
        "..%5coutside.html",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "validations/warehouses/link.html",
        "validations/warehouses/%00.html",
        "validations/warehouses",
        "",
        "validations/warehouses/nowhere.html",
    ],
)
def test_nothing_outside_the_root_is_served(admin, path):
    answer = admin.get(f"/fs-integration/data-docs/{path}")
    assert answer.status_code == 404
    assert "outside" not in answer.text.replace("/outside.html", "")
    assert "root:" not in answer.text


def test_only_pages_are_served(tmp_path):
    for name in ("page.html", "notes.txt", "run.js", ".hidden"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert file_below(tmp_path, "page.html") == tmp_path / "page.html"
    assert [name for name in ("notes.txt", "run.js", ".hidden") if file_below(tmp_path, name)] == []


def test_a_root_that_is_a_symbolic_link_works(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (real / "page.html").write_text("x", encoding="utf-8")
    (tmp_path / "docs").symlink_to(real)
    assert file_below(tmp_path / "docs", "page.html") == real / "page.html"
