"""Faults on the wire, N1 to N14: every area reads and writes through them.

Where a fault may meet a read as well as a write, one run meets both. N12 is shared: one transport asks every service.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.reliability.catalogue import TO_SUPPLY_CHAIN
from tests.reliability.certificates import ELSEWHERE, Authority
from tests.reliability.elsewhere import Elsewhere
from tests.reliability.plugin import cases
from tests.reliability.site import clients
from tests.reliability.trouble import (
    WRITES,
    Unreachable,
    assert_untouched,
    both,
    in_turn,
    reads,
    recover,
    run_stopped,
    run_through,
)

from fs_integration.errors import (
    AnswerTooLarge,
    ConnectionSetupError,
    ForeignLinkRefused,
    NetworkFailure,
    ServiceUnavailable,
    TransientServiceError,
)

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("area", cases("N1"))
def test_services_that_cannot_be_reached_at_first_are_asked_again(area, sites, outcome, monkeypatch):
    site, network = sites.make(area), Unreachable(monkeypatch, failures=3)
    run_through(site, sites)
    network.end()
    assert network.failed == 9  # three times each: the token service, and both systems
    outcome("OK")


@pytest.mark.parametrize("area", cases("N1"))
def test_services_that_cannot_be_reached_at_all_stop_the_run_until_they_can(area, sites, outcome, monkeypatch):
    site, network = sites.make(area), Unreachable(monkeypatch)
    run_stopped(site, NetworkFailure, "https://127.0.0.1")
    assert_untouched(site)
    network.end()
    recover(site, sites)
    outcome("RES")


@pytest.mark.parametrize("area", cases("N2"))
def test_a_cut_before_the_commit_leaves_no_trace(area, sites, outcome):
    run_through(sites.make(area), sites, *both(area, "drop_before"))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N3"))
def test_an_answer_lost_after_the_commit_has_one_effect(area, sites, outcome):
    run_through(sites.make(area), sites, *both(area, "drop_after_commit"))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N4"))
def test_four_answers_lost_after_the_commit_have_one_effect(area, sites, outcome):
    run_through(sites.make(area), sites, *both(area, "drop_after_commit", times=4))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N5"))
def test_an_answer_that_is_not_whole_is_asked_for_again(area, sites, outcome):
    """Cut, shorter and longer than it says. The answer to a bulk write of Dataverse has no body."""
    cut, less, more = ("truncate", {}), ("wrong_length", {"by": 7}), ("wrong_length", {"by": -7})
    places = [reads(area), WRITES] if area in TO_SUPPLY_CHAIN else [reads(area)]
    run_through(sites.make(area), sites, *in_turn(cut, less, more, at=places))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N6"))
def test_broken_json_is_asked_for_again(area, sites, outcome):
    run_through(sites.make(area), sites, *both(area, "bad_json"))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N6"))
def test_json_that_stays_broken_is_never_an_empty_result(area, sites, outcome):
    """Cut, a list, nothing at all, and from then on an object without rows."""
    site = sites.make(area)
    bodies = {'{"value": [{': 1, "[]": 1, "": 1, '{"values": []}': None}
    faults = [
        {**reads(area), "action": "bad_json", "nth": nth, "times": times, "args": {"body": body}}
        for nth, (body, times) in enumerate(bodies.items(), start=1)
    ]
    run_stopped(site, ServiceUnavailable, "never taken for an empty result", *faults)
    assert_untouched(site)
    recover(site, sites)
    outcome("RES")


@pytest.mark.parametrize("area", cases("N7"))
def test_a_web_page_is_no_answer(area, sites, outcome):
    run_through(sites.make(area), sites, *both(area, "html", status=200))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N7"))
def test_a_web_page_that_stays_is_never_an_empty_result(area, sites, outcome):
    site = sites.make(area)
    run_stopped(site, ServiceUnavailable, "web page.*never taken for an empty result",
                {**reads(area), "action": "html", "times": None, "args": {"status": 200}})  # fmt: skip
    assert_untouched(site)
    recover(site, sites)
    outcome("RES")


@pytest.mark.parametrize("area", cases("N8"))
def test_a_burst_of_failures_is_outlasted(area, sites, outcome):
    bursts = [("status", {"status": status}) for status in (500, 502, 503, 504)]
    run_through(sites.make(area), sites, *in_turn(*bursts, at=[reads(area), WRITES]))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N9"))
def test_an_answer_slower_than_the_time_limit_is_asked_for_again(area, sites, outcome):
    run_through(sites.make(area, timeout_seconds=0.3), sites, *both(area, "delay_answer", seconds=0.5))
    outcome("OK")


@pytest.mark.parametrize("area", cases("N9"))
def test_an_answer_that_drips_for_ever_ends_at_the_deadline(area, sites, sandbox, outcome):
    site = sites.make(area)
    patient = site.pipeline.clients
    site.pipeline.clients = clients(sandbox, site.clock, timeout_seconds=0.4, total_seconds=1.0)
    began = site.clock.now()
    run_stopped(site, TransientServiceError, "did not end within 1 s",
                {**reads(area), "action": "drip", "times": None, "args": {"seconds": 0.05}})  # fmt: skip
    assert site.clock.now() - began < 10.0
    assert_untouched(site)
    site.pipeline.clients = patient
    recover(site, sites)
    outcome("RES")


@pytest.mark.parametrize("area", cases("N10"))
@pytest.mark.parametrize("before", ["", r"^POST .*(Multiple|\$batch)"], ids=["the next request", "the repetition"])
def test_a_request_carried_out_after_we_gave_up_has_one_effect(area, before, sites, outcome):
    """Just before whatever we ask next; and after we looked what became of it, before it is sent again."""
    run_through(sites.make(area), sites, {**WRITES, "action": "late_commit", "args": {"before": before}})
    outcome("OK")


@pytest.mark.parametrize("area", cases("N11"))
def test_a_redirect_elsewhere_is_refused_and_nothing_is_sent_there(area, sites, elsewhere, outcome):
    """The other host is trusted and would answer, so whatever is sent there is seen."""
    for place, statuses in ((reads(area), (301, 302, 303, 307, 308)), (WRITES, (307,))):
        site = sites.make(area)
        for status in statuses:
            args = {"status": status, "host": elsewhere.url}
            run_stopped(site, ForeignLinkRefused, "Nothing was sent there",
                        {**place, "action": "redirect", "times": None, "args": args})  # fmt: skip
            assert_untouched(site)
            site.heal()
    assert elsewhere.seen == []
    outcome("STOP")


@pytest.mark.parametrize("area", cases("N13"))
def test_an_answer_that_unpacks_without_end_stops_the_run(area, sites, outcome):
    site = sites.make(area, page_bytes=4 * MEBIBYTE)
    run_stopped(site, AnswerTooLarge, "larger than 4194304 bytes",
                {**reads(area), "action": "inflate", "times": None, "args": {"bytes": 64 * MEBIBYTE}})  # fmt: skip
    assert_untouched(site)
    outcome("STOP")


@pytest.mark.parametrize("area", cases("N13"))
def test_an_endless_answer_to_a_write_is_not_taken_for_a_refusal_of_its_rows(area, sites, outcome):
    site = sites.make(area, page_bytes=4 * MEBIBYTE)
    args = {"status": 200, "body": " " * 5 * MEBIBYTE}
    run_stopped(site, AnswerTooLarge, "larger than 4194304 bytes",
                {**WRITES, "action": "status", "times": None, "args": args})  # fmt: skip
    assert_untouched(site)
    held = site.pipeline.ledger.open_quarantine()
    assert not held["rule"].str.startswith("refused:").any()
    recover(site, sites)
    outcome("STOP")


@pytest.mark.parametrize("area", cases("N14"))
@pytest.mark.parametrize("answer", [1, 2], ids=["first answer", "second answer"])
def test_every_request_delivered_twice_has_one_effect(area, answer, sites, outcome):
    run_through(sites.make(area), sites, *both(area, "duplicate", times=None, answer=answer))
    outcome("OK")


BAD_CERTIFICATES = {
    "expired": {"days": (-3, -1)},
    "not valid yet": {"days": (1, 3)},
    "another host": {"name": ELSEWHERE},
    "self-signed": {"self_signed": True},
    "unknown authority": {},
}


@pytest.mark.fault("N12")
@pytest.mark.parametrize("system", ["entra", "finops", "dataverse"])
@pytest.mark.parametrize("bad", BAD_CERTIFICATES.items(), ids=BAD_CERTIFICATES)
def test_a_certificate_that_nobody_can_trust_stops_the_run(system, bad, sites, sandbox, tmp_path, outcome):
    """A second server in place of a service; it hears no request, so neither token nor secret was sent."""
    reason, settings = bad
    authority = Authority(tmp_path)
    trusted = sandbox.ca_file if reason == "unknown authority" else tmp_path / "trusted.pem"
    if reason != "unknown authority":
        trusted.write_bytes(sandbox.ca_file.read_bytes() + authority.file.read_bytes())
    site = sites.make("warehouses")
    with Elsewhere(authority.context(**settings)) as server:
        urls = {**sandbox.urls, system: server.url}
        made = clients(SimpleNamespace(urls=urls, ca_file=trusted), site.clock)
        client = made.dataverse if system == "dataverse" else made.finance_operations
        if system != "entra":
            client._transport._tokens = SimpleNamespace(token=lambda: "token", forget=lambda token: None)
        with pytest.raises(ConnectionSetupError, match=r"certificate of .* is not trusted"):
            client.check()
        assert server.seen == []
    assert site.clock.pauses == []
    outcome("STOP")
