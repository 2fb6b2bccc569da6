"""One writer at a time, and a late one is recognised."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import UTC, datetime
from itertools import groupby

import pandas as pd
import pytest

from fs_integration.errors import Fenced, LeaseHeld
from fs_integration.frames import KEY, SOURCE_KEY, frame_of
from fs_integration.ledger import Ledger, fingerprints, leases
from fs_integration.records import Scope
from fs_integration.spec.metadata import ColumnKind

SCOPE = Scope("product_inventory", "product_inventory", "usmf")
NAME = str(SCOPE)
AS_OF = datetime(2026, 11, 20, tzinfo=UTC)


def rows() -> pd.DataFrame:
    kinds = {KEY: ColumnKind.TEXT, SOURCE_KEY: ColumnKind.TEXT, "_fingerprint": ColumnKind.INTEGER}
    return frame_of({KEY: ["a"], SOURCE_KEY: ["A"], "_fingerprint": [1]}, kinds)


def save(ledger: Ledger, *held) -> None:
    ledger.save_fingerprints(list(held), SCOPE, rows(), as_of=AS_OF, run_key="r")


def test_a_second_holder_waits_and_learns_who_writes_and_how_long(ledger):
    ledger.acquire_lease(NAME, "run 1", 300)
    with pytest.raises(LeaseHeld, match=r"product_inventory/product_inventory/usmf.*run 1") as caught:
        ledger.acquire_lease(NAME, "run 2", 300)
    assert caught.value.retry_after == 300


def test_tasks_of_one_run_share_its_lease(ledger):
    first = ledger.acquire_lease(NAME, "run 1", 300)
    second = ledger.acquire_lease(NAME, "run 1", 300)
    assert first == second
    ledger.renew([first], 300)
    save(ledger, first, second)


def test_leases_of_other_names_do_not_matter(ledger):
    ledger.acquire_lease(NAME, "run 1", 300)
    ledger.acquire_lease("product_inventory/product_inventory/demf", "run 2", 300)


def test_a_lease_that_ran_out_passes_on_with_a_higher_number(ledger, clock):
    first = ledger.acquire_lease(NAME, "run 1", 300)
    clock.advance(299)
    with pytest.raises(LeaseHeld):
        ledger.acquire_lease(NAME, "run 2", 300)
    clock.advance(1)
    assert ledger.acquire_lease(NAME, "run 2", 300).fence > first.fence


def test_a_holder_that_was_overtaken_after_its_time_is_fenced_off(ledger, clock):
    first = ledger.acquire_lease(NAME, "run 1", 300)
    clock.advance(301)
    second = ledger.acquire_lease(NAME, "run 2", 300)
    with pytest.raises(Fenced, match="run 2"):
        ledger.renew([first], 300)
    with pytest.raises(Fenced):
        save(ledger, first)
    assert ledger.fingerprint_count(SCOPE) == 0
    ledger.renew([second], 300)


def test_a_holder_whose_time_ran_out_goes_on_when_nobody_took_over(ledger, clock):
    lease = ledger.acquire_lease(NAME, "run 1", 300)
    clock.advance(1000)
    ledger.renew([lease], 300)
    with pytest.raises(LeaseHeld):
        ledger.acquire_lease(NAME, "run 2", 300)


def test_takeover_fences_off_a_living_holder(ledger):
    area = ledger.acquire_lease(NAME, "run 1", 300)
    first = ledger.acquire_lease(f"{NAME}/r/0", "try 1", 300, takeover=True)
    second = ledger.acquire_lease(f"{NAME}/r/0", "try 2", 300, takeover=True)
    assert second.fence > first.fence
    with pytest.raises(Fenced):
        ledger.renew([first], 300)
    with pytest.raises(Fenced, match="nothing needs to be done"):
        save(ledger, area, first)
    assert ledger.fingerprint_count(SCOPE) == 0, "one fenced lease of two is enough to enter nothing"
    save(ledger, area, second)
    assert ledger.fingerprint_count(SCOPE) == 1


@pytest.mark.parametrize("passed", [0, 149, 151, 299])
def test_renewing_keeps_a_lease_for_as_long_as_it_is_renewed_in_time(ledger, clock, passed):
    lease = ledger.acquire_lease(NAME, "run 1", 300)
    for _ in range(5):
        clock.advance(passed)
        ledger.renew([lease], 300)
    clock.advance(149)
    with pytest.raises(LeaseHeld):
        ledger.acquire_lease(NAME, "run 2", 300)


def test_a_released_lease_is_free_at_once_and_its_number_never_falls(ledger):
    first = ledger.acquire_lease(NAME, "run 1", 300)
    ledger.release([first])
    second = ledger.acquire_lease(NAME, "run 2", 300)
    assert second.fence > first.fence
    ledger.release([second])
    third = ledger.acquire_lease(NAME, "run 1", 300)
    assert third.fence > second.fence
    with pytest.raises(Fenced):
        ledger.renew([first], 300)


def test_a_released_lease_can_no_longer_be_used(ledger):
    lease = ledger.acquire_lease(NAME, "run 1", 300)
    ledger.release([lease])
    with pytest.raises(Fenced, match="nobody"):
        save(ledger, lease)


def test_a_late_release_does_not_take_the_lease_from_its_new_holder(ledger, clock):
    first = ledger.acquire_lease(NAME, "run 1", 300)
    clock.advance(301)
    second = ledger.acquire_lease(NAME, "run 2", 300)
    ledger.release([first])
    ledger.renew([second], 300)


def test_of_many_that_ask_at_once_exactly_one_gets_the_lease(ledger):
    def attempt(holder: int) -> int:
        try:
            ledger.acquire_lease(NAME, f"run {holder}", 300)
        except LeaseHeld:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 1


def test_simultaneous_takeovers_get_different_numbers(ledger):
    def take(number: int) -> int:
        return ledger.acquire_lease(NAME, f"try {number}", 300, takeover=True).fence

    with ThreadPoolExecutor(8) as pool:
        fences = list(pool.map(take, range(16)))
    assert sorted(fences) == list(range(1, 17))


def test_nobody_can_take_over_between_the_check_and_the_entry(ledger, monkeypatch):
    lease = ledger.acquire_lease(NAME, "try 1", 300)
    enter = fingerprints.save

    with ThreadPoolExecutor(1) as pool:
        overtaking = []

        def overtaken_meanwhile(*arguments, **options):
            overtaking.append(pool.submit(ledger.acquire_lease, NAME, "try 2", 300, takeover=True))
            with pytest.raises(NotYet):
                overtaking[0].result(timeout=0.3)
            enter(*arguments, **options)

        monkeypatch.setattr(fingerprints, "save", overtaken_meanwhile)
        save(ledger, lease)
        assert overtaking[0].result(timeout=30).fence == lease.fence + 1
    assert ledger.fingerprint_count(SCOPE) == 1


def test_a_lease_taken_over_between_the_look_at_it_and_its_renewal_is_not_renewed(ledger, clock, monkeypatch):
    lease = ledger.acquire_lease(NAME, "try 1", 300)
    clock.advance(200)
    look = leases.are_fresh

    def overtaken_meanwhile(*arguments, **options):
        fresh = look(*arguments, **options)
        ledger.acquire_lease(NAME, "try 2", 300, takeover=True)
        return fresh

    monkeypatch.setattr(leases, "are_fresh", overtaken_meanwhile)
    with pytest.raises(Fenced, match="try 2"):
        ledger.renew([lease], 300)
    monkeypatch.undo()
    with pytest.raises(Fenced):
        ledger.renew([lease], 300)


def test_without_a_clock_of_its_own_the_ledger_asks_the_database_or_the_machine(ledger):
    own = Ledger(ledger.engine)
    own.acquire_lease(NAME, "run 1", 300)
    with pytest.raises(LeaseHeld) as caught:
        own.acquire_lease(NAME, "run 2", 300)
    assert 290 < caught.value.retry_after <= 300


AREA = "warehouses/warehouse"
DEMF, FRRT, USMF = (f"{AREA}/{company}" for company in ("demf", "frrt", "usmf"))


def test_a_run_takes_the_leases_of_all_its_companies_or_none(ledger):
    ledger.acquire_lease(FRRT, "run 1", 300)
    with pytest.raises(LeaseHeld, match=r"frrt.*run 1"):
        ledger.acquire_leases([USMF, FRRT, DEMF], "run 2", 300)
    assert [lease.holder for lease in ledger.acquire_leases([USMF, DEMF], "run 3", 300)] == ["run 3", "run 3"]


def test_runs_with_no_company_in_common_write_side_by_side(ledger):
    first = ledger.acquire_leases([USMF, DEMF], "run 1", 300)
    second = ledger.acquire_leases([FRRT], "run 2", 300)
    for held in (first, second):
        ledger.renew(held, 300)
        save(ledger, *held)


def test_renewing_renews_every_lease_and_fails_when_one_is_lost(ledger, clock):
    held = ledger.acquire_leases([USMF, DEMF], "run 1", 300)
    clock.advance(200)
    ledger.renew(held, 300)
    clock.advance(200)
    for name in (USMF, DEMF):
        with pytest.raises(LeaseHeld):
            ledger.acquire_lease(name, "run 2", 300)
    clock.advance(200)
    ledger.acquire_lease(DEMF, "run 2", 300)
    with pytest.raises(Fenced, match="demf"):
        ledger.renew(held, 300)


def test_releasing_frees_only_what_is_still_ours(ledger, clock):
    held = ledger.acquire_leases([USMF, DEMF], "run 1", 300)
    clock.advance(301)
    other = ledger.acquire_lease(DEMF, "run 2", 300)
    ledger.release(held)
    ledger.renew([other], 300)
    ledger.acquire_lease(USMF, "run 3", 300)


def test_a_company_has_one_lease_however_its_id_is_spelled():
    assert Scope("m", "t", "USMF").lease == Scope("m", "t", "usmf").lease


def test_threads_that_want_each_others_companies_in_another_order_never_deadlock(ledger):
    def attempts(holder: int) -> int:
        names = [USMF, DEMF, FRRT] if holder % 2 else [FRRT, DEMF, USMF]
        taken = 0
        for _ in range(10):
            try:
                held = ledger.acquire_leases(names, f"run {holder}", 300)
            except LeaseHeld:
                continue
            ledger.renew(held, 300)
            ledger.release(held)
            taken += 1
        return taken

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempts, range(6), timeout=60)) > 0
    assert len(ledger.acquire_leases([USMF, DEMF, FRRT], "last", 300)) == 3


WRITE_IN_TURN = """
import sys
from fs_integration.errors import LeaseHeld
from fs_integration.ledger import Ledger, open_engine
ledger, holder, names = Ledger(open_engine(sys.argv[1])), sys.argv[2], sys.argv[3:]
while True:
    try:
        held = ledger.acquire_leases(names, holder, 300)
        break
    except LeaseHeld:
        pass
for line in range(20):
    ledger.renew(held, 300)
    print(holder, flush=True)
ledger.release(held)
"""


def test_of_two_processes_one_writes_after_the_other(ledger, url, tmp_path):
    together = tmp_path / "lines"
    with together.open("a") as lines:
        started = [
            subprocess.Popen([sys.executable, "-c", WRITE_IN_TURN, url, holder, *names], stdout=lines)
            for holder, names in (("one", [USMF, DEMF]), ("two", [DEMF, FRRT]))
        ]
        assert [process.wait(60) for process in started] == [0, 0]
    turns = [holder for holder, _ in groupby(together.read_text().split())]
    assert sorted(turns) == ["one", "two"], "each wrote all its lines without the other in between"
