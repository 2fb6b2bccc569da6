"""Who is asking: token and registered application."""

from __future__ import annotations

from sandbox.entra import InvalidToken
from sandbox.environment import Environment
from sandbox.finops.errors import unauthorized
from sandbox.finops.switches import Switches
from sandbox.http import Request


def authenticate(request: Request, environment: Environment, switches: Switches) -> None:
    """Let a request in whose token is for this environment and whose client id is registered.

    :raises FinanceError: 401 for anything else.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("There is no bearer token.")
    try:
        claims = environment.issuer.claims(token)
    except InvalidToken as error:
        raise unauthorized(str(error)) from error
    # The audience must be spelled exactly so; a trailing slash or an upper-case host is a frequent mistake.
    if claims.get("aud") != environment.urls["finops"].lower().rstrip("/"):
        raise unauthorized(f"The audience '{claims.get('aud')}' is not this environment.")
    if not claims.get("oid"):
        raise unauthorized("The token has no object id; it was not issued by a concrete tenant.")
    if str(claims.get("appid", "")).lower() not in switches.applications:
        raise unauthorized(f"The client id '{claims.get('appid')}' is not registered as an application.")
