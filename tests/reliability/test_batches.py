"""Requests that carry many rows: parts of a `$batch` fail or are missing, B1; what is rolled back whole, B2."""

from __future__ import annotations

import pytest
from tests.reliability.catalogue import TO_FIELD_SERVICE
from tests.reliability.plugin import cases
from tests.reliability.refusing import Refusal, dataverse_error, finance_error
from tests.reliability.rows import arriving, assert_holds, assert_judged, crew, judge, lost, without
from tests.reliability.site import outcomes
from tests.reliability.steps import tasks_of
from tests.reliability.trouble import WRITES, assert_met

from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping, MappingTask

BATCH = {"method": "POST", "path_regex": r"/\$batch", "action": "batch_part"}
# One request after the other. Parts are rows, or whole documents; at least two of them are on the way until the end.
DISTURBED = (
    {"how": "lose", "parts": [1, 2]}, {"how": "skip"}, {"how": "refuse", "status": 503}, {"how": "reverse"},
)  # fmt: skip
NOT_ALLOWED = "A rule of this company does not allow it"


def by_batch(area: str) -> Mapping:
    """Return the mapping of an area whose rows of Dataverse go in batches; those of Finance & Operations always do."""
    mapping = load_mapping(area)
    if area not in TO_FIELD_SERVICE:
        return mapping
    return mapping.model_copy(update={"tasks": tuple(_by_batch(task) for task in mapping.tasks)})


def _by_batch(task: MappingTask) -> MappingTask:
    return task.model_copy(update={"target": task.target.model_copy(update={"write": "batch"})})


@pytest.mark.parametrize("area", cases("B1"))
def test_each_row_of_a_batch_has_its_own_outcome(area, sites, monkeypatch, outcome):
    """What is not answered is looked up or sent again; the one row that is refused is held back alone."""
    world = crew(area)
    less = without(world, area, arriving(world, area)[0])
    target, key = lost(area, world, less)
    site = sites.make(area, world=world)
    error = dataverse_error("0x80040265", NOT_ALLOWED) if area in TO_FIELD_SERVICE else finance_error(NOT_ALLOWED)
    rule = Refusal(target, key, error).put(monkeypatch)
    site.faults(*({**BATCH, "nth": nth, "args": args} for nth, args in enumerate(DISTURBED, start=1)))
    for task in tasks_of(site, "batches", area=by_batch(area)):
        task.go()
        assert task.balance()
    assert_met(site)
    assert_holds(site, judge(area, less))
    assert rule.refused
    assert len(set(rule.met)) > 1
    held = site.pipeline.ledger.open_quarantine()
    assert any(NOT_ALLOWED in reason for reason in held["reason"])
    outcome("QUA")


@pytest.mark.parametrize("area", cases("B2"))
def test_what_is_rolled_back_whole_holds_up_no_other_row(area, sites, outcome):
    """A bulk message is taken apart until each row is alone; a change set is one row, or one document."""
    world = crew(area)
    site = sites.make(area, world=world)
    args = {"status": 400, "code": "0x80040265", "message": NOT_ALLOWED}
    if area in TO_FIELD_SERVICE:
        site.faults({**WRITES, "action": "status", "args": args})
        assert_judged(site, site.run_area(), judge(area, world))
        assert_met(site)
        outcome("OK")
        return
    site.faults({**BATCH, "args": {**args, "how": "refuse", "parts": [1]}})
    first = outcomes(site.run_area())
    assert_met(site)
    held = site.pipeline.ledger.open_quarantine()
    assert any(NOT_ALLOWED in reason for reason in held["reason"])
    assert sum(found["arrived"] for found in first.values())
    site.heal()
    site.run_area()
    assert_holds(site, judge(area, world))
    outcome("QUA")
