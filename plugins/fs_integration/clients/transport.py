"""The one way out to a service: pooled, bounded, repeated only where that is safe, never to a foreign host.

Certificates are always checked; there is no switch to stop that, only ``ca_file`` to say whom to trust.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3

from fs_integration.clients.answers import NOT_JSON, error_of, request_id
from fs_integration.clients.limiter import Limiter
from fs_integration.clients.origin import Origin
from fs_integration.clients.patience import Deadline, Patience, Time
from fs_integration.clients.session import open_session
from fs_integration.clients.settings import Limits
from fs_integration.clients.unpacking import ACCEPTED, PIECE, Unreadable, unpacked
from fs_integration.errors import (
    AnswerTooLarge,
    AuthenticationFailed,
    ConnectionSetupError,
    ForeignLinkRefused,
    NetworkFailure,
    NotFound,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
    TransientServiceError,
)
from fs_integration.points import point
from fs_integration.spec.error_rules import ErrorRules

log = logging.getLogger(__name__)
Form = TypeVar("Form")

CONNECT_SECONDS = 30.0
REDIRECTS = 3
JSON_HEADERS = {"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"}


class Tokens(Protocol):
    """What the transport needs of ``TokenSource``."""

    def token(self) -> str: ...

    def forget(self, token: str) -> None: ...


@dataclass(frozen=True)
class Answer:
    """A complete successful answer.

    :param seconds: from sending to the end of the body; :param value: what the call's ``decode`` made of the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0
    value: Any = None


@dataclass(frozen=True)
class Call:
    """One request as its caller sees it.

    :param link: path below the service root, or a link found in an answer.
    :param repeatable: sending it twice has the effect of sending it once; otherwise it is repeated only when it surely
        did not arrive.
    :param before: called before every try; what it raises ends the call.
    :param decode: makes a value of the body; a body it cannot read counts as no answer and is asked for again.
    """

    method: str
    link: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    repeatable: bool = True
    before: Callable[[], None] | None = None
    decode: Callable[[bytes], Any] | None = None


class _NotSent(NetworkFailure):
    """The request surely did not arrive, so even one that must not be repeated may be sent again."""


class Transport:
    """Send requests to one service and return complete answers.

    :param root: address below which every request goes; nothing is sent anywhere else.
    :param tokens: None for addresses that carry their own permission.
    :param rules: what the service's words mean; by default the rules of this package.
    :param limiter: shared with the other clients of the same user; None when there are none.
    """

    def __init__(
        self, root: str, tokens: Tokens | None, *, ca_file: str | None = None, limits: Limits | None = None,
        clock: Time | None = None, limiter: Limiter | None = None, rules: ErrorRules | None = None,
    ) -> None:  # fmt: skip
        self.origin, self._rules = Origin(root), rules
        self._tokens, self._limits, self._time = tokens, limits or Limits(), clock or Time()
        self._session = open_session(root, ca_file)
        self.patience = Patience(self._limits, self._time, limiter or Limiter(self._time.now))

    def get(self, link: str, form: type[Form]) -> Form:
        """Read a JSON answer. :param form: what it must be; any other answer counts as none and is asked for again.

        :raises ServiceError: see ``send``.
        """
        found: Form = self.send(Call("GET", link, JSON_HEADERS, decode=msgspec.json.Decoder(form).decode)).value
        return found

    def token(self) -> str:
        """Return a token, asked for within the same limits as a request; empty for addresses that need none.

        :raises AuthenticationFailed: Entra refused; :raises TransientServiceError: it could not be asked in time.
        """
        if self._tokens is None:
            return ""
        retrying = self.patience.retrying(self.patience.deadline(), lambda exc: isinstance(exc, TransientServiceError))
        return retrying(self._tokens.token)

    def part_error(
        self, action: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> TransientServiceError | NotFound | RequestRefused:
        """Return why a part of a ``$batch`` failed. A transient failure makes everybody wait, like that of a request.

        :raises ServiceError: a failure that is not about single rows.
        """
        exc = error_of(action, status, headers, body, self._rules)
        if isinstance(exc, TransientServiceError):
            self.patience.be_quiet(exc)
        elif not isinstance(exc, NotFound | RequestRefused):
            raise exc
        return exc

    def send(self, call: Call) -> Answer:
        """Send a request and repeat it within the limits while that can help and cannot harm.

        :raises TransientServiceError: no success within the limits; the same call may work later.
        :raises PermanentServiceError: the service said no; :raises ForeignLinkRefused: a link left the service.
        """
        address = self.origin.resolve(call.link)
        deadline = self.patience.deadline()
        retrying = self.patience.retrying(deadline, lambda exc: _may_repeat(exc, call))
        return retrying(self._with_token, call, address, deadline)

    def _with_token(self, call: Call, address: str, deadline: Deadline) -> Answer:
        token = self._tokens.token() if self._tokens else ""
        try:
            return self._exchange(call, address, token, deadline)
        except AuthenticationFailed as exc:
            if exc.status != 401 or self._tokens is None:
                raise
            self._tokens.forget(token)  # it may have been withdrawn early; once is enough to find out
            return self._exchange(call, address, self._tokens.token(), deadline)

    def _exchange(self, call: Call, address: str, token: str, deadline: Deadline) -> Answer:
        with self.patience.turn(deadline, call.before) as turn:
            for _ in range(REDIRECTS + 1):
                answer = self._once(call, address, token, deadline)
                if answer.status not in (301, 302, 303, 307, 308):
                    self._note(turn, call, address, answer)
                    return self._checked(call, address, answer)
                address = self._redirected(call, address, answer)
        raise ServiceUnavailable(f"{_named(call, address)} was redirected again and again.", status=answer.status)

    def _note(self, turn: int, call: Call, address: str, answer: Answer) -> None:
        """Tell the limiter how an answer came; only requests to one place and of about one size can be compared."""
        if answer.status < 500 and answer.status not in (408, 429):
            size = (len(call.body or b"") + len(answer.body)).bit_length()
            kind = (call.method, urlsplit(address).path.partition("(")[0], size)
            self.patience.limiter.answered(turn, answer.headers, kind=kind, seconds=answer.seconds)

    def _redirected(self, call: Call, address: str, answer: Answer) -> str:
        target = self.origin.resolve(requests.compat.urljoin(address, answer.headers.get("Location", "")))
        if call.method != "GET":
            raise ForeignLinkRefused(
                f"{_named(call, address)} was answered with a redirect; a write never follows one."
            )
        return target

    def _once(self, call: Call, address: str, token: str, deadline: Deadline) -> Answer:
        headers = {**call.headers, "Accept-Encoding": ACCEPTED, "x-ms-client-request-id": str(uuid.uuid4())}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        started = self._time.now()
        _pass("http.send", call, address)
        try:
            with self._session.request(
                call.method, address, headers=headers, data=call.body, stream=True, allow_redirects=False,
                timeout=(CONNECT_SECONDS, self._limits.timeout),
            ) as response:  # fmt: skip
                body = self._read(call, address, response, deadline)
        except Unreadable as exc:
            raise ServiceUnavailable(
                f"{_named(call, address)} was answered with {exc}. It is never taken for an empty result."
            ) from exc
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as exc:
            # Not `from exc`: the library's text repeats the whole address, and that of a package holds its permission.
            raise _no_answer(call, address, exc) from None
        _pass("http.answered", call, address)
        seconds = self._time.now() - started
        log.debug("%s answered %d in %.2f s, %d bytes, request %s", _named(call, address), response.status_code,
                  seconds, len(body), request_id(response.headers))  # fmt: skip
        return Answer(response.status_code, response.headers, body, seconds)

    def _read(self, call: Call, address: str, response: requests.Response, deadline: Deadline) -> bytes:
        """Read the body piece by piece, so that neither a flood nor a drip holds us longer than the limits."""
        pieces, size = [], 0
        for piece in unpacked(
            response.headers.get("Content-Encoding", ""), self._packed(call, address, response, deadline)
        ):
            pieces.append(piece)
            size += len(piece)
            if size > self._limits.page_bytes:
                raise AnswerTooLarge(
                    f"{_named(call, address)}: the answer is larger than {self._limits.page_bytes} bytes and was not "
                    "read to its end. Ask for fewer columns or smaller pages; if it should be small, look at the proxy "
                    "between here and the service."
                )
        return b"".join(pieces)

    def _packed(self, call: Call, address: str, response: requests.Response, deadline: Deadline) -> Iterator[bytes]:
        """Yield what arrives, as long as there is time."""
        while piece := response.raw.read1(PIECE, decode_content=False):
            yield piece
            if self._time.now() > deadline.moment:
                raise NetworkFailure(
                    f"{_named(call, address)}: the answer did not end within {self._limits.total:.0f} s."
                )

    def _checked(self, call: Call, address: str, answer: Answer) -> Answer:
        if not 200 <= answer.status < 300:
            raise error_of(_named(call, address), answer.status, answer.headers, answer.body, self._rules)
        kind = answer.headers.get("Content-Type", "").lower()
        if answer.body and "html" in kind:
            raise ServiceUnavailable(
                f"{_named(call, address)} was answered with a web page: a proxy, a sign-in or a maintenance page. "
                "It is never taken for an empty result.",
                status=answer.status, request_id=request_id(answer.headers),
            )  # fmt: skip
        if call.decode is None:
            return answer
        try:
            return replace(answer, value=call.decode(answer.body))
        except NOT_JSON as exc:
            raise ServiceUnavailable(
                f"{_named(call, address)} was answered with something unreadable ({exc}). "
                "It is never taken for an empty result.",
                status=answer.status, request_id=request_id(answer.headers),
            ) from exc  # fmt: skip


def _named(call: Call, address: str) -> str:
    """Name a request for a message: without its query, which may hold a signature or data."""
    parts = urlsplit(address)
    return f"{call.method} {parts.netloc}{parts.path}"


def _pass(kind: str, call: Call, address: str) -> None:
    """Pass the point of a request that may change something; a read changes nothing."""
    if call.method != "GET":
        point(f"{kind} {call.method} {urlsplit(address).path.rpartition('/')[2]}")


def _no_answer(call: Call, address: str, exc: Exception) -> NetworkFailure | ConnectionSetupError:
    text, name = str(exc), _named(call, address)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return ConnectionSetupError(
            f"{name}: the certificate of {urlsplit(address).netloc} is not trusted. Set the extra field ca_file of the "
            "connection to the certificates to trust; nothing was sent."
        )
    if isinstance(exc, requests.exceptions.ConnectTimeout) or "NewConnectionError" in text or "NameResolution" in text:
        return _NotSent(f"{name}: no connection to {urlsplit(address).netloc}; check address, network and proxy.")
    doubt = "" if call.repeatable else " It is not known whether the service carried it out."
    return NetworkFailure(
        f"{name}: the connection was cut before the answer was complete ({type(exc).__name__}).{doubt}"
    )


def _may_repeat(exc: BaseException, call: Call) -> bool:
    if call.repeatable:
        return isinstance(exc, TransientServiceError)
    return isinstance(exc, Throttled | _NotSent)
