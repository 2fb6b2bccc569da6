"""Which journals the cycle waits for: those that we wrote, of the company, that are not posted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from fs_integration.errors import MappingError
from fs_integration.frames import frame_of
from fs_integration.ledger import Ledger, open_engine
from fs_integration.pipeline.posting import UnpostedJournal, unposted_journals
from fs_integration.records import Scope
from fs_integration.spec.metadata import ColumnKind

HEADERS = "InventoryTransferJournalHeaders"
SCOPE = Scope("inventory_transfers", "lines", "usmf")
KEY = ("dataAreaId", "JournalNumber", "LineNumber")
WRITTEN = ("usmf|UT000001|1", "usmf|UT000001|2", "usmf|UT000002|1", "usmf|UT000003|1")


class Service:
    """Finance & Operations with these unposted journals, in pages of two."""

    def __init__(self, *numbers: str | None) -> None:
        self.numbers = list(numbers)
        self.asked: list[dict[str, Any]] = []

    def read(self, entity: str, **options: Any) -> Any:
        self.asked.append({"entity": entity, **options})
        for start in range(0, len(self.numbers), 2):
            yield page(JournalNumber=self.numbers[start : start + 2])


def page(**columns: Any) -> pd.DataFrame:
    return frame_of(
        columns, {name: ColumnKind.INTEGER if name == "_fingerprint" else ColumnKind.TEXT for name in columns}
    )


@pytest.fixture
def ledger(tmp_path):
    """A ledger that knows four lines of three journals of usmf, and one line of demf."""
    ledger = Ledger(open_engine(f"sqlite:///{tmp_path / 'ledger.db'}"))
    ledger.migrate()
    lease = ledger.acquire_lease(SCOPE.lease, "test", 60)
    for scope, keys in ((SCOPE, WRITTEN), (Scope("inventory_transfers", "lines", "demf"), ("demf|UT000009|1",))):
        rows = page(_key=list(keys), _source_key=list(keys), _fingerprint=[1] * len(keys))
        ledger.save_fingerprints([lease], scope, rows, as_of=datetime(2026, 11, 1, tzinfo=UTC), run_key="r")
    return ledger


def waiting(ledger, service, key=KEY, scope=SCOPE):
    return [journal.number for journal in unposted_journals(HEADERS, key, scope, client=service, ledger=ledger)]


def test_our_unposted_journals_are_named_once_each_in_order(ledger):
    assert waiting(ledger, Service("UT000002", "UT000001")) == ["UT000001", "UT000002"]


def test_journals_of_other_people_are_not_waited_for(ledger):
    assert waiting(ledger, Service("JRN-77", "UT000003", None)) == ["UT000003"]


def test_a_number_that_another_company_wrote_is_not_ours_here(ledger):
    assert waiting(ledger, Service("UT000009")) == []


def test_posted_journals_are_not_waited_for(ledger):
    assert waiting(ledger, Service()) == []


def test_the_service_is_asked_for_unposted_journals_of_the_company_alone(ledger):
    service = Service()
    waiting(ledger, service)
    (asked,) = service.asked
    assert (asked["entity"], asked["company"], asked["columns"]) == (HEADERS, "usmf", ["JournalNumber"])
    assert [(condition.field, condition.is_) for condition in asked["where"]] == [("IsPosted", "No")]


def test_the_number_is_found_wherever_it_stands_in_the_key_and_however_it_is_spelt(ledger):
    assert waiting(ledger, Service("UT000001"), key=("DATAAREAID", "JOURNALNUMBER", "LINENUMBER")) == ["UT000001"]


def test_a_key_without_the_number_is_refused(ledger):
    with pytest.raises(MappingError, match="JournalNumber"):
        waiting(ledger, Service("UT000001"), key=("dataAreaId", "LineNumber"))


def test_a_journal_travels_as_plain_values(ledger):
    journal = UnpostedJournal(HEADERS, "usmf", "UT000001")
    assert journal.to_dict() == {"entity": HEADERS, "legal_entity": "usmf", "number": "UT000001"}
