"""X12: what rows, services and files say neither forges a line of a log or terminal nor acts on it."""

from __future__ import annotations

import json
import logging
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from tests.reliability.hostile import ACTING, MARKED_UP, TEXTS, TRIED
from tests.reliability.rows import arriving, clone, crew
from tests.reliability.site import VirtualTime, open_ledger
from tests.reliability.trouble import WRITES, run_stopped
from tests.unit.transform.builders import a_frame

from fs_integration import errors
from fs_integration.cli import main
from fs_integration.errors import FsIntegrationError, PermanentServiceError
from fs_integration.frames import REJECTION_COLUMNS, frame_of
from fs_integration.ledger import breakers, environments
from fs_integration.plain_text import one_line
from fs_integration.quality.checkpoint import run_checks
from fs_integration.quality.suite import Check, Suite
from fs_integration.records import Environment, Interval, Scope
from fs_integration.spec.connection_set import CircuitBreaker

FORGED = "".join(f"a{mark}[2026-11-26] INFO - forged" for mark in ACTING)
FAMILIES = [getattr(errors, name) for name in errors.__all__]


def assert_inert(text: str) -> None:
    """Make sure that a text is one line that moves no cursor, shows no colour and turns no direction."""
    assert text == one_line(text)
    assert len(text.splitlines()) <= 1
    assert not {*"\n\r\x00\x08\x1b\x85\x9b\u2028\u2029\u202e"} & {*text}


@pytest.mark.fault("X12")
def test_no_message_of_ours_is_more_than_one_line(outcome):
    @TRIED
    @given(TEXTS)
    def try_text(text):
        for family in FAMILIES:
            fault = family.__new__(family)
            more = {"until": None} if family is errors.AreaPaused else {}
            family.__init__(fault, f"Row `{text}{FORGED}`", **more)
            assert_inert(str(fault))
            assert_inert(repr(fault.args))
        assert_inert(str(errors.ServiceError("Refused.", code=text, request_id=text + FORGED)))
        assert_inert(str(errors.MappingError("Wrong.", file=text, key_path=FORGED, suggestion=text)))

    try_text()
    outcome("OK")


def test_a_text_without_such_characters_is_left_as_it_is():
    plain = "Größe 5 µm, „quoted“, ünïcode 😀, \\n as two characters"
    assert one_line(plain) == plain
    assert str(FsIntegrationError(plain)) == plain
    fault = errors.ServiceError("a\nb", status=400)
    assert str(pickle.loads(pickle.dumps(fault))) == str(fault)


@pytest.mark.fault("X12")
def test_no_line_of_the_log_comes_from_a_row(sites, caplog, outcome):
    world = crew("warehouses")
    model = arriving(world, "warehouses")[0]
    for number, mark in enumerate(ACTING):
        clone(world, "warehouses", model, f"W{number}")["WarehouseName"] = f"a{mark}b"
        clone(world, "warehouses", model, f"V{mark[:1]}{number}")
    site = sites.make("warehouses", world=world)
    with caplog.at_level(logging.DEBUG, logger="fs_integration"):
        site.run_area()
        site.landscape.replace("finops", "Warehouses", [])
        run_stopped(site, FsIntegrationError, "Warehouses|warehouses")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("fs_integration")]
    assert any("Loaded warehouses" in line for line in lines)
    for line in lines:
        assert_inert(line)
    outcome("OK")


@pytest.mark.fault("X12")
def test_no_line_of_the_log_comes_from_a_service(sites, caplog, outcome):
    site = sites.make("warehouses")
    said = {"status": 403, "message": FORGED, "code": "0x8004\r\nforged", "headers": {"REQ_ID": "id\x1b[31m"}}
    with caplog.at_level(logging.DEBUG, logger="fs_integration"):
        fault = run_stopped(
            site, PermanentServiceError, "forged", {**WRITES, "action": "status", "args": said, "times": None}
        )
    for text in (str(fault), *(record.getMessage() for record in caplog.records)):
        assert_inert(text)
    outcome("OK")


@pytest.mark.fault("X12")
@pytest.mark.parametrize("failing", ["stop_batch", "warn"])
def test_examples_of_bad_values_are_inert(failing, tmp_path, outcome):
    check = Check("one_of", ("k",), "kinds", "Only a is known.", failing=failing, values=("a",))
    frame = a_frame(k=[f"a{mark}x" for mark in ACTING[:3]])
    checked = run_checks(
        frame, Suite(("k",), ("k",), (check,)), name="m.t.usmf.00000.raw", run_name="r", docs_root=tmp_path
    )
    (told,) = checked.batch_failures or checked.warnings
    assert_inert(told)
    assert "\\n" in told
    outcome("OK")


@pytest.mark.fault("X12")
@pytest.mark.parametrize("hostile", [FORGED, *MARKED_UP])
def test_what_commands_show_is_no_markup_and_adds_no_line(hostile, tmp_path, monkeypatch, capsys, sites, outcome):
    harmless, _ = shown("harmless", tmp_path / "a", monkeypatch, capsys)
    lines, text = shown(hostile, tmp_path / "b", monkeypatch, capsys)
    assert lines == harmless
    assert text.count(one_line(hostile)) >= 5  # key, reason, value; message of the pause; address
    outcome("OK")


def shown(text, home, monkeypatch, capsys):
    """Return how many lines the commands print about a ledger full of a text, and what they print."""
    home.mkdir()
    monkeypatch.setenv("COLUMNS", "9000")
    where = {"conn_type": "sqlite", "host": str(home / "ledger.db")}
    monkeypatch.setenv("AIRFLOW_CONN_FS_INTEGRATION_LEDGER", json.dumps(where))
    assert main(["ledger", "upgrade"]) == 0
    ledger = open_ledger(home, VirtualTime())
    scope = Scope("warehouses", "warehouse", "usmf")
    row = {"row_key": text, "field": "f", "rule": "r", "reason": text, "value": text, "outcome": "quarantined",
           "source_rows": 1, "payload": "{}"}  # fmt: skip
    ledger.begin_run(scope, run_key="r1", dag_id="fs_warehouses", run_id="manual", mode="scheduled",
                     interval=Interval(None, datetime(2026, 11, 20, tzinfo=UTC)), mapping_hash="0")  # fmt: skip
    ledger.quarantine(scope, "r1", frame_of({name: [value] for name, value in row.items()}, REJECTION_COLUMNS))
    place, work = breakers.Breaker("warehouses", "default"), breakers.Work("r1", "warehouses", "load")
    breakers.failed(ledger, place, work, limits=CircuitBreaker(failures=1), message=text)
    environments.pin(ledger, [scope], [Environment("dataverse", address=text, identity=text)])
    capsys.readouterr()
    for words in (["quarantine", "list"], ["ledger", "pauses"], ["ledger", "environments"], ["ledger", "runs"]):
        assert main(words) == 0
    printed = capsys.readouterr().out
    assert not {*printed} & {*"\r\x00\x08\x1b\x85\x9b\u2028\u2029\u202e"}
    ledger.engine.dispose()
    return len(printed.splitlines()), printed
