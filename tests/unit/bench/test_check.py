"""The benchmark's judgement of an end state: missing, extra, wrong, twice."""

from __future__ import annotations

from typing import Any

import pytest

from bench.check import Verdict, verdict

Row = dict[str, Any]


def stock(number: str = "M0001", warehouse: str = "11", **given: Any) -> Row:
    return {
        "msdynce_productnumber": number, "msdynce_warehouseid": warehouse, "msdynce_product": "p1",
        "msdynce_warehouse": "w1", "msdynce_onhandquantity": 7.25, "msdynce_onorderquantity": 0,
        "msdynce_orderedquantity": 3, **given,
    }  # fmt: skip


WANTED = [stock(), stock("M0002"), stock("M0001", "12")]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (WANTED, Verdict(0, 0, 0, 0)),
        (WANTED[::-1], Verdict(0, 0, 0, 0)),
        ([stock("m0001"), *WANTED[1:]], Verdict(0, 0, 0, 0)),
        ([stock(msdynce_product="P1", msdynce_orderedquantity=3.0), *WANTED[1:]], Verdict(0, 0, 0, 0)),
        ([], Verdict(3, 0, 0, 0)),
        (WANTED[:2], Verdict(1, 0, 0, 0)),
        ([*WANTED, stock("M0009")], Verdict(0, 1, 0, 0)),
        ([stock(msdynce_onhandquantity=7.26), *WANTED[1:]], Verdict(0, 0, 1, 0)),
        ([stock(msdynce_onorderquantity=None), *WANTED[1:]], Verdict(0, 0, 1, 0)),
        ([stock(msdynce_warehouse="w2"), *WANTED[1:]], Verdict(0, 0, 1, 0)),
        ([stock(msdynce_product=None), *WANTED[1:]], Verdict(0, 0, 1, 0)),
        ([*WANTED, stock()], Verdict(0, 0, 0, 1)),
        ([*WANTED, stock(), stock()], Verdict(0, 0, 0, 1)),
        ([stock("M0002", msdynce_orderedquantity=4), stock("M0002"), stock("M0009"), stock("M0009")],
         Verdict(2, 1, 1, 2)),
    ],
    ids=[
        "the same", "another order", "another case of the key", "another spelling of the values", "nothing at all",
        "a row missing", "a row too many", "another level", "an empty level", "another warehouse", "no product",
        "a row twice", "a row three times", "everything at once",
    ],
)  # fmt: skip
def test_every_difference_is_counted_once_and_by_its_kind(found: list[Row], expected: Verdict) -> None:
    assert verdict(WANTED, found) == expected
    assert verdict(WANTED, found).exact is (expected == Verdict(0, 0, 0, 0))
