"""Reconciliation believes what stands in Dataverse, not what was sent, and a run that does not add up moves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from tests.integration.conftest import EXTERNAL, Site

from fs_integration.errors import ReconciliationError
from fs_integration.pipeline.load import LoadResult
from fs_integration.pipeline.reconcile import Books, reconcile
from fs_integration.pipeline.run import Mode, Run, scopes_of
from fs_integration.records import Interval, Scope
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import MappingTask
from fs_integration.staging import run_key


@dataclass
class Loaded:
    """Stock that is written and not yet reconciled."""

    site: Site
    task: MappingTask
    run: Run
    scopes: list[Scope]
    results: list[LoadResult]

    def reconcile(self, results: list[LoadResult] | None = None, **target: Any) -> list[Books]:
        """Close the books. :param target: settings of the mapping's target put over its own."""
        task = self.task.model_copy(update={"target": self.task.target.model_copy(update=target)})
        direct = self.site.direct
        results = self.results if results is None else results
        return reconcile(task, self.run, companies=self.scopes, scopes=self.scopes, results=results,
                         clients=direct.clients, staging=direct.staging, ledger=direct.ledger)  # fmt: skip

    def watermarks(self) -> list[Any]:
        return [self.site.direct.ledger.watermark(scope) for scope in self.scopes]

    def statuses(self) -> list[str]:
        return [self.site.direct.ledger.run(scope, self.run.run_key).status for scope in self.scopes]


@pytest.fixture
def loaded(ready: Site) -> Loaded:
    site, area = ready, load_mapping("product_inventory")
    task = area.tasks[0]
    run = Run(run_key("checked"), "fs_product_inventory", "checked", Mode.SCHEDULED, Interval(None, site.moment))
    scopes = scopes_of(area.mapping, task.name, site.direct.companies)
    gate = site.direct.up_to_gate(area, task, run, scopes)
    return Loaded(site, task, run, scopes, [site.direct.load(ref, task, run) for ref in gate.accepted])


def change_one(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**rows[0], "msdynce_onhandquantity": 987_654.0}, *rows[1:]]


def delete_one(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows[1:]


def test_what_stands_in_dataverse_as_sent_closes_the_books_and_moves_the_watermark(loaded):
    books = loaded.reconcile()
    assert sum(own.drift + own.missing for own in books) == 0
    assert loaded.watermarks() == [loaded.run.as_of] * 3
    assert loaded.statuses() == ["succeeded"] * 3


@pytest.mark.parametrize(
    ("tamper", "said"),
    [(change_one, "0 are missing there and 1 differ"), (delete_one, "1 are missing there and 0 differ")],
)
def test_a_row_that_is_not_as_sent_fails_its_company_and_leaves_its_watermark(loaded, tamper, said):
    loaded.site.replace("dataverse", EXTERNAL, tamper(loaded.site.rows("dataverse", EXTERNAL)))
    with pytest.raises(ReconciliationError, match=said) as raised:
        loaded.reconcile()
    assert EXTERNAL.removesuffix("inventories") in str(raised.value)
    assert "The watermark stays" in str(raised.value)
    assert sorted(loaded.statuses()) == ["failed", "succeeded", "succeeded"]
    failed = loaded.statuses().index("failed")
    assert loaded.watermarks()[failed] is None
    assert str(loaded.scopes[failed]) in str(raised.value)
    assert [mark for mark in loaded.watermarks() if mark] == [loaded.run.as_of] * 2, "the others are not held up"


@pytest.mark.parametrize("tamper", [change_one, delete_one])
def test_clearing_the_failed_run_mends_the_row(loaded, tamper):
    site, sent = loaded.site, loaded.site.levels()
    site.replace("dataverse", EXTERNAL, tamper(site.rows("dataverse", EXTERNAL)))
    with pytest.raises(ReconciliationError, match="writes these rows again"):
        loaded.reconcile()
    site.sandbox.control("POST", "/stats/reset")
    site.run("product_inventory", run_id="checked", end=loaded.run.as_of)
    assert site.written() == 1
    assert site.levels() == sent
    assert loaded.statuses() == ["succeeded"] * 3


def test_as_many_changed_rows_as_the_mapping_allows_are_only_counted(loaded):
    loaded.site.replace("dataverse", EXTERNAL, change_one(loaded.site.rows("dataverse", EXTERNAL)))
    books = loaded.reconcile(max_drift=1)
    assert sum(own.drift for own in books) == 1
    assert loaded.statuses() == ["succeeded"] * 3


def test_rows_that_nobody_accounts_for_fail_the_company_and_leave_its_watermark(loaded):
    scope = loaded.scopes[0]
    first = next(result.outcome for result in loaded.results if result.outcome.scope == scope)
    loaded.site.direct.ledger.record_outcomes(scope, loaded.run.run_key, first.number, {("created", ""): 1})
    with pytest.raises(ReconciliationError, match=r"rows were read and 0 generated, but \d+ are accounted for"):
        loaded.reconcile()
    assert loaded.statuses() == ["failed", "succeeded", "succeeded"]
    assert loaded.watermarks()[0] is None
