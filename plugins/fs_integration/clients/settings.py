"""What a connection says, checked before the first request. Knows nothing of Airflow (docs/connections.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fs_integration.clients.hosts import AUTHORITIES, SERVICES, https_parts, is_allowed
from fs_integration.errors import ConnectionSetupError

PUBLIC_CLOUD = "https://login.microsoftonline.com"
FEDERATED_ENVIRONMENT = {
    "client_id": "AZURE_CLIENT_ID",
    "tenant_id": "AZURE_TENANT_ID",
    "federated_token_file": "AZURE_FEDERATED_TOKEN_FILE",
    "authority_host": "AZURE_AUTHORITY_HOST",
}  # set by the Azure workload identity webhook


class CredentialKind(StrEnum):
    """How the application proves who it is."""

    CLIENT_SECRET = "client_secret"  # noqa: S105  the name of a kind
    CERTIFICATE = "certificate"
    MANAGED_IDENTITY = "managed_identity"
    WORKLOAD_IDENTITY = "workload_identity"


@dataclass(frozen=True)
class Limits:
    """How long a call may take and how often it is repeated; all bounded.

    :param timeout: seconds without a byte before a request counts as lost.
    :param total: seconds for one request with all its repetitions; :param attempts: requests at most.
    :param page_bytes: largest answer taken, after decompression.
    """

    timeout: float = 300.0
    total: float = 600.0
    attempts: int = 8
    page_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True)
class ServiceSettings:
    """Everything one client needs to know. Secrets never appear in its ``repr``.

    :param base_url: address of the environment: https, lower-case host, no trailing slash.
    :param ca_file: certificates to trust instead of the public ones; None means the public ones.
    :param organization_id: of Dataverse; nothing is read from or written into another one.
    :param environment_id_from: ``Entity.Column`` of Finance & Operations whose first value tells environments apart.
    :param allowed_hosts: hosts besides Microsoft's that may be asked; one that begins with a dot: all below it.
    """

    base_url: str
    credential: CredentialKind = CredentialKind.CLIENT_SECRET
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    certificate_file: str = ""
    passphrase: str = field(default="", repr=False)
    federated_token_file: str = ""
    authority_host: str = PUBLIC_CLOUD
    instance_discovery: bool = True
    ca_file: str | None = None
    organization_id: str = ""
    environment_id_from: str = ""
    allowed_hosts: tuple[str, ...] = ()
    limits: Limits = Limits()

    @property
    def scope(self) -> str:
        """The scope to ask a token for: the environment's address, without a trailing slash, plus ``/.default``."""
        return f"{self.base_url}/.default"


EXTRA_KEYS = (
    "tenant_id", "credential", "certificate_private_key", "certificate_file", "certificate_passphrase",
    "federated_token_file", "authority_host", "instance_discovery", "ca_file", "timeout_seconds", "total_seconds",
    "attempts", "organization_id", "environment_id_from", "allowed_hosts",
)  # fmt: skip


def read_settings(
    name: str, *, host: str, port: int | None, login: str, password: str, extra: Mapping[str, Any],
    environment: Mapping[str, str],
) -> ServiceSettings:  # fmt: skip
    """Turn the fields of a connection into settings.

    :param name: the connection's id, for messages; :param extra: its extra fields.
    :param environment: variables of the process; only workload identity looks at them.
    :raises ConnectionSetupError: when something is missing, unknown or unusable.
    """
    _refuse_unknown(name, extra)
    kind = _kind(name, extra)
    given = {"client_id": login, **{key: str(extra[key]) for key in extra if extra[key] not in (None, "")}}
    if kind is CredentialKind.WORKLOAD_IDENTITY:
        given = {**_from_environment(environment), **{key: value for key, value in given.items() if value}}
    settings = ServiceSettings(
        base_url=normal_url(name, host, port),
        credential=kind,
        tenant_id=given.get("tenant_id", ""),
        client_id=given["client_id"] if given.get("client_id") else "",
        client_secret=password,
        private_key=given.get("certificate_private_key", ""),
        certificate_file=given.get("certificate_file", ""),
        passphrase=given.get("certificate_passphrase", ""),
        federated_token_file=given.get("federated_token_file", ""),
        authority_host=normal_url(name, given.get("authority_host", PUBLIC_CLOUD), None),
        instance_discovery=_flag(name, extra.get("instance_discovery", True)),
        ca_file=given.get("ca_file"),
        organization_id=given.get("organization_id", "").lower(),
        environment_id_from=given.get("environment_id_from", ""),
        allowed_hosts=tuple(given.get("allowed_hosts", "").lower().replace(",", " ").split()),
        limits=_limits(name, extra),
    )
    _check(name, settings)
    return settings


def normal_url(name: str, host: str, port: int | None) -> str:
    """Return an address as Entra and the services want it: https, lower-case host, no trailing slash."""
    text = host.strip() if "://" in host else f"https://{host.strip()}"
    scheme, _, rest = text.partition("://")
    parts = https_parts(f"{scheme.lower()}://{rest}")
    if parts is None or parts.hostname is None:
        raise ConnectionSetupError(
            f"Connection `{name}`: `{_without_credentials(host)}` is no https address. Write for example "
            "`https://contoso.operations.dynamics.com`."
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConnectionSetupError(
            f"Connection `{name}`: the address must not hold credentials, a query or a fragment."
        )
    number = parts.port or port
    place = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"https://{place}{f':{number}' if number and number != 443 else ''}{parts.path.rstrip('/')}"


def _without_credentials(host: str) -> str:
    return host.rpartition("@")[2].partition("?")[0][:100]


def _check_hosts(name: str, settings: ServiceSettings) -> None:
    """Refuse an address that is neither Microsoft's nor named by the connection: it would be sent a secret or a token.

    :raises ConnectionSetupError: naming the address, and the field that allows it.
    """
    asked: dict[str, tuple[str, tuple[str, ...]]] = {"host": (settings.base_url, SERVICES)}
    if settings.credential is not CredentialKind.MANAGED_IDENTITY:
        asked["authority_host"] = settings.authority_host, AUTHORITIES
    for key, (address, known) in asked.items():
        host = urlsplit(address).hostname or ""
        if not is_allowed(host, (*known, *settings.allowed_hosts)):
            raise ConnectionSetupError(
                f"Connection `{name}`: {key} `{address}` is not one of Microsoft's addresses ({', '.join(known)}). "
                f"Nothing was sent there. Mend it; if it is meant, write `{host}` into the extra field allowed_hosts."
            )


def _refuse_unknown(name: str, extra: Mapping[str, Any]) -> None:
    for key in extra:
        if key not in EXTRA_KEYS:
            near = get_close_matches(key, EXTRA_KEYS, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else f" Known are {', '.join(EXTRA_KEYS)}."
            raise ConnectionSetupError(f"Connection `{name}`: unknown extra field `{key}`.{hint}")


def _kind(name: str, extra: Mapping[str, Any]) -> CredentialKind:
    value = extra.get("credential") or CredentialKind.CLIENT_SECRET
    try:
        return CredentialKind(value)
    except ValueError as exc:
        kinds = ", ".join(kind.value for kind in CredentialKind)
        raise ConnectionSetupError(f"Connection `{name}`: credential `{value}` is none of {kinds}.") from exc


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {key: environment[name] for key, name in FEDERATED_ENVIRONMENT.items() if environment.get(name)}


def _flag(name: str, value: Any) -> bool:
    words = {"true": True, "1": True, "": True, "none": True, "false": False, "0": False}
    try:
        return words[str(value).lower()]
    except KeyError as exc:
        raise ConnectionSetupError(f"Connection `{name}`: instance_discovery must be true or false.") from exc


def _limits(name: str, extra: Mapping[str, Any]) -> Limits:
    try:
        limits = Limits(
            timeout=float(extra.get("timeout_seconds") or Limits.timeout),
            total=float(extra.get("total_seconds") or Limits.total),
            attempts=int(extra.get("attempts") or Limits.attempts),
        )
    except (TypeError, ValueError) as exc:
        raise ConnectionSetupError(
            f"Connection `{name}`: timeout_seconds, total_seconds and attempts must be numbers."
        ) from exc
    if not all(0 < number < math.inf for number in (limits.timeout, limits.total, limits.attempts)):
        raise ConnectionSetupError(
            f"Connection `{name}`: timeout_seconds, total_seconds and attempts must be above zero, and have an end."
        )
    return limits


def _check(name: str, settings: ServiceSettings) -> None:
    needs = {
        CredentialKind.CLIENT_SECRET: ("tenant_id", "client_id", "client_secret"),
        CredentialKind.CERTIFICATE: ("tenant_id", "client_id"),
        CredentialKind.MANAGED_IDENTITY: (),
        CredentialKind.WORKLOAD_IDENTITY: ("tenant_id", "client_id", "federated_token_file"),
    }
    missing = [key for key in needs[settings.credential] if not getattr(settings, key)]
    if settings.credential is CredentialKind.CERTIFICATE and not (settings.private_key or settings.certificate_file):
        missing.append("certificate_private_key or certificate_file")
    if missing:
        raise ConnectionSetupError(
            f"Connection `{name}`: {settings.credential.value} needs {', '.join(missing)}. The client id is the login, "
            "the client secret the password, everything else an extra field."
        )
    if settings.tenant_id.lower() in ("common", "organizations", "consumers"):
        raise ConnectionSetupError(f"Connection `{name}`: tenant_id must be one tenant, not `{settings.tenant_id}`.")
    if settings.environment_id_from and settings.environment_id_from.count(".") != 1:
        raise ConnectionSetupError(
            f"Connection `{name}`: `{settings.environment_id_from}` is no `Entity.Column` (environment_id_from)."
        )
    _check_hosts(name, settings)
    for key in ("ca_file", "certificate_file", "federated_token_file"):
        place = getattr(settings, key)
        if place and not Path(place).is_file():
            raise ConnectionSetupError(f"Connection `{name}`: {key} `{place}` does not exist on this machine.")
