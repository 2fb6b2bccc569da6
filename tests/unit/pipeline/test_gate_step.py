"""The gate step: per company, over all batches of a run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.unit.pipeline.conftest import things
from tests.unit.transform.builders import a_frame

from fs_integration.errors import DataQualityError
from fs_integration.frames import fingerprints
from fs_integration.pipeline.gate import quality_gate
from fs_integration.pipeline.vanished import vanished_fingerprint
from fs_integration.spec.columns import written_columns

BEFORE, AFTER = datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
STRICT = {"thresholds": {"max_percent": 0, "min_rows": 0}}
VANISHED = {"target": {"vanished": {"set": {"x": 0}, "max_percent": 50}}}


def gate(site, *results, companies=("usmf",)):
    scopes = [site.scope(company) for company in companies]
    return quality_gate(site.task, site.run, scopes=scopes, results=results, staging=site.staging, ledger=site.ledger)


def keys(site, result):
    return [site.staging.read(ref)["_key"].tolist() for ref in result.accepted]


def test_good_batches_pass_and_bad_rows_enter_quarantine_and_the_books(new_site):
    site = new_site()
    result = gate(site, site.transform(things("1", "2", "3", x=["1", "x", "3"])))
    assert keys(site, result) == [["1", "3"]]
    held = site.ledger.open_quarantine()
    assert held[["row_key", "field", "rule", "value"]].values.tolist() == [["2", "x", "conversion", "x"]]
    assert site.ledger.run(site.scope(), "run-key").outcomes == {"quarantined": 1}


def test_a_second_try_of_the_gate_counts_nothing_twice(new_site):
    site = new_site()
    transformed = site.transform(things("1", "2", x=["1", "x"]))
    gate(site, transformed)
    gate(site, transformed)
    assert site.ledger.run(site.scope(), "run-key").outcomes == {"quarantined": 1}
    assert len(site.ledger.open_quarantine()) == 1


def test_when_no_company_passes_the_gate_fails_and_closes_the_books_as_stopped(new_site):
    site = new_site(**STRICT)
    with pytest.raises(
        DataQualityError, match=r"usmf: 1 of 2 rows .*Nothing of these companies was written.*clear this run"
    ):
        gate(site, site.transform(things("1", "2", x=["1", "x"])))
    assert site.ledger.run(site.scope(), "run-key").status == "stopped"
    assert len(site.ledger.open_quarantine()) == 1


def test_a_bad_company_is_stopped_beside_a_good_one(new_site):
    site = new_site(**STRICT)
    bad, good = site.transform(things("1", x=["x"])), site.transform(things("2"), company="demf")
    result = gate(site, bad, good, companies=("usmf", "demf"))
    assert keys(site, result) == [["2"]]
    assert list(result.stopped) == ["usmf"]
    assert site.ledger.run(site.scope("demf"), "run-key").status != "stopped"


def test_a_failed_batch_stops_its_company(new_site):
    rule = {"expect": "not_null", "stage": "raw", "field": "X", "failing": "stop_batch", "reason": "X is never empty."}
    site = new_site(quality=[rule])
    results = [site.transform(things("1")), site.transform(things("2", x=[None]), number=1)]
    with pytest.raises(DataQualityError, match="X is never empty"):
        gate(site, *results)


@pytest.mark.parametrize("twin", ["b", "B"])
def test_a_key_that_occurs_in_two_batches_is_refused_in_both(new_site, twin):
    site = new_site()
    results = [site.transform(things("a", "b")), site.transform(things(twin, "c"), number=1)]
    assert keys(site, gate(site, *results)) == [["a"], ["c"]]
    held = site.ledger.open_quarantine()
    assert set(held["rule"]) == {"duplicate_key"}
    assert site.ledger.run(site.scope(), "run-key").outcomes == {"quarantined": 2}


def test_a_line_refused_by_the_gate_holds_back_its_whole_document(new_site):
    site = new_site(source={"document": "Doc"})
    frames = [things("a", "b", "x"), things("b", "c")]
    frames[0]["Doc"], frames[1]["Doc"] = a_frame(Doc=["A", "A", "X"])["Doc"], a_frame(Doc=["B", "B"])["Doc"]
    results = [site.transform(frame, number=number) for number, frame in enumerate(frames)]
    assert keys(site, gate(site, *results)) == [["x"]]
    held = site.ledger.open_quarantine()
    assert sorted(zip(held["row_key"], held["rule"], strict=True)) == [
        ("a", "document_incomplete"), ("b", "duplicate_key"), ("c", "document_incomplete"),
    ]  # fmt: skip
    assert site.ledger.run(site.scope(), "run-key").outcomes == {"quarantined": 4}


def test_rows_that_vanished_are_written_with_the_values_of_the_mapping_only(new_site):
    site = new_site(**VANISHED)
    site.written_before("1", "2", as_of=BEFORE)
    result = gate(site, site.transform(things("1")))
    vanished = site.staging.read(result.accepted[1])
    assert vanished[["key", "x", "_key"]].values.tolist() == [["2", 0, "2"]]
    assert "name" not in vanished
    assert site.ledger.run(site.scope(), "run-key").generated == 1


def test_a_row_that_is_in_the_source_but_refused_has_not_vanished(new_site):
    site = new_site(**VANISHED)
    site.written_before("1", "2", as_of=BEFORE)
    result = gate(site, site.transform(things("1", "2", x=["1", "x"])))
    assert keys(site, result) == [["1"]]


def test_a_row_that_another_company_writes_now_is_not_set_to_the_values_of_a_vanished_one(new_site):
    site = new_site(**VANISHED)
    site.written_before("1", "2", as_of=BEFORE)
    own, other = site.transform(things("1")), site.transform(things("2"), company="demf")
    assert keys(site, gate(site, own, other, companies=("usmf", "demf"))) == [["1"], ["2"]]


def test_rows_a_newer_run_wrote_and_rows_already_written_as_vanished_are_left_alone(new_site):
    site = new_site(**VANISHED)
    site.written_before("1", as_of=BEFORE)
    site.written_before("2", as_of=AFTER)
    site.written_before("3", as_of=BEFORE, fingerprint=vanished_fingerprint(site.task))
    assert keys(site, gate(site, site.transform(things("1")))) == [["1"]]


def test_a_read_of_changes_only_makes_nothing_vanish(new_site):
    site = new_site(**VANISHED, source={"changed_since": {"field": "Modified"}})
    site.written_before("1", "2", as_of=BEFORE)
    frame = things("1")
    assert keys(site, gate(site, site.transform(frame))) == [["1"]]


def test_a_source_that_lost_most_rows_stops_the_load(new_site):
    site = new_site(**VANISHED)
    site.written_before("1", "2", "3", as_of=BEFORE)
    with pytest.raises(DataQualityError, match=r"2 of 3 rows of m/things/usmf written before are no longer in Things"):
        gate(site, site.transform(things("1")))
    assert site.ledger.run(site.scope(), "run-key").generated == 0


@pytest.mark.parametrize(("emptied", "stops"), [(2, False), (3, True), (4, True)])
def test_a_source_that_sets_most_rows_to_nothing_stops_the_load(new_site, emptied, stops):
    site = new_site(**VANISHED)
    site.written_before("1", "2", "3", "4", as_of=BEFORE)
    shaped = site.transform(things("1", "2", "3", "4", x=["0"] * emptied + ["7"] * (4 - emptied)))
    if not stops:
        assert keys(site, gate(site, shaped)) == [["1", "2", "3", "4"]]
        return
    with pytest.raises(DataQualityError, match=rf"{emptied} hold nothing any more"):
        gate(site, shaped)


def test_rows_that_are_new_or_were_empty_before_do_not_count_as_emptied(new_site):
    site = new_site(**VANISHED)
    shaped = site.transform(things("1", "2", "3", "4", x=["0"] * 4))
    frame = site.staging.read(shaped.shaped)
    same = fingerprints(frame, written_columns(site.task, on_create=False)).tolist()
    site.written_before("1", as_of=BEFORE, fingerprint=same[0])
    site.written_before("2", as_of=BEFORE, fingerprint=vanished_fingerprint(site.task))
    assert keys(site, gate(site, shaped)) == [["1", "2", "3", "4"]]


def test_a_source_without_rows_passes_when_nothing_was_written_before(new_site):
    site = new_site()
    site.stage(things("1"))
    assert gate(site).accepted == ()


def test_a_key_that_two_companies_would_write_is_refused_for_both(new_site):
    site = new_site()
    own, other = site.transform(things("a", "b")), site.transform(things("B", "c"), company="demf")
    assert keys(site, gate(site, own, other, companies=("usmf", "demf"))) == [["a"], ["c"]]
    held = site.ledger.open_quarantine()
    assert held[["legal_entity", "rule"]].values.tolist() == [
        ["usmf", "several_companies"],
        ["demf", "several_companies"],
    ]
    assert "key_prefix" in held["reason"].iloc[0]
