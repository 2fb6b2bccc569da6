"""Data packages in trouble, B3 to B9, S10 and W7: areas with a package in place of their writes, or of their reads."""

from __future__ import annotations

import pytest
from tests.reliability.catalogue import TO_SUPPLY_CHAIN
from tests.reliability.packages import (
    Started,
    open_site,
    package_tasks,
    package_world,
    run_by_package,
    without_odata,
)
from tests.reliability.plugin import cases
from tests.reliability.refusing import Refusal, finance_error
from tests.reliability.rows import arriving, assert_holds, judge, lost, without
from tests.reliability.steps import Killed
from tests.reliability.trouble import in_turn

from fs_integration.errors import PackageUnderWay, ServiceUnavailable
from fs_integration.pipeline.load import load
from fs_integration.pipeline.source import export_id
from fs_integration.staging import StagingArea
from sandbox.finops.packages.imports import Imports

START = r"Microsoft\.Dynamics\.DataEntities\.(ImportFromPackage|ExportToPackage)$"


def as_by_odata(site, area):
    """Make sure that the systems hold what they hold without packages."""
    assert_holds(site, without_odata(judge(area, package_world(area))))


@pytest.mark.parametrize("area", cases("B3"))
def test_a_package_that_never_ends_is_given_up_and_found_again(area, sites, monkeypatch, outcome):
    started = Started().watch(monkeypatch)
    site, _ = open_site(area, sites, package_state_seconds=9000.0)
    with pytest.raises(ServiceUnavailable, match=r"is still `NotRun` after 36.*asks for the same execution"):
        run_by_package(site)
    assert 3600 <= site.clock.slept < 3700
    assert len(started.executions) == 1
    site.landscape.environment.clock.advance(18_001)
    site.landscape.environment.limits.finops.switches["package_state_seconds"] = 0.0
    run_by_package(site)
    assert len(set(started.executions)) == len(started.executions), "no execution was started twice"
    as_by_odata(site, area)
    outcome("RES")


def refused_by_package(area, sites, monkeypatch, **switches):
    """Open a site whose target refuses one row. :returns: the site, and target and key of the row."""
    site, world = open_site(area, sites, **switches)
    target, key = lost(area, world, without(world, area, arriving(world, area)[0]))
    Refusal(target, key, finance_error("Write failed for table row of type 'Any'. Infolog: Error: Rule 17.")).put(
        monkeypatch
    )
    return site, target, key


def assert_only_held_back(site, area, target, key):
    """Make sure that the refused row alone is missing, with the words of the rule; a package knows no documents."""
    held = site.pipeline.ledger.open_quarantine()
    refused = held[held["rule"] == "refused:target"]
    assert len(refused) == 1
    assert all("Rule 17" in reason for reason in refused["reason"])
    verdicts = without_odata(judge(area, package_world(area)))
    if area in ("work_orders", "agreement_invoices"):  # lines of a refused header wait for it
        verdicts = verdicts[:1]
    del next(one for one in verdicts[0].targets if one.entity_set == target.entity_set).rows[key]
    assert_holds(site, verdicts)


@pytest.mark.parametrize("area", cases("B4"))
def test_exactly_the_rows_that_an_import_names_are_held_back(area, sites, monkeypatch, outcome):
    site, target, key = refused_by_package(area, sites, monkeypatch)
    run_by_package(site)
    assert_only_held_back(site, area, target, key)
    outcome("QUA")


@pytest.mark.parametrize("area", cases("B6"))
def test_a_list_of_failed_rows_that_comes_late_by_an_expired_address_is_read(area, sites, monkeypatch, outcome):
    site, target, key = refused_by_package(area, sites, monkeypatch, package_url_delay_seconds=0.05)
    expired = {"status": 403, "message": "AuthenticationFailed: Signature not valid in the time frame"}
    site.faults({"system": "finops", "method": "GET", "path_regex": "/blob/", "action": "status", "args": expired})
    run_by_package(site)
    assert site.clock.slept >= 1
    assert_only_held_back(site, area, target, key)
    outcome("QUA")


@pytest.mark.parametrize("area", cases("B5"))
def test_a_package_that_failed_or_was_canceled_is_followed_by_another(area, sites, monkeypatch, outcome):
    started = Started().watch(monkeypatch)
    site, _ = open_site(area, sites)
    switches = site.landscape.environment.limits.finops.switches
    for state in ("Failed", "Canceled"):
        switches["package_states"] = ("NotRun", state)
        with pytest.raises(ServiceUnavailable, match=f"ended as `{state}`.*Trying again starts a new execution"):
            run_by_package(site)
    switches["package_states"] = ("NotRun", "Executing", "Succeeded")
    run_by_package(site)
    assert len(started.executions) == len(set(started.executions)) >= 3
    as_by_odata(site, area)
    outcome("RES")


@pytest.mark.parametrize("area", cases("B7"))
def test_imports_of_several_batches_are_started_one_after_the_other(area, sites, monkeypatch, outcome):
    running: list[int] = []
    original = Imports.start

    def start(own, execution, *given, **more):
        jobs = own._jobs
        running.append(sum(1 for job in jobs._jobs.values() if jobs.state(job.execution_id) in ("NotRun", "Executing")))
        return original(own, execution, *given, **more)

    monkeypatch.setattr(Imports, "start", start)
    site, _ = open_site(area, sites, package_state_seconds=0.02)
    run_by_package(site)
    assert running == [0] * len(running)
    assert running
    as_by_odata(site, area)
    outcome("OK")


@pytest.mark.parametrize("area", cases("B8"))
def test_a_start_whose_answer_was_lost_is_not_started_again(area, sites, monkeypatch, outcome):
    started = Started().watch(monkeypatch)
    site, _ = open_site(area, sites)
    site.faults({"system": "finops", "path_regex": START, "action": "drop_after_commit", "times": 1})
    run_by_package(site)
    assert len(set(started.executions)) == len(started.executions)
    as_by_odata(site, area)
    outcome("OK")


@pytest.mark.parametrize("area", cases("B9"))
def test_an_upload_cut_in_the_middle_is_done_again_under_its_own_name(area, sites, monkeypatch, outcome):
    started = Started().watch(monkeypatch)
    site, _ = open_site(area, sites)
    upload = {"system": "finops", "method": "PUT", "path_regex": "/blob/"}
    site.faults(*in_turn(("drop_before", {}), ("drop_after_commit", {}), ("status", {"status": 500}), at=[upload]))
    run_by_package(site)
    assert len(set(started.executions)) == len(started.executions)
    as_by_odata(site, area)
    outcome("OK")


@pytest.mark.parametrize("area", cases("S10"))
def test_an_exported_package_that_was_lost_before_it_was_kept_is_fetched_or_exported_again(
    area, sites, monkeypatch, outcome
):
    def killed(*_):
        raise Killed

    started = Started().watch(monkeypatch)
    site, _ = open_site(area, sites)
    with monkeypatch.context() as patch:
        patch.setattr(StagingArea, "write_bytes", killed)
        with pytest.raises(Killed):
            run_by_package(site, "lost")
    first = list(started.executions)
    run_by_package(site, "lost")  # the same run finds its execution, whose package is still there
    assert started.executions[: len(first)] == first
    assert len(set(started.executions)) == len(started.executions)
    as_by_odata(site, area)
    outcome("RES")


@pytest.mark.parametrize("area", cases("W7"))
def test_a_package_whose_watcher_was_lost_is_found_by_its_execution(area, sites, monkeypatch, outcome):
    started = Started().watch(monkeypatch)
    site, _ = open_site(area, sites, package_state_seconds=30.0)
    own, clock = site.pipeline, site.landscape.environment.clock
    for task in package_tasks(site, "watched"):
        if area in TO_SUPPLY_CHAIN:
            task.go(0, 3)
            for ref in task.gate.accepted:
                with pytest.raises(PackageUnderWay):  # nobody comes back for it: the triggerer is gone
                    load(ref, task.task, task.run, companies=task.scopes, try_id="0", clients=own.clients,
                         staging=own.staging, ledger=own.ledger, wait=False)  # fmt: skip
        else:
            client, package = own.clients.finance_operations, task.task.source.package
            for scope in task.scopes:
                client.submit_export(package, company=scope.legal_entity, execution_id=export_id(scope, task.run))
        before = list(started.executions)
        clock.advance(61)
        task.go()
        assert started.executions == before
        assert task.balance()
    as_by_odata(site, area)
    outcome("OK")
