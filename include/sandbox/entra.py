"""Tokens: issue them, judge them, expire them. The HTTP side of the token service is `token_service`."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from sandbox.clock import Clock

TENANT_ID = "00000000-0000-4000-8000-000000000001"
CLIENT_ID = "00000000-0000-4000-8000-0000000000c1"
UNMAPPED_CLIENT_ID = "00000000-0000-4000-8000-0000000000c2"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the documented credential of an emulator
KEY_ID = "sandbox"
_OBJECT_IDS = uuid.UUID("00000000-0000-4000-8000-0000000000f0")
_KEPT = 10_000


class InvalidToken(Exception):
    """A token that must not be accepted; the message says why."""


class TokenIssuer:
    """Issue signed tokens and recognise them again.

    :param clock: decides about lifetimes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}
        self._expired: set[str] = set()

    def issue(self, client_id: str, audience: str, lifetime_seconds: int) -> str:
        """Issue a token.

        :param audience: the resource exactly as the client spelled it.
        """
        now = self._clock.now().replace(microsecond=0)
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "iat": _epoch(now),
            "nbf": _epoch(now),
            "exp": _epoch(now + timedelta(seconds=lifetime_seconds)),
            "appid": client_id,
            "idtyp": "app",
            "oid": str(uuid.uuid5(_OBJECT_IDS, client_id)),
            "tid": TENANT_ID,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def claims(self, token: str) -> dict[str, Any]:
        """Give the claims of a valid token.

        :raises InvalidToken: a foreign, garbled or expired token.
        """
        claims = self._known.get(token) or self._verify(token)
        if token in self._expired or claims["exp"] <= _epoch(self._clock.now()):
            raise InvalidToken("the token has expired")
        return claims

    def expire(self, token: str) -> None:
        """Treat a token as expired from now on."""
        self._expired.add(token)

    def public_key(self) -> dict[str, Any]:
        """Give the signing key as a JSON web key."""
        described: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {**described, "kid": KEY_ID, "use": "sig"}

    def _verify(self, token: str) -> dict[str, Any]:
        """Check the signature once per token; checking it for every request would cost more than many answers."""
        options: Options = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key.public_key(), algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError as error:
            raise InvalidToken(f"the token is not one of this tenant ({error})") from error
        with self._lock:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[token] = claims
        return claims


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())
