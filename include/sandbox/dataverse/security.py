"""Who is asking: token, application user."""

from __future__ import annotations

from sandbox.dataverse.errors import DataverseError, not_a_member, user_disabled
from sandbox.dataverse.store import Database
from sandbox.entra import InvalidToken
from sandbox.environment import Environment
from sandbox.http import Request


class Unauthorized(DataverseError):
    """A request without a valid token for this organisation."""

    def __init__(self, reason: str) -> None:
        super().__init__(401, "", f"HTTP Error 401 - Unauthorized: Access is denied ({reason})")


def authenticate(request: Request, environment: Environment, database: Database) -> str:
    """Give the id of the application user behind the token.

    :raises DataverseError: 401 for the token, 403 for a client without (enabled) application user.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("no bearer token")
    try:
        claims = environment.issuer.claims(token)
    except InvalidToken as error:
        raise Unauthorized(str(error)) from error
    if claims.get("aud") != environment.urls["dataverse"].lower().rstrip("/"):
        raise Unauthorized(f"audience '{claims.get('aud')}' is not this organisation")
    client_id = str(claims.get("appid", "")).lower()
    for user_id, row in database.stores["systemuser"].rows.items():
        if row.get("applicationid") == client_id:
            if row.get("isdisabled"):
                raise user_disabled()
            return user_id
    raise not_a_member()
