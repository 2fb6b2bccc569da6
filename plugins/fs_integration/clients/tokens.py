"""Get an access token from Entra, keep it while it lives, and say in plain words why there is none.

Four ways to prove who we are, one token per service. The library underneath is msal; its peculiarities (failures as
return values, other failures as exceptions, its own memory of failures) end in this module.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msal
import requests
import urllib3

from fs_integration.clients.discretion import guard_logs
from fs_integration.clients.settings import PUBLIC_CLOUD, CredentialKind, ServiceSettings
from fs_integration.clients.token_session import TokenSession
from fs_integration.clients.unpacking import Unreadable
from fs_integration.errors import (
    AuthenticationFailed,
    ConnectionSetupError,
    NetworkFailure,
    ServiceUnavailable,
    TransientServiceError,
)

log = logging.getLogger(__name__)

LONGEST_TOKEN = 32 * 1024  # characters; services take less in a header
LONGEST_LIFE = 7 * 24 * 3600.0  # seconds
RENEW_SECONDS = 300.0  # a token with less life than this is renewed, unless it never lived longer
Acquire = Callable[[], Mapping[str, Any]]

# Codes from Microsoft's "Microsoft Entra authentication and authorization error codes".
ADVICE: dict[int, str] = {
    7000215: "The client secret is wrong; often the id of the secret was taken instead of its value.",
    7000222: "The client secret has expired; create a new one, or use a certificate or federation.",
    700016: "The application is not known in this tenant; check tenant id and client id.",
    90002: "The tenant does not exist; check the tenant id.",
    900023: "The tenant id is no tenant; check it.",
    70011: "The scope is not valid; check the address of the connection.",
    500011: "The environment is not known in this tenant; check the address and the tenant id of the connection.",
    50001: "The environment is not known in this tenant; check the address and the tenant id of the connection.",
    50012: "The certificate does not belong to the application.",
    700027: "The certificate is not registered with the application; upload its public part.",
    700024: "The assertion is outside of its validity; check the clock of this machine and the federated token file.",
    500133: "The assertion is outside of its validity; check the clock of this machine and the federated token file.",
    70021: "No federated credential of the application fits issuer, subject and audience of the federated token.",
    700213: "No federated credential of the application fits issuer, subject and audience of the federated token.",
    9001023: "Use the id of the tenant, not `common`.",
    65001: "The address of the connection is not spelled as the environment spells it.",
    50034: "The account does not exist in this tenant.",
}
_WORD = re.compile(r"[a-z_]{1,50}")
_PASSING_CODES = frozenset({50196, 90055, 90033})
_PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error"})


class TokenSource:
    """Hand out the token of one service; safe to use from several threads.

    :param clock: seconds, monotonic; replaced in tests.
    """

    def __init__(self, settings: ServiceSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        guard_logs()
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = self._dies_at = -1.0

    def token(self) -> str:
        """Return a token that lives for a while.

        :raises AuthenticationFailed: Entra refused; the message names its code and what to mend.
        :raises TransientServiceError: Entra could not be asked.
        """
        with self._lock:
            if self._token and self._clock() < self._renew_at:
                return self._token
            try:
                self._renew()
            except TransientServiceError as exc:
                if not self._token or self._clock() >= self._dies_at:
                    raise
                log.warning("The token of %s could not be renewed yet: %s", self._settings.base_url, exc)
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token the service did not take; one that was renewed meanwhile stays."""
        with self._lock:
            if token == self._token:
                self._token = ""

    def _renew(self) -> None:
        # A new application each time: msal keeps tokens and failures of its own, and this class is the one that keeps.
        answer = _answer_of_entra(self._settings)
        if "access_token" not in answer:
            raise refusal(self._settings, answer)
        token, life = _token_of(self._settings, answer)
        now = self._clock()
        self._token, self._dies_at = token, now + life
        self._renew_at = now + life - min(RENEW_SECONDS, life / 2)
        log.debug("Got a token for %s that lives %d s", self._settings.base_url, life)


def _token_of(settings: ServiceSettings, answer: Mapping[str, Any]) -> tuple[str, float]:
    """Return token and seconds of life. :raises ServiceUnavailable: it cannot stand in a header, or is no token."""
    token, life = answer["access_token"], answer.get("expires_in") or 0
    fits = isinstance(token, str) and token.isascii() and token.isprintable() and 0 < len(token) <= LONGEST_TOKEN
    if not fits or " " in token or not isinstance(life, int | float | str):
        raise ServiceUnavailable(f"{_asked(settings)} and got something that is no token; this is tried again.")
    return token, min(float(life), LONGEST_LIFE)


def refusal(settings: ServiceSettings, answer: Mapping[str, Any]) -> Exception:
    """Return the exception for an answer without a token. Entra's own text stays out: it may quote the request."""
    listed = answer.get("error_codes")
    codes = [code for code in listed if isinstance(code, int)] if isinstance(listed, list) else []
    error = str(answer.get("error") or "")
    error = error if _WORD.fullmatch(error) else "an unknown error"
    name = f"AADSTS{codes[0]}" if codes else error
    correlation = str(answer.get("correlation_id") or "")[:100]
    if error in _PASSING_ERRORS or _PASSING_CODES.intersection(codes):
        return ServiceUnavailable(
            f"{_asked(settings)} and got `{name}`; this is tried again.", code=name, request_id=correlation
        )
    advice = next(
        (ADVICE[code] for code in codes if code in ADVICE), "Look the code up in Microsoft's list of Entra error codes."
    )
    return AuthenticationFailed(
        f"{_asked(settings)} and was refused. {advice}", status=400, code=name, request_id=correlation
    )


def _asked(settings: ServiceSettings) -> str:
    return (
        f"Asked Entra for a token for {settings.base_url} with {settings.credential.value} "
        f"(tenant `{settings.tenant_id}`, client `{settings.client_id}`)"
    )


def _answer_of_entra(settings: ServiceSettings) -> Mapping[str, Any]:
    """Ask through msal and turn what it raises into our families."""
    authority = "the managed identity of this machine"
    if settings.credential is not CredentialKind.MANAGED_IDENTITY:
        authority = settings.authority_host
    try:
        return _application(settings)()
    except requests.exceptions.SSLError as exc:
        if "CERTIFICATE_VERIFY_FAILED" not in str(exc):
            raise NetworkFailure(f"The connection to {authority} was cut.") from exc
        raise ConnectionSetupError(
            f"The certificate of {authority} is not trusted. Set the extra field ca_file to the certificates to trust."
        ) from exc
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as exc:
        raise NetworkFailure(f"No complete answer of {authority} ({type(exc).__name__}).") from exc
    except msal.exceptions.MsalServiceError as exc:
        raise ServiceUnavailable(f"{authority} answered that it cannot give tokens now.") from exc
    except (Unreadable, RecursionError) as exc:
        raise ServiceUnavailable(f"{authority} answered with something that is no token answer.") from exc
    except RuntimeError as exc:  # how msal says that the addresses of an authority came with another status than 200
        raise ServiceUnavailable(f"{authority} did not say where it gives tokens, but sent us elsewhere.") from exc
    except (ValueError, KeyError, OSError, msal.ManagedIdentityError) as exc:
        raise _unusable(authority, exc) from exc


def _unusable(authority: str, exc: Exception) -> Exception:
    """Tell a page that is no JSON (a proxy, maintenance) from a setting that cannot work; neither text is repeated."""
    if isinstance(exc, ValueError) and "JSON" in type(exc).__name__:
        return ServiceUnavailable(f"{authority} answered with something that is no token answer.")
    return ConnectionSetupError(
        f"{authority} cannot be asked for a token with these settings ({type(exc).__name__}). Check authority_host, "
        "instance_discovery, the certificate with its passphrase, and whether this machine has a managed identity."
    )


def _application(settings: ServiceSettings) -> Acquire:
    if settings.credential is CredentialKind.MANAGED_IDENTITY:
        return _managed_identity(settings)
    application = msal.ConfidentialClientApplication(
        settings.client_id,
        client_credential=_credential(settings),
        authority=f"{settings.authority_host}/{settings.tenant_id}",
        instance_discovery=settings.instance_discovery,
        http_client=TokenSession(
            settings.ca_file,
            requests.utils.get_environ_proxies(settings.authority_host),
            (settings.authority_host, *([PUBLIC_CLOUD] if settings.instance_discovery else [])),
        ),
    )
    return lambda: application.acquire_token_for_client(scopes=[settings.scope])


def _managed_identity(settings: ServiceSettings) -> Acquire:
    """The identity endpoint is on this machine: no proxy, no certificates of our own."""
    identity = (
        msal.UserAssignedManagedIdentity(client_id=settings.client_id)
        if settings.client_id
        else msal.SystemAssignedManagedIdentity()
    )
    client = msal.ManagedIdentityClient(identity, http_client=TokenSession(None, {}))
    return lambda: client.acquire_token_for_client(resource=settings.base_url)


def _credential(settings: ServiceSettings) -> Any:
    if settings.credential is CredentialKind.CLIENT_SECRET:
        return settings.client_secret
    if settings.credential is CredentialKind.WORKLOAD_IDENTITY:
        # Read at every use: the platform rewrites the file about once an hour.
        return {"client_assertion": lambda: Path(settings.federated_token_file).read_text(encoding="utf-8").strip()}
    return _certificate(settings)


def _certificate(settings: ServiceSettings) -> dict[str, Any]:
    optional = {"passphrase": settings.passphrase} if settings.passphrase else {}
    if settings.certificate_file.lower().endswith((".pfx", ".p12")):
        return {"private_key_pfx_path": settings.certificate_file, **optional}
    pem = settings.private_key or Path(settings.certificate_file).read_text(encoding="utf-8")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in pem or "PRIVATE KEY-----" not in pem:
        raise ConnectionSetupError("The PEM of the connection must hold both the private key and the certificate.")
    public = pem[pem.index(begin) : pem.index(end) + len(end)] + "\n"
    return {"private_key": pem, "public_certificate": public, **optional}
