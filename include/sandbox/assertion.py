"""Judge the signed statement with which a client proves that it owns a certificate."""

from __future__ import annotations

import base64
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from jwt.types import Options

from sandbox.clock import Clock

_ALGORITHMS = ["PS256", "RS256"]
_SKEW_SECONDS = 300


class AssertionRefused(Exception):
    """A client assertion that proves nothing.

    :param code: AADSTS code; :param message: its text.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RegisteredCertificates:
    """The certificates uploaded for a client, found by thumbprint."""

    def __init__(self) -> None:
        self._by_thumbprint: dict[str, x509.Certificate] = {}

    def add(self, pem: bytes) -> None:
        """Register the public part of a certificate."""
        certificate = x509.load_pem_x509_certificate(pem)
        for algorithm in (hashes.SHA1(), hashes.SHA256()):  # noqa: S303 - the protocol names certificates by it
            self._by_thumbprint[_base64url(certificate.fingerprint(algorithm))] = certificate

    def find(self, thumbprint: str) -> x509.Certificate | None:
        """Find a certificate by its base64url thumbprint, padded or not."""
        return self._by_thumbprint.get(thumbprint.rstrip("="))


def check_assertion(
    assertion: str, client_id: str, audience: str, certificates: RegisteredCertificates, clock: Clock
) -> None:
    """Accept an assertion or say what is wrong with it.

    :param audience: address of the token endpoint.
    :raises AssertionRefused: unknown certificate, wrong signature, wrong claims, outside its validity.
    """
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.InvalidTokenError as error:
        raise AssertionRefused(50027, f"JWT token is invalid or malformed: {error}.") from error
    certificate = certificates.find(str(header.get("x5t#S256") or header.get("x5t") or ""))
    if certificate is None:
        raise AssertionRefused(
            700027,
            "Client assertion failed signature validation: the certificate is not registered on the application.",
        )
    claims = _verified(assertion, certificate)
    if claims.get("aud") != audience:
        raise AssertionRefused(50012, f"Client assertion audience claim does not match '{audience}'.")
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise AssertionRefused(50012, "Client assertion issuer and subject must be the client id.")
    _check_times(claims, clock.now().timestamp())


def _verified(assertion: str, certificate: x509.Certificate) -> dict[str, Any]:
    options: Options = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            certificate.public_key(),  # type: ignore[arg-type]
            algorithms=_ALGORITHMS,
            options=options,
        )
    except (jwt.InvalidTokenError, TypeError) as error:
        raise AssertionRefused(700027, f"Client assertion failed signature validation: {error}.") from error
    return claims


def _check_times(claims: dict[str, Any], now: float) -> None:
    """The times may be whole numbers or fractions."""
    expires, starts = claims.get("exp"), claims.get("nbf", claims.get("iat", now))
    if not isinstance(expires, (int, float)) or not isinstance(starts, (int, float)):
        raise AssertionRefused(50012, "Client assertion needs the numeric claims 'exp' and 'iat'.")
    if expires < now - _SKEW_SECONDS or starts > now + _SKEW_SECONDS:
        raise AssertionRefused(700024, "Client assertion is not within its valid time range.")


def _base64url(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
