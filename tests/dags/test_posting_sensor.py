"""How the cycle waits for Supply Chain Management: looks, sleeps, and what happens when the time is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import TaskDeferred

from fs_integration.errors import ConfigurationError, DataQualityError, Throttled
from fs_integration.hooks.finance_operations import FinanceOperationsHook
from fs_integration.hooks.ledger import LedgerHook
from fs_integration.operators import JournalsPostedSensor
from fs_integration.pipeline import posting
from fs_integration.pipeline.posting import UnpostedJournal

AREAS = ("warehouses", "inventory_adjustments", "inventory_transfers")
ENTITY = "InventoryAdjustmentJournalHeaders"
CONTEXT = {"params": {}, "dag": SimpleNamespace(params={}), "task": SimpleNamespace(params={})}


@pytest.fixture
def scm(mappings, monkeypatch):
    """What is unposted, by (entity, company); every look is written down."""
    mappings(**{area: [] for area in AREAS})
    unposted, looks = {}, []

    def look(entity, key, scope, **_):
        looks.append((entity, str(scope), key))
        numbers = unposted.get((entity, scope.legal_entity), [])
        if isinstance(numbers, Exception):
            raise numbers
        return [UnpostedJournal(entity, scope.legal_entity, number) for number in numbers]

    monkeypatch.setattr(posting, "unposted_journals", look)
    monkeypatch.setattr(FinanceOperationsHook, "get_conn", lambda self: None)
    monkeypatch.setattr(LedgerHook, "get_ledger", lambda self: None)
    unposted["looks"] = looks
    return unposted


def sensor(**options):
    return JournalsPostedSensor(task_id="posted", areas=AREAS, connection_set="default", **options)


def ago(minutes):
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def test_it_looks_for_every_kind_of_journal_in_every_company(scm):
    assert sensor().execute(CONTEXT) == []
    assert scm["looks"] == [
        (ENTITY, "inventory_adjustments/lines/usmf", ("JournalNumber", "LineNumber")),
        (ENTITY, "inventory_adjustments/lines/demf", ("JournalNumber", "LineNumber")),
        ("InventoryTransferJournalHeaders", "inventory_transfers/lines/usmf", ("JournalNumber", "LineNumber")),
        ("InventoryTransferJournalHeaders", "inventory_transfers/lines/demf", ("JournalNumber", "LineNumber")),
    ]


def test_a_task_woken_without_its_arguments_begins_to_wait_anew(scm):
    scm[ENTITY, "demf"] = ["DA000001"]
    with pytest.raises(TaskDeferred) as slept:
        sensor(minutes="30").look({}, None)
    until = datetime.fromisoformat(slept.value.kwargs["until"])
    assert timedelta(minutes=29) < until - datetime.now(UTC) <= timedelta(minutes=30)


def test_an_unposted_journal_of_one_company_lets_it_sleep_until_the_next_look(scm):
    scm[ENTITY, "demf"] = ["DA000001"]
    with pytest.raises(TaskDeferred) as slept:
        sensor(minutes="30", look_every=timedelta(minutes=2)).execute(CONTEXT)
    wait = slept.value.trigger.moment - datetime.now(UTC)
    assert timedelta(seconds=100) < wait <= timedelta(minutes=2)
    assert slept.value.method_name == "look"
    until = datetime.fromisoformat(slept.value.kwargs["until"]) - datetime.now(UTC)
    assert timedelta(minutes=29) < until <= timedelta(minutes=30)


def test_it_never_sleeps_beyond_the_end_of_the_waiting(scm):
    scm[ENTITY, "usmf"] = ["UA000001"]
    with pytest.raises(TaskDeferred) as slept:
        sensor(minutes=1, look_every=timedelta(minutes=10)).execute(CONTEXT)
    assert slept.value.trigger.moment - datetime.now(UTC) <= timedelta(minutes=1)


def test_the_end_of_the_waiting_stays_the_same_from_look_to_look(scm):
    scm[ENTITY, "usmf"] = ["UA000001"]
    until = ago(-5)
    with pytest.raises(TaskDeferred) as slept:
        sensor().look({}, object(), until=until)
    assert slept.value.kwargs == {"until": until}


def test_it_ends_as_soon_as_everything_is_posted(scm):
    assert sensor().look({}, object(), until=ago(-5)) == []


def test_a_last_look_counts_although_the_time_is_over(scm):
    assert sensor().look({}, object(), until=ago(5)) == []


def test_when_the_time_is_over_it_fails_and_names_the_journals(scm):
    scm[ENTITY, "usmf"] = [f"UA{number:06}" for number in range(1, 23)]
    with pytest.raises(DataQualityError) as failed:
        sensor(minutes=60).look({}, object(), until=ago(5))
    text = str(failed.value)
    assert "22 of our journals not posted" in text
    assert "UA000001 (usmf)" in text
    assert "and 2 more" in text
    assert "Post integration inventory journals" in text


def test_or_it_goes_on_and_hands_over_what_was_not_posted(scm):
    scm[ENTITY, "usmf"] = ["UA000001"]
    left = sensor(at_timeout="go_on").look({}, object(), until=ago(5))
    assert left == [{"entity": ENTITY, "legal_entity": "usmf", "number": "UA000001"}]


def test_waiting_no_time_at_all_means_one_look(scm):
    scm[ENTITY, "usmf"] = ["UA000001"]
    assert len(sensor(minutes=0, at_timeout="go_on").execute(CONTEXT)) == 1


def test_another_word_for_what_happens_then_is_refused_at_once(scm):
    with pytest.raises(ConfigurationError, match="go_on"):
        sensor(at_timeout="continue").execute(CONTEXT)


def test_a_service_that_cannot_answer_now_is_asked_again_later_without_a_failed_try(scm):
    scm[ENTITY, "usmf"] = Throttled("wait", retry_after=7)
    until = ago(-5)
    with pytest.raises(TaskDeferred) as slept:
        sensor().look({}, object(), until=until)
    assert slept.value.kwargs == {"until": until}


def test_a_service_that_cannot_answer_when_the_time_is_over_fails_the_task_whatever_was_chosen(scm):
    scm[ENTITY, "usmf"] = Throttled("wait", retry_after=7)
    with pytest.raises(Throttled):
        sensor(at_timeout="go_on").look({}, object(), until=ago(5))
