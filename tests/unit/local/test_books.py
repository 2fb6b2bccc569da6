"""The demo's tables: one line per area, companies and tasks added up."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace

import pandas as pd
from rich.console import Console

from fs_integration.frames import KEY_SEPARATOR, NULL_TEXT
from fs_integration.records import Scope
from local.books import by_area, held_keys, print_books, rows_written

RUNS = [
    SimpleNamespace(scope=Scope(mapping, task, company), rows_read=read, generated=0, drift=drift, outcomes=outcomes)
    for mapping, task, company, read, drift, outcomes in (
        ("work_orders", "headers", "usmf", 9, 0, {"created": 4, "updated": 2, "blocked": 3}),
        ("work_orders", "lines", "usmf", 5, 1, {"created": 5}),
        ("work_orders", "headers", "demf", 1, 0, {"unchanged": 1}),
        ("accounts", "customers", "usmf", 0, 0, {}),
    )
]


def test_companies_and_tasks_of_an_area_are_added_up():
    areas = by_area(RUNS)
    assert list(areas) == ["work_orders", "accounts"]
    assert {name: count for name, count in areas["work_orders"].items() if count} == {
        "read": 15, "created": 9, "updated": 2, "unchanged": 1, "blocked": 3, "drift": 1,
    }  # fmt: skip


def test_written_is_what_was_created_and_updated():
    assert rows_written(RUNS) == 11
    assert rows_written([]) == 0


def test_an_area_without_rows_has_its_line_too():
    output = StringIO()
    print_books(Console(file=output, width=132), "Pass 1", RUNS)
    lines = output.getvalue().splitlines()
    assert any("work_orders" in line and " 15 " in line for line in lines)
    assert any("accounts" in line for line in lines)


def test_keys_of_held_back_rows_lose_their_blank_parts():
    held = pd.DataFrame({"mapping": ["stock", "orders"], "row_key": [KEY_SEPARATOR.join(("Q1", "", "11")), NULL_TEXT]})
    assert held_keys(held) == {("stock", ("Q1", "11")), ("orders", ())}
