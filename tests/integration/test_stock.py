"""Stock travels from Supply Chain Management to Field Service: all of it, right, once, and then only what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.integration.conftest import AREAS, SOURCES

from local.check import DIMENSIONS, compare_stock
from sandbox.world.peculiarities import PECULIARITIES, Peculiarity

JOURNALS = "msdyn_inventoryjournals"


def test_after_one_cycle_stock_is_equal_on_both_ends(site):
    site.cycle()
    check = compare_stock(site.sandbox)
    assert check.pairs > 20
    assert check.differences == []


def test_journals_exist_only_for_differences_that_are_not_zero(site):
    before = {row["msdyn_inventoryjournalid"] for row in site.rows("dataverse", JOURNALS)}
    site.cycle()
    new = [row for row in site.rows("dataverse", JOURNALS) if row["msdyn_inventoryjournalid"] not in before]
    assert new
    assert [row for row in new if not row["msdyn_quantity"]] == []


def test_the_books_account_for_every_row_of_every_company(site):
    for area, books in site.cycle().items():
        assert [own.legal_entity for own in books] == ["usmf", "demf", "frrt"], area
        for own in books:
            assert own.read > 0
            assert own.read + own.generated == own.accounted, (area, own)


def test_quarantine_holds_the_bad_rows_and_only_those(site):
    site.cycle()
    held = site.direct.ledger.open_quarantine()
    found = defaultdict(set)
    for line in held.to_dict("records"):
        found[line["mapping"], line["outcome"]].add((line["legal_entity"], line["row_key"]))
    assert dict(found) == expected_quarantine(PECULIARITIES)


def test_every_reason_is_a_sentence_a_consultant_understands(site):
    site.cycle()
    reasons = set(site.direct.ledger.open_quarantine()["reason"])
    assert len(reasons) >= 5
    for reason in reasons:
        assert reason[0].isupper(), reason
        assert reason.endswith("."), reason
        assert len(reason.split()) >= 4, reason


def test_a_second_cycle_writes_nothing(stocked):
    books = stocked.cycle()
    assert stocked.written() == 0
    for own in (own for area in books.values() for own in area):
        assert (own.created, own.updated) == (0, 0)
    assert sum(own.unchanged for own in books["product_inventory"]) > 20


def test_after_stock_moved_only_the_moved_rows_are_written(stocked):
    before = stocked.levels()
    stocked.sandbox.control("POST", "/scm/activity", {"count": 5, "seed": 3})
    books = stocked.run("product_inventory")
    changed = {key for key, level in stocked.levels().items() if before.get(key) != level}
    assert 0 < len(changed) <= 6
    assert stocked.written() == len(changed)
    assert sum(own.created + own.updated for own in books) >= len(changed)
    assert compare_stock(stocked.sandbox).differences == []


def test_a_vanished_row_becomes_zero_and_comes_back(stocked):
    rows = stocked.rows("finops", "WarehousesOnHandV2")
    gone = pick_whole_pair(stocked, rows)
    stocked.replace("finops", "WarehousesOnHandV2", [row for row in rows if row not in gone])
    before = stocked.levels()
    books = stocked.run("product_inventory")
    zeroed = {key for key, level in stocked.levels().items() if level != before[key]}
    assert len(zeroed) == 1
    assert stocked.levels()[zeroed.pop()] == (0, 0, 0)
    assert sum(own.generated for own in books) == 1
    stocked.sandbox.control("POST", "/stats/reset")
    stocked.run("product_inventory")
    assert stocked.written() == 0, "the zero is written once"
    stocked.replace("finops", "WarehousesOnHandV2", rows)
    stocked.run("product_inventory")
    assert stocked.levels() == before


def pick_whole_pair(site: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all on-hand rows that stand behind one level in Field Service that is not zero."""
    numbers = {
        (row["dataAreaId"], *(row[name] for name in DIMENSIONS)): row["ProductNumber"]
        for row in site.rows("finops", "CDSReleasedDistinctProducts")
    }
    pairs = defaultdict(list)
    for row in rows:
        number = numbers.get((row["dataAreaId"], *(row[name] for name in DIMENSIONS)))
        pairs[f"{number}|{row['InventoryWarehouseId']}"].append(row)
    return next(pairs[key] for key, level in site.levels().items() if level[0] > 0 and key in pairs)


def expected_quarantine(peculiarities: Iterable[Peculiarity]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return the rows that must be held back: company and key of the source row by area and outcome."""
    expected = defaultdict(set)
    for one in peculiarities:
        area, key = SOURCES[one.entity_set]
        if area in AREAS and one.outcome in ("quarantined", "blocked"):
            expected[area, one.outcome].add((one.row["dataAreaId"], "|".join(one.row[name] for name in key)))
    return dict(expected)


def test_a_full_run_aligns_stock_that_somebody_else_has_changed(site):
    site.cycle()
    changed = site.rows("dataverse", "msdyn_productinventories")
    synchronised = next(row for row in changed if row["msdyn_qtyonhand"] not in (0, 3))
    synchronised["msdyn_qtyonhand"] += 5
    site.replace("dataverse", "msdyn_productinventories", changed)
    site.run("product_inventory")
    assert len(compare_stock(site.sandbox).differences) == 1
    books = site.run("product_inventory", full=True)
    assert sum(own.unchanged for own in books) == 0
    assert compare_stock(site.sandbox).differences == []
