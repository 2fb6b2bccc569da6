"""What the words of a service mean: the error rules decide the family, and with it what happens next."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.clients.stub import FakeTime, FakeTokens, Service, reply

from fs_integration.clients.answers import error_of
from fs_integration.clients.settings import Limits
from fs_integration.clients.transport import Transport
from fs_integration.errors import (
    AuthenticationFailed,
    FatalServiceError,
    NotFound,
    PermanentServiceError,
    PermissionDenied,
    RequestRefused,
    ServiceUnavailable,
    SetupRefused,
    Throttled,
)
from fs_integration.spec.error_rules import ErrorRule, ErrorRules

GONE = "No resources were found when selecting for update."
KINDS = [
    ("throttled", 400, Throttled),
    ("transient", 400, ServiceUnavailable),
    ("row", 500, RequestRefused),
    ("missing", 400, NotFound),
    ("configuration", 400, SetupRefused),
    ("configuration", 401, AuthenticationFailed),
    ("configuration", 403, PermissionDenied),
    ("fatal", 503, FatalServiceError),
]


def an_answer(code: str = "", message: str = "Something is wrong.") -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": message}})


@pytest.mark.parametrize(("kind", "status", "family"), KINDS)
def test_the_kind_of_a_rule_is_a_family_of_errors_and_its_advice_is_in_the_message(kind, status, family):
    rules = ErrorRules(error_rules=(ErrorRule(code="contoso-7", kind=kind, advice="Call the help desk."),))
    exc = error_of("PATCH contoso", status, {}, an_answer("CONTOSO-7"), rules)
    assert type(exc) is family
    assert "Something is wrong. Call the help desk." in str(exc)


@pytest.mark.parametrize(
    ("status", "code", "message", "family"),
    [
        (400, "0x80044339", "Deadlock", ServiceUnavailable),
        (500, "0x80040265", "No stock", RequestRefused),
        (403, "0x80072560", "Not a member", PermissionDenied),
        (400, "", GONE, NotFound),
        (500, "", "Write failed for table row of type 'X'", RequestRefused),
        (503, "", "anything", ServiceUnavailable),
        (418, "", "anything", RequestRefused),
    ],
)
def test_rules_of_the_package_decide_before_the_status(status, code, message, family):
    assert type(error_of("PATCH contoso", status, {}, an_answer(code, message))) is family


@pytest.fixture
def strict(service: Service, fake_time: FakeTime) -> Transport:
    """A transport with two rules of a site."""
    rules = ErrorRules(
        error_rules=(ErrorRule(text="locked by", kind="transient"), ErrorRule(text="being restored", kind="fatal"))
    )
    return Transport(f"{service.url}/data", FakeTokens(), ca_file=service.ca_file, clock=fake_time.clock(),
                     limits=Limits(attempts=4), rules=rules)  # fmt: skip


def test_what_a_site_calls_transient_is_asked_for_again(service, strict):
    service.script = [reply({"error": {"message": "The journal is locked by Ada."}}, status=400), reply({"value": 1})]
    assert strict.get("Journals", dict) == {"value": 1}
    assert len(service.seen) == 2


def test_what_a_site_calls_fatal_is_asked_once_whatever_the_status(service, strict):
    service.script = [reply({"error": {"message": "Environment is being restored."}}, status=503)]
    with pytest.raises(FatalServiceError, match="being restored"):
        strict.get("Journals", dict)
    assert len(service.seen) == 1


def test_a_part_of_a_batch_is_judged_by_the_same_rules(strict):
    assert isinstance(strict.part_error("Writing", 400, {}, an_answer(message="locked by Ada")), ServiceUnavailable)
    assert isinstance(strict.part_error("Writing", 400, {}, an_answer()), RequestRefused)
    with pytest.raises(PermanentServiceError, match="being restored"):
        strict.part_error("Writing", 400, {}, an_answer(message="being restored"))
