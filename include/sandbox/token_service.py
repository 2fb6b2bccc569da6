"""The token service as HTTP: discovery, keys and the client-credentials grant."""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from sandbox.assertion import AssertionRefused, RegisteredCertificates, check_assertion
from sandbox.entra import CLIENT_ID, CLIENT_SECRET, TENANT_ID, UNMAPPED_CLIENT_ID
from sandbox.environment import Environment
from sandbox.http import Request, Response

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})
_DEFAULT_SCOPE = "/.default"


class TokenRefused(Exception):
    """A request for a token that is refused.

    :param error: OAuth error name; :param code: AADSTS code; :param message: its text; :param status: HTTP status.
    """

    def __init__(self, error: str, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error = error
        self.code = code
        self.message = message
        self.status = status


class TokenService:
    """The emulated Microsoft Entra tenant: two clients, one of them without a user in either system."""

    name = "entra"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._secrets = {CLIENT_ID: CLIENT_SECRET, UNMAPPED_CLIENT_ID: CLIENT_SECRET}
        self.certificates = RegisteredCertificates()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        tenant, _, rest = request.path.lstrip("/").partition("/")
        try:
            return self._route(request, tenant, rest)
        except TokenRefused as refusal:
            return _json(refusal.status, self._error_body(refusal))

    def _route(self, request: Request, tenant: str, rest: str) -> Response:
        route = (request.method, rest)
        if route == ("POST", "oauth2/v2.0/token"):
            self._check_tenant(tenant)
            return _json(200, self._token(_form(request), f"{request.base_url}/{tenant}/oauth2/v2.0/token"))
        if request.method == "GET" and rest in _DISCOVERY_PATHS:
            if tenant not in _SHARED_TENANTS:
                self._check_tenant(tenant)
            return _json(200, _discovery(request.base_url, tenant))
        if route == ("GET", "discovery/v2.0/keys"):
            return _json(200, {"keys": [self._environment.issuer.public_key()]})
        return _json(404, {"error": "not_found", "error_description": f"Nothing answers at {request.path}."})

    def _check_tenant(self, tenant: str) -> None:
        if tenant in _SHARED_TENANTS:
            raise TokenRefused(
                "invalid_request",
                9001023,
                f"The grant type is not supported over the /{tenant} endpoint. Use the id of the tenant.",
            )
        if tenant.lower() != TENANT_ID:
            raise TokenRefused(
                "invalid_request", 90002, f"Tenant '{tenant}' not found. Check that you have the correct tenant id."
            )

    def _token(self, form: dict[str, str], endpoint: str) -> dict[str, Any]:
        client_id = self._check_request(form)
        self._authenticate(client_id, form, endpoint)
        resource = self._resource(form)
        settings = self._environment.limits.entra
        lifetime = settings.token_lifetime_seconds
        payload = {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self._environment.issuer.issue(client_id, resource, lifetime),
        }
        if settings.refresh_in_seconds is not None:
            payload["refresh_in"] = settings.refresh_in_seconds
        return payload

    def _check_request(self, form: dict[str, str]) -> str:
        """Check what does not depend on the client's proof, and give the client id."""
        for name in ("grant_type", "client_id"):
            if not form.get(name):
                message = f"The request body must contain the following parameter: '{name}'."
                raise TokenRefused("invalid_request", 900144, message)
        if form["grant_type"] != "client_credentials":
            message = f"The app requested an unsupported grant type '{form['grant_type']}'."
            raise TokenRefused("unsupported_grant_type", 70003, message)
        if "resource" in form:
            message = "The 'resource' request parameter is not supported; use 'scope'."
            raise TokenRefused("invalid_request", 901002, message)
        client_id = form["client_id"].lower()
        if client_id not in self._secrets:
            message = f"Application with identifier '{client_id}' was not found in the directory '{TENANT_ID}'."
            raise TokenRefused("unauthorized_client", 700016, message)
        return client_id

    def _authenticate(self, client_id: str, form: dict[str, str], endpoint: str) -> None:
        if "client_assertion" in form:
            self._check_certificate(client_id, form, endpoint)
            return
        secret = form.get("client_secret")
        if not secret:
            message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise TokenRefused("invalid_client", 7000218, message, 401)
        if not hmac.compare_digest(secret.encode(), self._secrets[client_id].encode()):
            message = (
                f"Invalid client secret provided for app '{client_id}'. Ensure that the value of the secret is sent, "
                "not the id of the secret."
            )
            raise TokenRefused("invalid_client", 7000215, message, 401)

    def _check_certificate(self, client_id: str, form: dict[str, str], endpoint: str) -> None:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            message = "The request body must contain the following parameter: 'client_assertion_type'."
            raise TokenRefused("invalid_request", 900144, message)
        try:
            check_assertion(form["client_assertion"], client_id, endpoint, self.certificates, self._environment.clock)
        except AssertionRefused as refusal:
            raise TokenRefused("invalid_client", refusal.code, refusal.message, 401) from refusal

    def _resource(self, form: dict[str, str]) -> str:
        """Give the resource of the scope, spelled as the client spelled it so that its mistakes show."""
        scopes = form.get("scope", "").split()
        if not scopes:
            message = "The request body must contain the following parameter: 'scope'."
            raise TokenRefused("invalid_request", 900144, message)
        if len(scopes) != 1 or not scopes[0].endswith(_DEFAULT_SCOPE):
            message = f"The provided value for the input parameter 'scope' is not valid: '{form['scope']}'."
            raise TokenRefused("invalid_scope", 70011, message)
        resource = scopes[0].removesuffix(_DEFAULT_SCOPE)
        known = {url.lower() for system, url in self._environment.urls.items() if system in ("finops", "dataverse")}
        if resource.lower().rstrip("/") not in known:
            message = f"The resource principal named {resource} was not found in the tenant named {TENANT_ID}."
            raise TokenRefused("invalid_resource", 500011, message)
        return resource

    def _error_body(self, refusal: TokenRefused) -> dict[str, Any]:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        timestamp = self._environment.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        lines = [
            f"AADSTS{refusal.code}: {refusal.message}",
            f"Trace ID: {trace}",
            f"Correlation ID: {correlation}",
            f"Timestamp: {timestamp}",
        ]
        return {
            "error": refusal.error,
            "error_description": "\r\n".join(lines),
            "error_codes": [refusal.code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }


_DISCOVERY_PATHS = ("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration")


def _discovery(base_url: str, tenant: str) -> dict[str, Any]:
    root = f"{base_url}/{tenant}"
    return {
        "issuer": f"{root}/v2.0",
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        "token_endpoint": f"{root}/oauth2/v2.0/token",
        "jwks_uri": f"{root}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _form(request: Request) -> dict[str, str]:
    """Read the form; client id and secret may come as HTTP Basic instead."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise TokenRefused("invalid_request", 900144, "The Authorization header is not HTTP Basic.") from error
        form.setdefault("client_id", unquote_plus(client_id))
        form.setdefault("client_secret", unquote_plus(secret))
    return form


def _json(status: int, payload: dict[str, Any]) -> Response:
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store, no-cache"}
    return Response(status, msgspec.json.encode(payload), headers)
