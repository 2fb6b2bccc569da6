"""Tell from an answer what went wrong: status and service code to one of our error families, in two tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from fs_integration.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    Throttled,
)

LONGEST_WAIT = 3600.0  # seconds; what a service asks beyond that is taken as this
REQUEST_ID_HEADERS = ("x-ms-service-request-id", "REQ_ID", "ms-dyn-aid")
_EXCERPT = 300

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
# Dataverse decides by code before status ("Web service error codes"): locks, server busy and start-up pass.
CODE_ERRORS: dict[str, type[ServiceError]] = {
    "0x80072321": Throttled,
    "0x80072322": Throttled,
    "0x80072326": Throttled,
    "0x80044339": ServiceUnavailable,
    "0x8004a001": ServiceUnavailable,
    "0x80048551": ServiceUnavailable,
    "0x80048553": ServiceUnavailable,
    "0x80048559": ServiceUnavailable,
    "0x80048561": ServiceUnavailable,
    "0x80073000": ServiceUnavailable,
    "0x80040224": RequestRefused,  # a plug-in crashed on some row; the writer finds out on which
    "0x80040265": RequestRefused,  # a plug-in's business error, whatever the status
    "0x80072560": AuthenticationFailed,
}
# Finance & Operations gives no codes; these pieces of text are what its public clients decide by.
DUPLICATE = "The record already exists"
TEXT_ERRORS: dict[str, type[ServiceError]] = {
    "An update conflict occurred due to another user process": ServiceUnavailable,
    DUPLICATE: RequestRefused,
    "Write failed for table row of type": RequestRefused,
    "Exception occurred while executing action": RequestRefused,
    "No resources were found when selecting for update.": NotFound,
}
_ADVICE: dict[type[ServiceError], str] = {
    AuthenticationFailed: "Check tenant, client id and credential of the connection, and that the environment "
    "knows the application.",
    PermissionDenied: "Give the application user a role with the privilege named here, then clear this task.",
    NotFound: "Check the name in the mapping and the address of the connection.",
    RequestRefused: "The same request will be refused again; mend the data or the mapping.",
    Throttled: "The service asked for less load; this is tried again.",
    ServiceUnavailable: "This is tried again.",
}


def error_of(action: str, status: int, headers: Mapping[str, str], body: bytes) -> ServiceError:
    """Return the exception for an answer that is no success.

    :param action: what was asked, without query, for example ``GET contoso.operations.dynamics.com/data/Warehouses``.
    """
    code, message = _said(body)
    by_text = next((family for text, family in TEXT_ERRORS.items() if text in message), None)
    family = CODE_ERRORS.get(code.lower()) or by_text or STATUS_ERRORS.get(status, RequestRefused)
    text = message or "the answer holds no explanation"
    return family(
        f"{action} failed: {text.rstrip('.')}. {_ADVICE[family]}",
        status=status, code=code, request_id=request_id(headers), retry_after=retry_after(headers),
        excerpt=message[:_EXCERPT],
    )  # fmt: skip


def request_id(headers: Mapping[str, str]) -> str:
    """Return the id to quote to the service's support, empty when there is none."""
    return next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), "")


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds the service asks us to wait: from a number or from an HTTP date; None when it does not say."""
    text = (headers.get("Retry-After") or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now or datetime.now(UTC))
    return min(seconds, LONGEST_WAIT) if seconds >= 0 else None


def _seconds_until(text: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return -1.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


def _said(body: bytes) -> tuple[str, str]:
    """Return the service's own code and message from the error shapes of both services."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", _excerpt(body)
    error = answer.get("error")
    if not isinstance(error, dict):
        return "", str(answer.get("Message") or answer.get("message") or "")[:_EXCERPT]
    inner = error.get("innererror")
    useful = inner.get("message") if isinstance(inner, dict) else None
    return str(error.get("code") or ""), _cleaned(str(useful or error.get("message") or ""))


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
