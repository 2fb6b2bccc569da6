"""A task may be killed at any moment, and two tries of it may live at once: no row is lost, nothing happens twice."""

from __future__ import annotations

from collections import Counter

import pytest

from fs_integration.errors import Fenced, LeaseHeld
from fs_integration.pipeline import writer
from fs_integration.pipeline.reconcile import reconcile
from fs_integration.pipeline.run import Mode, Run, scopes_of
from fs_integration.records import Interval
from fs_integration.spec.loader import load_mapping
from fs_integration.staging import run_key
from local.check import compare_stock

KEYS = ("msdynce_productnumber", "msdynce_warehouseid")


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the package may catch it."""


@pytest.fixture
def gated(ready):
    """Warehouses and products are loaded, stock is ready to be loaded: (site, area, task, run, accepted batches)."""
    site = ready
    area = load_mapping("product_inventory")
    task = area.tasks[0]
    task = task.model_copy(
        update={"target": task.target.model_copy(update={"request_rows": 5, "parallel_requests": 1})}
    )
    run = Run(run_key("crash"), "fs_product_inventory", "crash", Mode.SCHEDULED, Interval(None, site.moment))
    scopes = scopes_of(area.mapping, task.name, site.direct.companies)
    gate = site.direct.up_to_gate(area, task, run, scopes)
    site.sandbox.control("POST", "/stats/reset")
    return site, area, task, run, list(gate.accepted)


def finish(gated):
    """Load every batch as a second try and close the books."""
    site, area, task, run, refs = gated
    results = [site.direct.load(ref, task, run, try_id="second") for ref in refs]
    scopes = scopes_of(area.mapping, task.name, site.direct.companies)
    return reconcile(task, run, companies=scopes, scopes=scopes, results=results, clients=site.direct.clients,
                     staging=site.direct.staging, ledger=site.direct.ledger)  # fmt: skip


def load_all(refs, site, task, run):
    for ref in refs:
        site.direct.load(ref, task, run, try_id="first")


def single(rows):
    counts = Counter(tuple(row[name] for name in KEYS) for row in rows)
    return [key for key, count in counts.items() if count > 1]


@pytest.mark.parametrize("point", [0, 1, 2, 3])
@pytest.mark.parametrize("where", ["before_request", "after_answer"])
def test_a_load_killed_at_any_point_is_completed_by_the_next_try(gated, monkeypatch, point, where):
    site, _, task, run, refs = gated
    calls = Counter()
    name = "_still_ours" if where == "before_request" else "_write_slice"
    original = getattr(writer.Writer, name)

    def dying(self, *arguments, **named):
        if where == "after_answer":
            original(self, *arguments, **named)
        calls[where] += 1
        if calls[where] > point:
            raise Killed
        if where == "before_request":
            original(self, *arguments, **named)

    monkeypatch.setattr(writer.Writer, name, dying)
    with pytest.raises(Killed):
        load_all(refs, site, task, run)
    monkeypatch.undo()
    books = finish(gated)
    assert compare_stock(site.sandbox).differences == []
    assert single(site.rows("dataverse", "msdynce_externalproductinventories")) == []
    assert all(own.read + own.generated == own.accounted for own in books)


def test_a_row_written_but_not_confirmed_is_written_again_with_the_same_values(gated, monkeypatch):
    site, _, task, run, refs = gated

    def lost(*arguments, **options):
        raise Killed

    monkeypatch.setattr(type(site.direct.ledger), "save_fingerprints", lost)
    with pytest.raises(Killed):
        site.direct.load(refs[0], task, run, try_id="first")
    monkeypatch.undo()
    first = site.levels()
    assert first
    assert site.direct.ledger.fingerprint_count(refs[0].scope) == 0
    result = site.direct.load(refs[0], task, run, try_id="second")
    assert sum(result.counts.values()) >= refs[0].rows
    assert {key: level for key, level in site.levels().items() if key in first} == first
    levelled = [(row["msdyn_product"], row["msdyn_warehouse"], row["msdyn_journaltype"])
                for row in site.rows("dataverse", "msdyn_inventoryjournals")]  # fmt: skip
    assert len(levelled) == len(set(levelled)), "the repeat finds no difference, so it makes no second journal"


def test_an_overtaken_try_sends_nothing_more(gated):
    site, _, task, run, refs = gated
    ledger, ref = site.direct.ledger, refs[0]
    original = ledger.renew
    overtaken = []

    def overtake(held, ttl):
        if not overtaken:
            overtaken.append(ledger.acquire_lease(held[-1].name, "newer try", 300, takeover=True))
        return original(held, ttl)

    ledger.renew = overtake
    with pytest.raises(Fenced):
        site.direct.load(ref, task, run, try_id="older try")
    assert site.written() == 0
    assert site.levels() == {}


def test_an_overtaken_try_confirms_nothing(gated, monkeypatch):
    site, _, task, run, refs = gated
    ledger, ref = site.direct.ledger, refs[0]
    monkeypatch.setattr(writer.Writer, "_still_ours", lambda self: None)
    write = site.direct.clients.dataverse.write

    def overtake_after(*arguments, **options):
        answer = write(*arguments, **options)
        ledger.acquire_lease(f"{ref.scope}/{ref.run_key}/{ref.number}", "newer try", 300, takeover=True)
        return answer

    monkeypatch.setattr(site.direct.clients.dataverse, "write", overtake_after)
    with pytest.raises(Fenced):
        site.direct.load(ref, task, run, try_id="older try")
    assert ledger.fingerprint_count(ref.scope) == 0


def test_a_second_run_waits_while_another_writes_one_of_its_companies(gated):
    site, _, task, run, refs = gated
    site.direct.ledger.acquire_lease(refs[-1].scope.lease, "another run", 300)
    with pytest.raises(LeaseHeld, match="product_inventory"):
        site.direct.load(refs[0], task, run)
    assert site.written() == 0
