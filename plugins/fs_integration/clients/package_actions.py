"""The actions of the data-management package API that imports and exports share, and the storage behind them.

An execution gets an id of ours that follows from the run, so a repeated run finds its execution instead of starting
another one (docs/connections.md, "Data packages").
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from fs_integration.clients.discretion import without_secrets
from fs_integration.clients.hosts import STORAGE, https_parts, is_allowed
from fs_integration.clients.patience import Time
from fs_integration.clients.settings import ServiceSettings
from fs_integration.clients.transport import JSON_HEADERS, Call, Transport
from fs_integration.errors import (
    ForeignLinkRefused,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceUnavailable,
    TransientServiceError,
)
from fs_integration.plain_text import one_line

log = logging.getLogger(__name__)

ACTIONS = "data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities"
POLL_SECONDS = 1.0  # the first pause; each is twice as long as the last
LONGEST_POLL_SECONDS = 15.0
LONGEST_EXECUTION = 3600.0
GRACE_SECONDS = 60.0  # right after a start the service may not know the execution yet
EXECUTIONS = 5  # ids tried after executions that failed
UNKNOWN, SUCCEEDED, PARTLY = "Unknown", "Succeeded", "PartiallySucceeded"
RUNNING = frozenset({"NotRun", "Executing", "Bad request"})  # the last is seen for a moment right after a start
FAILED = frozenset({"Failed", "Canceled"})
_NO_EXECUTION = "00000000-0000-0000-0000-000000000000"
_NAMESPACE = uuid.UUID("0d9f9b3c-3a53-5b0b-8a4e-3d0d3a3c2c11")
_DECODE = msgspec.json.Decoder(dict[str, Any]).decode


def execution_ids(name: str) -> list[str]:
    """Return the ids the executions of one piece of work get, one after the other when they fail.

    They follow from the work, so that a try after a cut finds what the one before began (R7 in docs/reliability.md).
    """
    return [str(uuid.uuid5(_NAMESPACE, f"{name}/{number}")) for number in range(EXECUTIONS)]


def is_over(state: str) -> bool:
    """Tell whether an execution in this state has ended, well or badly."""
    return state in (SUCCEEDED, PARTLY) or state in FAILED


def is_lost(state: str, *, known: bool, waited: float, grace: float = GRACE_SECONDS) -> bool:
    """Tell whether the service no longer tells of an execution that has not ended.

    :param known: it has told of it before; :param waited: seconds since the first question; :param grace: seconds
        for which it may not know the execution yet.
    """
    return state not in RUNNING and (known or waited > grace)


class PackageActions:
    """Call the actions of one environment.

    :param settings: whom to trust and how long to wait at the storage account.
    """

    def __init__(self, transport: Transport, settings: ServiceSettings, clock: Time) -> None:
        self._transport, self._settings, self.time = transport, settings, clock

    def call(self, action: str, *, repeatable: bool = True, **body: Any) -> Any:
        """Call one action with these parameters and return its value.

        :raises ServiceError: the action failed; :raises RequestRefused: it threw an exception.
        """
        headers = {**JSON_HEADERS, "Content-Type": "application/json"}
        call = Call("POST", f"{ACTIONS}.{action}", headers, msgspec.json.encode(body), repeatable, decode=_DECODE)
        value = self._transport.send(call).value.get("value")
        return value.get("value") if isinstance(value, dict) else value  # the documents show both forms

    def state(self, execution: str) -> str:
        """Return the state of an execution, ``Unknown`` where the service does not know it."""
        try:
            return one_line(str(self.call("GetExecutionSummaryStatus", executionId=execution) or UNKNOWN))
        except (NotFound, RequestRefused):
            return UNKNOWN

    def start(self, action: str, *, execution: str, project: str, company: str, **parameters: Any) -> None:
        """Start an execution once.

        :raises RequestRefused: the service does not start it; :raises TransientServiceError: it surely did not begin.
        """
        log.info("%s by project %s for %s as execution %s", action, project, company, execution)
        try:
            answer = self.call(
                action, repeatable=False, definitionGroupId=project, executionId=execution, legalEntityId=company,
                **parameters,
            )  # fmt: skip
        except TransientServiceError:
            # Nobody knows whether it was started; only the service can tell, and a second start repeats its effect.
            if self.state(execution) == UNKNOWN:
                raise
            return
        if answer == _NO_EXECUTION:
            raise RequestRefused(
                f"Finance & Operations did not start project `{project}` for `{company}`. Check that the project "
                "exists there and holds the entity."
            )

    def wait(self, execution: str, project: str, meanwhile: Callable[[], None]) -> str:
        """Wait until an execution has ended and return its state.

        :param meanwhile: called between two questions, so that a lease does not run out.
        :raises ServiceUnavailable: it did not end in time, or the service forgot it.
        """
        started, pause, known = self.time.now(), POLL_SECONDS, False
        while not is_over(state := self.state(execution)):
            waited = self.time.now() - started
            known = known or state in RUNNING
            if is_lost(state, known=known, waited=waited):
                raise ServiceUnavailable(f"Execution {execution} of project `{project}` ended as `{state}`.")
            if waited > LONGEST_EXECUTION:
                raise ServiceUnavailable(
                    f"Execution {execution} of project `{project}` is still `{state}` after {waited:.0f} s. Trying "
                    "again asks for the same execution."
                )
            meanwhile()
            self.time.sleep(pause)
            pause = min(pause * 2, LONGEST_POLL_SECONDS)
        return state

    def errors(self, execution: str) -> str:
        """Return the service's error list as it is, without secrets; its JSON is often broken."""
        try:
            return without_secrets(str(self.call("GetExecutionErrors", executionId=execution) or ""))
        except (NotFound, RequestRefused):
            return ""

    def download(self, ask: Callable[[], str]) -> bytes:
        """Download a file. :param ask: gives its address; it expires, and a fresh one does not."""
        try:
            return self._fetch(ask())
        except PermissionDenied:
            return self._fetch(ask())

    def poll(self, ask: Callable[[], str], what: str) -> str:
        """Ask for an address until there is one. :raises ServiceUnavailable: there is none in time."""
        started = self.time.now()
        while not (url := ask()):
            if self.time.now() - started > GRACE_SECONDS * 5:
                raise ServiceUnavailable(f"{what} was not ready after {GRACE_SECONDS * 5:.0f} s.")
            self.time.sleep(POLL_SECONDS)
        return url

    def upload(self, url: str, content: bytes) -> None:
        """Put a file where the service reads it from. The address carries its own permission."""
        storage, parts = self._storage(url)
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
        storage.send(Call("PUT", parts.geturl(), headers, content))

    def _fetch(self, url: str) -> bytes:
        storage, parts = self._storage(url)
        return storage.send(Call("GET", parts.geturl())).body

    def _storage(self, url: str) -> tuple[Transport, SplitResult]:
        """Return a way to the storage account: over TLS always, and without a token, which is not meant for it.

        :raises ForeignLinkRefused: the address is neither of a storage account nor of a host the connection allows.
        """
        parts = https_parts(f"https://{url.partition('://')[2]}")
        known = (*STORAGE, *self._settings.allowed_hosts, urlsplit(self._settings.base_url).hostname or "")
        if parts is None or "@" in parts.netloc or not is_allowed(parts.hostname or "", known):
            place = url.partition("?")[0].rpartition("@")[2][:100]
            raise ForeignLinkRefused(
                f"Finance & Operations gave `{place}` as the address of a package, which is no storage account "
                f"({', '.join(STORAGE)}). Nothing was sent there. If it is meant, write its host into the extra field "
                "allowed_hosts of the connection."
            )
        root = f"https://{parts.netloc}"
        return Transport(
            root, None, ca_file=self._settings.ca_file, limits=self._settings.limits, clock=self.time
        ), parts  # fmt: skip
