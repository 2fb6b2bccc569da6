"""Which tenant an access token is of, where that can be read from it."""

from __future__ import annotations

import base64
import binascii

import msgspec

from fs_integration.clients.answers import NOT_JSON


def tenant_of(token: str) -> str:
    """Return the claim ``tid`` of a token, empty when the token is not readable.

    Nothing is decided by it but whether the tenant is the one of before: the services check the token themselves.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, *NOT_JSON):
        return ""
    found = claims.get("tid") if isinstance(claims, dict) else None
    return str(found or "").lower()
