"""What was last written is remembered exactly, for any key, and found again in bulk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fs_integration.errors import LeaseHeld
from fs_integration.frames import KEY, SOURCE_KEY, frame_of
from fs_integration.ledger import Ledger
from fs_integration.records import Interval, Scope
from fs_integration.spec.metadata import ColumnKind

SCOPE = Scope("product_inventory", "product_inventory", "usmf")
OTHER = Scope("product_inventory", "product_inventory", "demf")
AS_OF = datetime(2026, 11, 20, 0, 0, 0, 123456, tzinfo=UTC)
KINDS = {KEY: ColumnKind.TEXT, SOURCE_KEY: ColumnKind.TEXT, "_fingerprint": ColumnKind.INTEGER}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x00\x01\x02\x03|'\"\\"), max_size=8)


def a_frame(prints: dict[str, int]) -> pd.DataFrame:
    return frame_of({KEY: list(prints), SOURCE_KEY: [f"source {key}" for key in prints],
                     "_fingerprint": list(prints.values())}, KINDS)  # fmt: skip


def save(ledger: Ledger, prints: dict[str, int], *, scope: Scope = SCOPE, as_of: datetime = AS_OF) -> None:
    lease = ledger.acquire_lease(str(scope), "r", 300)
    ledger.save_fingerprints([lease], scope, a_frame(prints), as_of=as_of, run_key="r")
    ledger.release([lease])


def known(ledger: Ledger, keys: list[str], scope: Scope = SCOPE) -> dict[str, tuple[int, datetime]]:
    found = ledger.fingerprints(scope, a_frame(dict.fromkeys(keys, 0))[KEY])
    return {row[KEY]: (row["fingerprint"], row["as_of"].to_pydatetime()) for row in found.to_dict("records")}


def test_what_was_written_is_found_by_key_and_unknown_keys_are_left_out(ledger):
    save(ledger, {"a": 1, "b": -(2**63), "c": 2**63 - 1})
    assert known(ledger, ["c", "b", "x"]) == {"c": (2**63 - 1, AS_OF), "b": (-(2**63), AS_OF)}


def test_a_key_asked_for_twice_is_returned_once(ledger):
    save(ledger, {"a": 1})
    keys = frame_of({KEY: ["a", "a"]}, KINDS)[KEY]
    assert ledger.fingerprints(SCOPE, keys)[KEY].tolist() == ["a"]


def test_a_scope_without_history_knows_nothing(ledger):
    assert known(ledger, ["a"]) == {}
    assert ledger.fingerprint_count(SCOPE) == 0
    assert list(ledger.scan_fingerprints(SCOPE, 10)) == []
    assert list(ledger.fingerprints(SCOPE, a_frame({})[KEY])) == [KEY, "fingerprint", "as_of"]


def test_what_is_written_later_replaces_what_was_written_before(ledger):
    save(ledger, {"a": 1, "b": 2})
    later = AS_OF + timedelta(hours=1)
    save(ledger, {"b": 3}, as_of=later)
    assert known(ledger, ["a", "b"]) == {"a": (1, AS_OF), "b": (3, later)}
    assert ledger.fingerprint_count(SCOPE) == 2


def test_legal_entities_are_kept_apart(ledger):
    save(ledger, {"a": 1})
    save(ledger, {"a": 2}, scope=OTHER)
    assert known(ledger, ["a"])["a"][0] == 1
    assert known(ledger, ["a"], OTHER)["a"][0] == 2


def test_nothing_to_save_is_no_error(ledger):
    save(ledger, {})
    assert ledger.fingerprint_count(SCOPE) == 0


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prints=st.dictionaries(TEXTS, st.integers(-(2**63), 2**63 - 1), max_size=12), chunk=st.integers(1, 5))
def test_any_key_is_found_and_scanned_as_it_was_given(ledger, prints, chunk):
    ledger.forget("product_inventory")
    save(ledger, prints)
    assert {key: found[0] for key, found in known(ledger, list(prints)).items()} == prints
    chunks = list(ledger.scan_fingerprints(SCOPE, chunk))
    assert all(1 <= len(frame) <= chunk for frame in chunks)
    lines = [line for frame in chunks for line in frame.to_dict("records")]
    assert len(lines) == len(prints)
    assert {line[KEY]: line["fingerprint"] for line in lines} == prints
    assert all(line[SOURCE_KEY] == f"source {line[KEY]}" for line in lines)


def test_a_scan_gives_columns_that_compare_with_a_frames_own(ledger):
    save(ledger, {"a": 1})
    frame = next(ledger.scan_fingerprints(SCOPE, 10))
    assert list(frame) == [KEY, SOURCE_KEY, "fingerprint", "as_of"]
    assert (frame["as_of"] < AS_OF + timedelta(microseconds=1)).all()
    assert not (frame["as_of"] < AS_OF).any()


def test_a_large_batch_is_saved_and_found_whole(ledger):
    prints = {f"P{number:06d}|{number % 7}": number for number in range(60_000)}
    save(ledger, prints)
    assert {key: found[0] for key, found in known(ledger, list(prints)).items()} == prints
    assert sum(len(frame) for frame in ledger.scan_fingerprints(SCOPE, 25_000)) == 60_000


def test_forget_removes_fingerprints_and_watermark_of_what_was_named_only(ledger):
    for scope in (SCOPE, OTHER, Scope("products", "products", "usmf")):
        ledger.begin_run(scope, run_key="r", dag_id="d", run_id="i", mode="scheduled",
                         interval=Interval(None, AS_OF), mapping_hash="h")  # fmt: skip
        save(ledger, {"a": 1, "b": 2}, scope=scope)
        ledger.close_run(scope, "r", status="succeeded", watermark=AS_OF)
    assert ledger.forget("product_inventory", legal_entity="demf") == 2
    assert (ledger.fingerprint_count(OTHER), ledger.watermark(OTHER)) == (0, None)
    assert (ledger.fingerprint_count(SCOPE), ledger.watermark(SCOPE)) == (2, AS_OF)
    assert ledger.forget("product_inventory") == 2
    assert ledger.watermarks() == {Scope("products", "products", "usmf"): AS_OF}
    assert ledger.forget("unknown") == 0


def test_forget_is_refused_while_a_run_writes(ledger):
    save(ledger, {"a": 1})
    ledger.acquire_lease(SCOPE.lease, "run 7", 300)
    with pytest.raises(LeaseHeld, match="run 7"):
        ledger.forget("product_inventory")
    assert ledger.fingerprint_count(SCOPE) == 1
