"""The report: the same content as the pages, in one file that needs nothing."""

from __future__ import annotations

import re

from fs_integration.ui.report import write_report


def test_a_report_holds_overview_runs_and_quarantine(books, tmp_path):
    books.run("warehouses", "usmf", read=1234)
    books.run("products", "demf", quarantined=2, status="stopped", message="demf: too many bad rows.")
    path = write_report(books.ledger, tmp_path / "report", title="Demo of <today>")
    html = path.read_text(encoding="utf-8")
    assert path.is_absolute()
    assert '<h1 id="overview">Demo of &lt;today&gt;</h1>' in html
    assert "1,234" in html
    assert "demf: too many bad rows." in html
    assert html.count("The name is longer than the 100 characters") == 2


def test_a_report_stands_alone(books, tmp_path):
    books.run("warehouses", "usmf", quarantined=1, value="<script>alert(1)</script>")
    html = write_report(books.ledger, tmp_path, title="Demo").read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in html
    assert "<script" not in html
    assert set(re.findall(r'(?:href|src)="([^"]*)"', html)) == {
        "data:,",
        "#content",
        "#overview",
        "#runs",
        "#quarantine",
    }


def test_a_task_is_named_where_the_area_has_another_name_for_it(books, tmp_path):
    books.run("work_orders", "usmf", task="work_order_header", quarantined=1)
    books.run("products", "usmf")
    html = write_report(books.ledger, tmp_path, title="Demo").read_text(encoding="utf-8")
    assert html.count("<div>work_orders<small>work_order_header</small></div>") == 3  # overview, run, quarantine
    assert html.count("<div>products</div>") == 2


def test_a_report_of_an_empty_ledger_says_what_to_do(books, tmp_path):
    html = write_report(books.ledger, tmp_path, title="Demo").read_text(encoding="utf-8")
    assert "No area has run yet." in html
    assert "Nothing is held back." in html


def test_a_report_replaces_the_one_before(books, tmp_path):
    write_report(books.ledger, tmp_path, title="First")
    path = write_report(books.ledger, tmp_path, title="Second")
    assert list(tmp_path.glob("*.html")) == [path]
    assert "First" not in path.read_text(encoding="utf-8")
