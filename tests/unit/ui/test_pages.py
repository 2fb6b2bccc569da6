"""What people see on the pages (docs/pages.md)."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

RUN_ID = "scheduled__2026-11-20T12:00:00+00:00"
WAREHOUSES_RUN = f"/runs/fs_warehouses/{quote(RUN_ID, safe='')}"
PRODUCTS_RUN = f"/runs/fs_products/{quote(RUN_ID, safe='')}"


def cells(html: str, label: str) -> list[str]:
    """The texts of one column, top to bottom."""
    found = re.findall(rf'data-label="{label}">(.*?)</t[dh]>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]


def test_overview_has_a_line_per_area_and_company_in_order(page):
    html = page("/")
    assert list(zip(cells(html, "Area"), cells(html, "Company"), strict=True)) == [
        ("products", "usmf"), ("warehouses", "demf"), ("warehouses", "usmf"),
    ]  # fmt: skip


def test_overview_shows_status_watermark_and_books_of_the_last_run(page):
    html = page("/")
    assert cells(html, "Status") == ["stopped", "succeeded", "succeeded"]
    assert cells(html, "Watermark") == ["", "2026-11-20 12:00", "2026-11-20 12:00"]
    assert cells(html, "Read") == ["10", "500", "10"]
    assert cells(html, "Created") == ["8", "250", "10"]
    assert cells(html, "Quarantined") == ["2", "250", "0"]
    assert cells(html, "Held back") == ["2", "250", "0"]


def test_overview_leads_to_the_run_and_to_what_it_holds_back(page):
    html = page("/")
    assert f'href="/fs-integration{WAREHOUSES_RUN}"' in html
    assert 'href="/fs-integration/quarantine?area=warehouses&amp;company=demf"' in html


def test_a_run_shows_its_books_window_and_message(page):
    html = page(PRODUCTS_RUN)
    assert cells(html, "Window") == ["2026-11-20 11:00 to\n2026-11-20 12:00"]
    assert cells(html, "Mode") == ["scheduled"]
    assert "usmf: 2 of 10 rows are bad, allowed is 5 %." in html


def test_a_run_counts_unwritten_rows_by_rule(page):
    html = page(WAREHOUSES_RUN)
    assert cells(html, "Rule") == ["max_length"]
    assert cells(html, "Rows") == ["250"]
    assert cells(html, "Task") == ["warehouses"] * 3, "two lines of the books and one of the rules"


def test_a_run_gives_the_reason_of_every_row_held_back(page):
    html = page(PRODUCTS_RUN)
    assert cells(html, "Row") == ["usmf-0000", "usmf-0001"]
    assert html.count("The name is longer than the 100 characters that Field Service takes.") == 2
    assert "field <code>Name</code>, rule <code>max_length</code>" in html


def test_a_run_leads_back_to_airflow_in_the_whole_window(page):
    assert f'href="/dags/fs_products/runs/{quote(RUN_ID, safe="")}" target="_top"' in page(PRODUCTS_RUN)


def test_a_run_the_ledger_does_not_know_is_explained(admin):
    answer = admin.get("/fs-integration/runs/fs_products/manual__never")
    assert answer.status_code == 404
    assert "The ledger knows no run manual__never of fs_products." in answer.text


@pytest.mark.parametrize(
    ("query", "entries", "areas"),
    [
        ("", 252, {"warehouses"}),
        ("?area=products", 2, {"products"}),
        ("?company=demf", 250, {"warehouses"}),
        ("?area=products&company=demf", 0, set()),
        ("?text=DEMF-0007", 1, {"warehouses"}),
        ("?text=very+long+name", 2, {"products"}),
        ("?text=100%25", 0, set()),
        ("?text=nowhere", 0, set()),
    ],
)
def test_quarantine_can_be_searched(page, query, entries, areas):
    html = page(f"/quarantine{query}")
    assert re.search(rf">{entries} (entry|entries)<", html)
    assert set(cells(html, "Area")) == areas


def test_quarantine_keeps_the_search_in_its_form(page):
    html = page("/quarantine?area=products&text=%22%3E%3Cb%3E")
    assert "<option selected>products</option>" in html
    assert 'value="&#34;&gt;&lt;b&gt;"' in html


def test_quarantine_is_paged_and_every_entry_is_on_exactly_one_page(page):
    pages = [page(f"/quarantine?company=demf&page={number}") for number in (1, 2, 3)]
    rows = [row for html in pages for row in cells(html, "Row")]
    assert rows == [f"demf-{number:04d}" for number in range(250)]
    assert "Rows 201 to 250 of 250" in pages[2]
    assert "company=demf&amp;text=&amp;page=2" in pages[0]
    assert 'rel="next"' not in pages[2]


def test_a_page_number_beyond_the_end_shows_nothing(page):
    assert cells(page("/quarantine?page=99"), "Row") == []


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=1000000", f"text={'x' * 201}", "text=%00", "company=%00"])
def test_a_search_that_makes_no_sense_is_refused(admin, query):
    answer = admin.get(f"/fs-integration/quarantine?{query}")
    assert answer.status_code == 422
    assert "A part of the address is too long" in answer.text


def test_values_of_source_rows_are_inert(page):
    html = page(WAREHOUSES_RUN)
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#39;row&#39;)&lt;/script&gt;" in html


@pytest.mark.parametrize("path", ["/", "/quarantine", WAREHOUSES_RUN, f"{WAREHOUSES_RUN}/data-docs"])
def test_pages_need_no_script_and_nothing_from_elsewhere(page, path):
    html = page(path)
    assert "<script" not in html
    assert not re.search(r'(src|href)="(https?:)?//', html)
    assert re.search(r"<title>.+</title>", html)
    assert 'name="viewport"' in html


def test_the_style_sheet_knows_dark_and_phone(admin):
    style = admin.get("/fs-integration/static/style.css")
    assert style.status_code == 200
    assert "prefers-color-scheme: dark" in style.text
    assert "max-width: 46rem" in style.text


def test_behind_a_path_of_airflow_itself_links_keep_it(site):
    client = TestClient(site.app, root_path="/team-a", cookies={"_token": site.tokens["viewer"]})
    html = client.get(f"/team-a/fs-integration{PRODUCTS_RUN}").text
    assert 'href="/team-a/fs-integration/static/style.css"' in html
    assert f'href="/team-a/fs-integration{PRODUCTS_RUN}/data-docs"' in html
    assert f'href="/team-a/dags/fs_products/runs/{quote(RUN_ID, safe="")}"' in html


def test_overview_tells_which_areas_pause_and_only_to_those_who_may_see_them(page):
    html = page("/")
    assert "warehouses (connection set default) pauses until" in html
    assert "&lt;script&gt;" in html
    assert "secrets (connection set" not in html
