"""What the pages ask: the last run of each scope, rows held back, and lines page by page."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger import Ledger
from fs_integration.ledger.queries import held_rows, latest_runs, lines_of_run, open_lines
from fs_integration.records import Interval, Scope

WAREHOUSES = Scope("warehouses", "warehouse", "usmf")
PRODUCTS = Scope("products", "products", "demf")
END = datetime(2026, 11, 1, tzinfo=UTC)


def begin(ledger: Ledger, scope: Scope, run_key: str) -> None:
    ledger.begin_run(scope, run_key=run_key, dag_id=f"fs_{scope.mapping}", run_id=f"id of {run_key}", mode="scheduled",
                     interval=Interval(None, END), mapping_hash="abc")  # fmt: skip


def rejections(*keys: str, **changes) -> pd.DataFrame:
    line = {"field": "name", "rule": "required", "reason": "Name is empty.", "value": "", "outcome": "quarantined",
            "source_rows": 1, "payload": "{}", **changes}  # fmt: skip
    columns = {name: list(keys) if name == "row_key" else [line[name]] * len(keys) for name in REJECTION_COLUMNS}
    return frame_of(columns, REJECTION_COLUMNS)


@pytest.fixture
def filled(ledger, clock):
    """Two runs of one area, one of another; the first run of the first began last, because it was cleared."""
    for scope, run_key in ((WAREHOUSES, "r1"), (WAREHOUSES, "r2"), (PRODUCTS, "r1"), (WAREHOUSES, "r1")):
        begin(ledger, scope, run_key)
        clock.advance(60)
    site = rejections("W|1", field="site", rule="lookup:sites", reason="Site is unknown.")
    names = rejections("W|1", "W|2", value="50% off_set")
    ledger.quarantine(WAREHOUSES, "r1", pd.concat([names, site], ignore_index=True))
    ledger.quarantine(PRODUCTS, "r1", rejections("P|\x00", outcome="blocked"))
    return ledger


def found(ledger: Ledger, **wanted) -> list[tuple[str, str]]:
    page = open_lines(ledger.engine, page=1, size=50, **wanted)
    assert page.total == len(page.lines)
    return [(line.row_key, line.rule) for line in page.lines]


def test_the_run_that_began_last_is_the_latest_of_its_scope(filled):
    latest = latest_runs(filled.engine)
    assert [(entry.scope, entry.run_key) for entry in latest] == [(PRODUCTS, "r1"), (WAREHOUSES, "r1")]


def test_an_empty_ledger_has_no_latest_runs_and_holds_nothing(ledger):
    assert latest_runs(ledger.engine) == []
    assert held_rows(ledger.engine) == {}
    assert found(ledger) == []


def test_a_row_with_two_reasons_is_held_back_once(filled):
    assert held_rows(filled.engine) == {WAREHOUSES: 2, PRODUCTS: 1}


def test_settled_lines_are_not_held_back_but_stay_with_their_run(filled):
    ids = filled.open_quarantine(mapping="warehouses")["id"].tolist()
    filled.discard_quarantine(ids, by="Ada", note="corrected")
    assert held_rows(filled.engine) == {PRODUCTS: 1}
    assert found(filled, mapping="warehouses") == []
    lines = lines_of_run(filled.engine, dag_id="fs_warehouses", run_id="id of r1", page=1, size=50).lines
    assert [line.resolution for line in lines] == ["Ada: corrected"] * 3
    assert [line.state for line in lines] == ["discarded"] * 3
    assert all(line.resolved_at is not None for line in lines)


def test_lines_of_a_run_are_not_those_of_another_area_under_the_same_run_id(filled):
    lines = lines_of_run(filled.engine, dag_id="fs_products", run_id="id of r1", page=1, size=50).lines
    assert [(line.scope, line.row_key) for line in lines] == [(PRODUCTS, "P|\x00")]


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({"mapping": "products"}, {"P|\x00"}),
        ({"legal_entity": "usmf"}, {"W|1", "W|2"}),
        ({"dag_ids": {"fs_products"}}, {"P|\x00"}),
        ({"dag_ids": set()}, set()),
        ({"text": "w|2"}, {"W|2"}),
        ({"text": "site is UNKNOWN"}, {"W|1"}),
        ({"text": "50% off_set"}, {"W|1", "W|2"}),
        ({"text": "50%off"}, set()),
        ({"text": "off-set"}, set()),
        ({"text": "LOOKUP:sites"}, {"W|1"}),
        ({"mapping": "products", "text": "w|"}, set()),
    ],
)
def test_lines_are_found_by_area_company_dag_and_text_taken_literally(filled, wanted, rows):
    assert {row for row, _ in found(filled, **wanted)} == rows


def test_pages_follow_one_another_without_gap_or_overlap(filled):
    pages = [open_lines(filled.engine, page=number, size=2) for number in (1, 2, 3)]
    assert [len(page.lines) for page in pages] == [2, 2, 0]
    assert [(page.first, page.last, page.total) for page in pages[:2]] == [(1, 2, 4), (3, 4, 4)]
    assert len({(line.scope, line.row_key, line.rule) for page in pages for line in page.lines}) == 4
