"""The demo's check of the quarantine: every unusual row of the world, the other lines of its document, nothing else."""

from __future__ import annotations

import pytest

from local.held_back import compare_held_back, expected_rows

EXPECTED = set(expected_rows())
LONG_NUMBER = next(key for key, what in expected_rows().items() if what == "Number of more than 20 characters")[1][0]
UNNUMBERED = next(key for key, what in expected_rows().items() if what == "Product line without line order")[1][0]


def test_the_world_holds_unusual_rows_of_every_area():
    assert {area for area, _ in EXPECTED} == {
        "accounts", "warehouses", "products", "projects", "inventory_adjustments", "inventory_transfers",
        "work_orders", "product_inventory", "agreement_invoices",
    }  # fmt: skip


def test_a_quarantine_with_exactly_these_rows_is_right(tables):
    check = compare_held_back(tables, EXPECTED)
    assert (check.unusual, check.followers, check.differences) == (len(EXPECTED), 0, [])


@pytest.mark.parametrize("missing", [("warehouses", ("A/1",)), ("product_inventory", ("Q0099", "1", "11"))])
def test_an_unusual_row_that_is_not_held_back_is_told(tables, missing):
    (difference,) = compare_held_back(tables, EXPECTED - {missing}).differences
    assert difference.startswith(f"{missing[0]} {', '.join(missing[1])}: ")


def test_an_ordinary_row_that_is_held_back_is_told(tables):
    check = compare_held_back(tables, EXPECTED | {("products", ("P0001",))})
    assert check.differences == ["products P0001: held back without being unusual."]


@pytest.mark.parametrize(
    ("line", "follows"),
    [
        ({"msdyn_workorderproductid": "one", "msdyn_workorder": LONG_NUMBER}, True),
        ({"msdyn_workorderproductid": "one", "msdyn_workorder": "another order"}, False),
        ({"msdyn_workorderproductid": "one"}, False),
    ],
)
def test_a_line_may_be_held_back_with_its_order(tables, line, follows):
    tables.rows["msdyn_workorderproducts"] = [line]
    check = compare_held_back(tables, EXPECTED | {("work_orders", ("one",))})
    assert (check.followers, len(check.differences)) == ((1, 0) if follows else (0, 1))


def test_a_line_may_be_held_back_with_an_unusual_line_of_the_same_order(tables):
    tables.rows["msdyn_workorderproducts"] = [
        {"msdyn_workorderproductid": id_, "msdyn_workorder": "order"} for id_ in (UNNUMBERED, "one")
    ]
    check = compare_held_back(tables, EXPECTED | {("work_orders", ("one",))})
    assert (check.followers, check.differences) == (1, [])
