"""A writer that wakes up after somebody took over sends no request and enters nothing, on either database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from tests.unit.transform.builders import a_frame, a_task

from fs_integration.errors import Fenced
from fs_integration.ledger import Ledger, open_engine
from fs_integration.pipeline.run import Mode, Run
from fs_integration.pipeline.writer import FINGERPRINT, FOUND, LEASE_SECONDS, OUTCOME, RULE, Writer
from fs_integration.records import BatchRef, Interval, Scope
from fs_integration.spec.metadata import ColumnKind

SCOPE, OTHER = Scope("m", "t", "usmf"), Scope("m", "t", "demf")
RUN = Run("one", "dag", "one", Mode.SCHEDULED, Interval(None, datetime(2026, 11, 20, tzinfo=UTC)))
REF = BatchRef("m", "t", "usmf", "one", "03_shaped", 0, "uri", 2, "sum")


class Target:
    """Takes every row, and notes who sent it."""

    def __init__(self, asleep: Callable[[], object] = lambda: None) -> None:
        self.sent: list[str] = []
        self._asleep = asleep

    def write(self, rows: pd.DataFrame, *, before_request: Callable[[], None], **_: Any) -> pd.DataFrame:
        self._asleep()
        before_request()
        self.sent += rows["_key"].tolist()
        size = len(rows)
        return a_frame(_key=rows["_key"].tolist(), status=["written"] * size, code=[""] * size, message=[""] * size)


def writer(ledger: Ledger, target: Any, run: Run, try_id: str) -> Writer:
    held = ledger.acquire_leases([SCOPE.lease, OTHER.lease], run.run_key, LEASE_SECONDS)
    own = ledger.acquire_lease(f"{SCOPE}/{run.run_key}/0", try_id, LEASE_SECONDS, takeover=True)
    return Writer(task=a_task(), run=run, ref=REF, target=target, ledger=ledger, leases=[*held, own])


def rows() -> pd.DataFrame:
    columns: dict[str, list[Any]] = {
        "_key": ["a", "b"], "_source_key": ["a", "b"], "key": ["a", "b"], "name": ["A", "B"], FINGERPRINT: [1, 2],
        OUTCOME: ["", ""], RULE: ["", ""], FOUND: [False, False],
    }  # fmt: skip
    return a_frame({FINGERPRINT: ColumnKind.INTEGER, FOUND: ColumnKind.BOOLEAN}, **columns)


@pytest.mark.parametrize("newer", ["another try of this run", "another run, after the time of the first was over"])
def test_a_writer_that_wakes_up_late_sends_nothing_and_enters_nothing(ledger, clock, newer):
    late = Target()
    first = writer(ledger, late, RUN, "1")
    clock.advance(LEASE_SECONDS + 1)
    run = RUN if newer.endswith("this run") else Run("two", "dag", "two", Mode.SCHEDULED, RUN.interval)
    prompt = Target()
    writer(ledger, prompt, run, "2").write(rows())
    known = ledger.fingerprints(SCOPE, rows()["_key"]).to_dict("records")
    with pytest.raises(Fenced):
        first.write(rows())
    assert (late.sent, prompt.sent) == ([], ["a", "b"])
    assert ledger.fingerprints(SCOPE, rows()["_key"]).to_dict("records") == known


def test_of_two_threads_the_one_that_fell_asleep_before_its_request_sends_nothing(url):
    sleeps, over = threading.Event(), threading.Event()

    def asleep() -> None:
        sleeps.set()
        assert over.wait(30)

    ledgers = [Ledger(open_engine(url)) for _ in range(2)]
    ledgers[0].migrate()
    late, prompt = Target(asleep), Target()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(writer(ledgers[0], late, RUN, "1").write, rows())
        assert sleeps.wait(30)
        writer(ledgers[1], prompt, RUN, "2").write(rows())
        over.set()
        with pytest.raises(Fenced, match="newer try"):
            first.result(30)
    assert (late.sent, prompt.sent) == ([], ["a", "b"])
    assert ledgers[1].fingerprint_count(SCOPE) == 2
    for ledger in ledgers:
        ledger.engine.dispose()
