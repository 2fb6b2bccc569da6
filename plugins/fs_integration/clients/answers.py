"""Tell from an answer what went wrong: by the error rules, else by its status, to one of our error families."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from fs_integration.clients.discretion import without_secrets
from fs_integration.errors import (
    AuthenticationFailed,
    FatalServiceError,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    SetupRefused,
    Throttled,
)
from fs_integration.plain_text import one_line
from fs_integration.spec.error_rules import ErrorRules, Kind, shipped_rules

LONGEST_WAIT = 3600.0  # seconds; what a service asks beyond that is taken as this
REQUEST_ID_HEADERS = ("x-ms-service-request-id", "REQ_ID", "ms-dyn-aid")
_EXCERPT = 300
_LONGEST_MESSAGE, _LONGEST_CODE = 8000, 200  # characters looked at; some patterns take long over a long text
# What reading JSON raises; the last is for an answer that is nested without end.
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

STATUS_ERRORS: dict[int, type[ServiceError]] = {
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    408: ServiceUnavailable,
    429: Throttled,
    500: ServiceUnavailable,
    502: ServiceUnavailable,
    503: ServiceUnavailable,
    504: ServiceUnavailable,
}
FAMILIES: dict[Kind, type[ServiceError]] = {
    "throttled": Throttled,
    "transient": ServiceUnavailable,
    "row": RequestRefused,
    "missing": NotFound,
    "configuration": SetupRefused,
    "fatal": FatalServiceError,
}
SETUP_BY_STATUS: dict[int, type[ServiceError]] = {401: AuthenticationFailed, 403: PermissionDenied}
DUPLICATE = "The record already exists"  # of Finance & Operations, which gives no codes
_ADVICE: dict[type[ServiceError], str] = {
    AuthenticationFailed: "Check tenant, client id and credential of the connection, and that the environment "
    "knows the application.",
    PermissionDenied: "Give the application user a role with the privilege named here, then clear this task.",
    NotFound: "Check the name in the mapping and the address of the connection.",
    RequestRefused: "The same request will be refused again; mend the data or the mapping.",
    SetupRefused: "Set up in the service what is named here, then clear this task.",
    FatalServiceError: "Nothing more is asked of the service for now; the area pauses.",
    Throttled: "The service asked for less load; this is tried again.",
    ServiceUnavailable: "This is tried again.",
}


def error_of(
    action: str, status: int, headers: Mapping[str, str], body: bytes, rules: ErrorRules | None = None
) -> ServiceError:
    """Return the exception for an answer that is no success.

    :param action: what was asked, without query, for example ``GET contoso.operations.dynamics.com/data/Warehouses``.
    :param rules: what the service's words mean; by default the rules of this package.
    """
    code, said = _said(body)
    message = without_secrets(said)
    rule = (rules or shipped_rules()).find(status, code, message)
    family = STATUS_ERRORS.get(status, RequestRefused) if rule is None else _family(rule.kind, status)
    advice = (rule.advice if rule else "") or _ADVICE[family]
    text = message or "the answer holds no explanation"
    return family(
        f"{action} failed: {text.rstrip('.')}. {advice}",
        status=status, code=code, request_id=request_id(headers), retry_after=retry_after(headers),
        excerpt=message[:_EXCERPT],
    )  # fmt: skip


def _family(kind: Kind, status: int) -> type[ServiceError]:
    if kind == "configuration":
        return SETUP_BY_STATUS.get(status, SetupRefused)
    return FAMILIES[kind]


def request_id(headers: Mapping[str, str]) -> str:
    """Return the id to quote to the service's support, empty when there is none."""
    return one_line(next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), ""))


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds the service asks us to wait: from a number or from an HTTP date; None when it does not say.

    A date counts from the date of the answer, so that it means the same on a worker whose clock is off.

    :param now: the moment that counts when the answer has no date.
    """
    text = (headers.get("Retry-After") or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        sent = _moment(headers.get("Date", "")) or now or datetime.now(UTC)
        until = _moment(text)
        return None if until is None else min(max((until - sent).total_seconds(), 0.0), LONGEST_WAIT)
    return min(seconds, LONGEST_WAIT) if seconds >= 0 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _said(body: bytes) -> tuple[str, str]:
    """Return the service's own code and message from the error shapes of both services."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, object])
    except NOT_JSON:
        return "", _excerpt(body)
    error = answer.get("error")
    if not isinstance(error, dict):
        return "", str(answer.get("Message") or answer.get("message") or "")[:_EXCERPT]
    inner = error.get("innererror")
    useful = inner.get("message") if isinstance(inner, dict) else None
    text = str(useful or error.get("message") or "")[:_LONGEST_MESSAGE]
    return str(error.get("code") or "")[:_LONGEST_CODE], _cleaned(text)


def _cleaned(message: str) -> str:
    """Leave out what only says that something failed; keep the part a consultant understands."""
    message = re.sub(
        r"validate(?:Write|Field) failed on [^;]*?'\.;?\s*|Error: Update has been canceled\.\.?", "", message
    )
    return message.strip().rstrip(";")[:2000]


def _excerpt(body: bytes) -> str:
    """Return a short readable piece of a page that is no JSON."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", body[:4000].decode("utf-8", "replace"), flags=re.S | re.I)
    return " ".join(text.split())[:_EXCERPT]
