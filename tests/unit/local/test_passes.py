"""One pass of the demo: every area once, in an order in which each stands on what it needs."""

from __future__ import annotations

import pytest

from local import passes
from local.passes import run_pass, summary


@pytest.fixture
def steps(tables, monkeypatch) -> list[str]:
    """What happened in the pass, in its order."""
    tables.answers = {
        "/scm/post-integration-journals": {"journals": 3, "lines": 5},
        "/scm/post-sales-orders": {"orders": 2, "lines": 4},
    }
    tables.asked = happened = []

    def run(dag_id: str) -> str:
        happened.append(dag_id)
        return "failed" if dag_id == "fs_products" else "success"

    monkeypatch.setattr(passes, "run_dag", run)
    return happened


def test_every_area_runs_once_and_posting_comes_between_documents_and_stock(tables, steps):
    said: list[str] = []
    run_pass(tables, said.append)
    assert steps == [
        "fs_accounts", "fs_warehouses", "fs_products", "fs_projects",
        "fs_inventory_adjustments", "fs_inventory_transfers", "fs_work_orders",
        "/scm/post-integration-journals", "/scm/post-sales-orders",
        "fs_product_inventory", "fs_agreement_invoices",
    ]  # fmt: skip
    assert "Supply Chain Management posts: 3 journals, 2 orders" in said


def test_a_failed_area_is_named_and_stops_no_other(tables, steps):
    assert run_pass(tables, lambda _: None) == ["fs_products"]
    assert steps[-1] == "fs_agreement_invoices"


@pytest.mark.parametrize(
    ("answer", "words"),
    [({"orders_created": 2, "orders_posted": 0}, "2 orders created"), ({"journals": 0}, "nothing"), ({}, "nothing")],
)
def test_counts_are_put_into_words(answer, words):
    assert summary(answer) == words
