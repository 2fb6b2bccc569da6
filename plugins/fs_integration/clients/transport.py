"""The one way out to a service: pooled, bounded, repeated only where that is safe, never to a foreign host.

Certificates are always checked; there is no switch to stop that, only ``ca_file`` to say whom to trust.
"""

from __future__ import annotations

import http.cookiejar
import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
import requests
import tenacity
import urllib3

from fs_integration.clients.answers import error_of, request_id
from fs_integration.clients.origin import Origin
from fs_integration.clients.settings import Limits
from fs_integration.errors import (
    AuthenticationFailed,
    ConnectionSetupError,
    ForeignLinkRefused,
    NetworkFailure,
    RequestRefused,
    ServiceUnavailable,
    Throttled,
    TransientServiceError,
)

log = logging.getLogger(__name__)

POOL = 52  # connections kept; Dataverse answers no more than this many requests at once
CONNECT_SECONDS = 30.0
LONGEST_PAUSE = 120.0  # seconds between two tries when the service does not say how long
REDIRECTS = 3
JSON_HEADERS = {"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"}
_CHUNK = 1024 * 1024


class Tokens(Protocol):
    """What the transport needs of ``TokenSource``."""

    def token(self) -> str: ...

    def forget(self, token: str) -> None: ...


@dataclass(frozen=True)
class Answer:
    """A complete successful answer; ``value`` is what the call's ``decode`` made of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    value: Any = None


@dataclass
class Time:
    """Clock, sleep and chance, so that tests need none of them."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


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
    """

    def __init__(
        self, root: str, tokens: Tokens | None, *, ca_file: str | None = None, limits: Limits | None = None,
        clock: Time | None = None,
    ) -> None:  # fmt: skip
        self.origin = Origin(root)
        self._tokens, self._limits, self._time = tokens, limits or Limits(), clock or Time()
        self._session = _session(root, ca_file)
        self._pause = threading.Lock()
        self._quiet_until = 0.0

    def get_json(self, link: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read a JSON object. :raises ServiceError: see ``send``."""
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        return dict(self.send(Call("GET", link, headers or JSON_HEADERS, decode=decode)).value)

    def send(self, call: Call) -> Answer:
        """Send a request and repeat it within the limits while that can help and cannot harm.

        :raises TransientServiceError: no success within the limits; the same call may work later.
        :raises PermanentServiceError: the service said no; :raises ForeignLinkRefused: a link left the service.
        """
        address = self.origin.resolve(call.link)
        deadline = self._time.now() + self._limits.total
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda exc: _may_repeat(exc, call)),
            stop=tenacity.stop_after_attempt(self._limits.attempts) | _Beyond(self._time, deadline),
            wait=lambda state: self._wait(state),
            sleep=self._time.sleep,
            before_sleep=_log_repetition,
            reraise=True,
        )
        return retrying(self._attempt, call, address, deadline)

    def _attempt(self, call: Call, address: str, deadline: float) -> Answer:
        self._stay_quiet(deadline)
        try:
            return self._with_token(call, address, deadline)
        except Throttled as exc:
            self._be_quiet(exc.retry_after)
            raise

    def _with_token(self, call: Call, address: str, deadline: float) -> Answer:
        token = self._tokens.token() if self._tokens else ""
        try:
            return self._exchange(call, address, token, deadline)
        except AuthenticationFailed as exc:
            if exc.status != 401 or self._tokens is None:
                raise
            self._tokens.forget(token)  # it may have been withdrawn early; once is enough to find out
            return self._exchange(call, address, self._tokens.token(), deadline)

    def _exchange(self, call: Call, address: str, token: str, deadline: float) -> Answer:
        if call.before is not None:
            call.before()
        for _ in range(REDIRECTS + 1):
            answer = self._once(call, address, token, deadline)
            if answer.status not in (301, 302, 303, 307, 308):
                return self._checked(call, address, answer)
            address = self._redirected(call, address, answer)
        raise ServiceUnavailable(f"{_named(call, address)} was redirected again and again.", status=answer.status)

    def _redirected(self, call: Call, address: str, answer: Answer) -> str:
        target = self.origin.resolve(requests.compat.urljoin(address, answer.headers.get("Location", "")))
        if call.method != "GET":
            raise ForeignLinkRefused(
                f"{_named(call, address)} was answered with a redirect; a write never follows one."
            )
        return target

    def _once(self, call: Call, address: str, token: str, deadline: float) -> Answer:
        headers = {**call.headers, "x-ms-client-request-id": str(uuid.uuid4())}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        started = self._time.now()
        try:
            with self._session.request(
                call.method, address, headers=headers, data=call.body, stream=True, allow_redirects=False,
                timeout=(CONNECT_SECONDS, self._limits.timeout),
            ) as response:  # fmt: skip
                body = self._read(call, address, response, deadline)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as exc:
            raise _no_answer(call, address, exc) from exc
        log.debug("%s answered %d in %.2f s, %d bytes, request %s", _named(call, address), response.status_code,
                  self._time.now() - started, len(body), request_id(response.headers))  # fmt: skip
        return Answer(response.status_code, response.headers, body)

    def _read(self, call: Call, address: str, response: requests.Response, deadline: float) -> bytes:
        """Read the body piece by piece, so that neither a flood nor a drip holds us longer than the limits."""
        pieces, size = [], 0
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._limits.page_bytes:
                raise RequestRefused(
                    f"{_named(call, address)}: the answer is larger than {self._limits.page_bytes} bytes and was not "
                    "read to its end. Ask for fewer columns or smaller pages."
                )
            if self._time.now() > deadline:
                raise NetworkFailure(
                    f"{_named(call, address)}: the answer did not end within {self._limits.total:.0f} s."
                )
        return b"".join(pieces)

    @staticmethod
    def _checked(call: Call, address: str, answer: Answer) -> Answer:
        if not 200 <= answer.status < 300:
            raise error_of(_named(call, address), answer.status, answer.headers, answer.body)
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
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise ServiceUnavailable(
                f"{_named(call, address)} was answered with something unreadable ({exc}). "
                "It is never taken for an empty result.",
                status=answer.status, request_id=request_id(answer.headers),
            ) from exc  # fmt: skip

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Return what the service asked for, else a pause that doubles; chance keeps writers from coming together."""
        exc = state.outcome.exception() if state.outcome else None
        asked = exc.retry_after if isinstance(exc, TransientServiceError) else None
        if asked is not None:
            return asked + self._time.jitter()
        first = 10.0 if isinstance(exc, Throttled) else 1.0
        return float(min(first * 2 ** (state.attempt_number - 1), LONGEST_PAUSE) * (0.5 + self._time.jitter() / 2))

    def _be_quiet(self, seconds: float | None) -> None:
        with self._pause:
            self._quiet_until = max(self._quiet_until, self._time.now() + (seconds or 0.0))

    def _stay_quiet(self, deadline: float) -> None:
        """While the service asked for a pause no other request of ours goes out; it would lengthen the pause."""
        with self._pause:
            rest = self._quiet_until - self._time.now()
        if self._time.now() + rest > deadline:
            raise Throttled(f"The service asked for a pause of another {rest:.0f} s.", status=429, retry_after=rest)
        if rest > 0:
            self._time.sleep(rest)


class _Beyond(tenacity.stop.stop_base):
    """Stop when the next pause would end after the deadline: waiting for nothing helps nobody."""

    def __init__(self, clock: Time, deadline: float) -> None:
        self._time, self._deadline = clock, deadline

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        return self._time.now() + (state.upcoming_sleep or 0.0) > self._deadline


def _session(root: str, ca_file: str | None) -> requests.Session:
    """A session without cookies (they would tie us to one server), passwords or certificates of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_file or True
    session.proxies = dict(requests.utils.get_environ_proxies(root))
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=POOL))
    return session


def _named(call: Call, address: str) -> str:
    """Name a request for a message: without its query, which may hold a signature or data."""
    parts = urlsplit(address)
    return f"{call.method} {parts.netloc}{parts.path}"


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


def _log_repetition(state: tenacity.RetryCallState) -> None:
    exc = state.outcome.exception() if state.outcome else None
    log.warning("Try %d failed, next in %.1f s: %s", state.attempt_number, state.upcoming_sleep, exc)
