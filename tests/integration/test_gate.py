"""The gate: a bad batch stops before the first write, and stops only the company it belongs to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fs_integration.errors import DataQualityError

ON_HAND = "WarehousesOnHandV2"


def spoil(site, companies, share=1.0):
    """Make quantities of these companies impossible for a share of their rows."""
    rows = site.rows("finops", ON_HAND)
    for company in companies:
        own = [row for row in rows if row["dataAreaId"] == company]
        for row in own[: int(len(own) * share)]:
            row["OnHandQuantity"] = 5_000_000_000.0
    site.replace("finops", ON_HAND, rows)


def test_too_many_bad_rows_stop_the_company_and_nothing_of_it_is_written(stocked):
    before = stocked.levels()
    spoil(stocked, ["usmf"], share=0.9)
    with pytest.raises(DataQualityError, match=r"usmf: .*quarantin"):
        stocked.run("product_inventory")
    assert stocked.written() == 0
    assert stocked.levels() == before


def test_a_healthy_company_is_loaded_beside_a_stopped_one(ready):
    site = ready
    spoil(site, ["usmf"], share=0.9)
    with pytest.raises(DataQualityError, match="usmf"):
        site.run("product_inventory")
    books = {
        run.scope.legal_entity: run for run in site.direct.ledger.runs() if run.scope.mapping == "product_inventory"
    }
    assert books["usmf"].status == "stopped"
    assert {books["demf"].status, books["frrt"].status} == {"succeeded"}
    assert books["demf"].outcomes["created"] > 0


def test_when_every_company_is_bad_the_gate_itself_fails(stocked):
    spoil(stocked, ["usmf", "demf", "frrt"], share=0.9)
    with pytest.raises(DataQualityError) as raised:
        stocked.run("product_inventory")
    for company in ("usmf", "demf", "frrt"):
        assert company in str(raised.value)
    assert "clear this run" in str(raised.value)
    assert stocked.written() == 0


def test_a_source_that_suddenly_returns_nothing_does_not_zero_the_stock(stocked):
    before = stocked.levels()
    stocked.replace("finops", ON_HAND, [])
    with pytest.raises(DataQualityError):
        stocked.run("product_inventory")
    assert stocked.levels() == before


def test_a_stopped_run_is_completed_by_running_it_again_after_the_source_was_mended(stocked):
    good = stocked.rows("finops", ON_HAND)
    before = stocked.levels()
    spoil(stocked, ["usmf", "demf", "frrt"], share=0.9)
    with pytest.raises(DataQualityError):
        stocked.run("product_inventory", run_id="again")
    stocked.replace("finops", ON_HAND, good)
    books = stocked.run("product_inventory", run_id="again")
    assert stocked.levels() == before
    assert all(own.read == own.accounted for own in books)


def test_rows_held_back_for_long_do_not_stop_the_runs_after_them(nine):
    accounts = nine.rows("dataverse", "accounts")
    (model,) = [row for row in accounts if row["accountnumber"] == "US-001"]
    fresh = {name: value for name, value in model.items() if name not in ("createdon", "modifiedon", "versionnumber")}
    for number in range(3000, 3100):
        own = {"accountid": f"{number:08x}{model['accountid'][8:]}", "accountnumber": f"US-{number}"}
        accounts.append(fresh | own | ({"name": None} if number < 3009 else {}))
    nine.replace("dataverse", "accounts", accounts)
    hour = timedelta(hours=1)
    assert nine.run("accounts", end=nine.moment + hour)[0].quarantined == 15
    quiet = nine.run("accounts", end=nine.moment + 2 * hour)[0]
    assert (quiet.read, quiet.quarantined) == (15, 15)
