"""What a connection may say, and how it is told when it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fs_integration.clients.settings import CredentialKind, ServiceSettings, read_settings
from fs_integration.errors import ConnectionSetupError

TENANT = "11111111-2222-4333-8444-555555555555"


def settings(
    extra: dict[str, Any] | None = None, environment: dict[str, str] | None = None, **fields: Any
) -> ServiceSettings:
    given = {
        "host": "https://contoso.crm4.dynamics.com",
        "port": None,
        "login": "client",
        "password": "secret",
        **fields,
    }
    return read_settings(
        "dataverse_default", **given, extra={"tenant_id": TENANT, **(extra or {})}, environment=environment or {}
    )


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        pytest.param(
            "https://Contoso.CRM4.dynamics.com/", None, "https://contoso.crm4.dynamics.com", id="case and slash"
        ),
        pytest.param("contoso.crm4.dynamics.com", None, "https://contoso.crm4.dynamics.com", id="without scheme"),
        pytest.param("https://contoso.dynamics.com:443", None, "https://contoso.dynamics.com", id="the usual port"),
        pytest.param("contoso.dynamics.com", 8443, "https://contoso.dynamics.com:8443", id="port in its own field"),
        pytest.param(
            "https://contoso.dynamics.com/namespaces/AXSF/",
            None,
            "https://contoso.dynamics.com/namespaces/AXSF",
            id="with a path",
        ),
    ],
)
def test_the_address_is_brought_into_the_form_entra_wants(host: str, port: int | None, address: str) -> None:
    read = settings(host=host, port=port)
    assert read.base_url == address
    assert read.scope == f"{address}/.default"


@pytest.mark.parametrize(
    ("fields", "extra", "said"),
    [
        pytest.param({"host": "http://contoso.com"}, {}, "no https address", id="plain http"),
        pytest.param({"host": ""}, {}, "no https address", id="no host"),
        pytest.param(
            {"host": "https://u:p@contoso.com"}, {}, "must not hold credentials", id="credentials in the address"
        ),
        pytest.param({"password": ""}, {}, "needs client_secret", id="no secret"),
        pytest.param({"login": ""}, {}, "needs client_id", id="no client id"),
        pytest.param({}, {"tenant_id": ""}, "needs tenant_id", id="no tenant"),
        pytest.param({}, {"tenant_id": "common"}, "must be one tenant", id="shared tenant"),
        pytest.param({}, {"credential": "password"}, "none of client_secret", id="unknown credential"),
        pytest.param(
            {}, {"credential": "certificate"}, "certificate_private_key or certificate_file", id="no certificate"
        ),
        pytest.param({}, {"credential": "workload_identity"}, "federated_token_file", id="no federated token"),
        pytest.param({}, {"tenant": TENANT}, "Did you mean `tenant_id`", id="a field that nearly exists"),
        pytest.param({}, {"verify": False}, "unknown extra field `verify`", id="certificates cannot be left unchecked"),
        pytest.param({}, {"ca_file": "/nowhere/ca.pem"}, "does not exist", id="a file that is not there"),
        pytest.param({}, {"instance_discovery": "maybe"}, "true or false", id="neither true nor false"),
        pytest.param({}, {"timeout_seconds": "long"}, "must be numbers", id="a word for a number"),
        pytest.param({}, {"total_seconds": "nan"}, "above zero", id="no number that can be compared"),
        pytest.param({}, {"timeout_seconds": "inf"}, "above zero", id="no end"),
        pytest.param({}, {"attempts": -1}, "above zero", id="a number below zero"),
        pytest.param({}, {"authority_host": "http://entra"}, "no https address", id="an authority without https"),
    ],
)
def test_what_is_missing_or_unusable_is_named(fields: dict[str, Any], extra: dict[str, Any], said: str) -> None:
    with pytest.raises(ConnectionSetupError, match=said) as caught:
        settings(extra, **fields)
    assert "dataverse_default" in str(caught.value)


@pytest.mark.parametrize("named", ["contoso.local", "127.0.0.1, .local", ".contoso.local Contoso.LOCAL"])
def test_hosts_that_are_not_microsofts_are_named_by_the_connection(named: str) -> None:
    read = settings({"allowed_hosts": named}, host="https://contoso.local/namespaces/AXSF")
    assert read.base_url == "https://contoso.local/namespaces/AXSF"


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    shown = repr(
        settings({"certificate_private_key": "geheim-1", "certificate_passphrase": "geheim-2"}, password="geheim-3")
    )
    assert "geheim" not in shown


def test_workload_identity_takes_what_the_platform_set(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("jwt")
    platform = {
        "AZURE_CLIENT_ID": "from-platform", "AZURE_TENANT_ID": "tenant-of-platform",
        "AZURE_FEDERATED_TOKEN_FILE": str(token_file), "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/",
    }  # fmt: skip
    read = settings({"credential": "workload_identity", "tenant_id": ""}, platform, login="", password="")
    assert (read.client_id, read.tenant_id) == ("from-platform", "tenant-of-platform")
    assert read.federated_token_file == str(token_file)
    assert read.authority_host == "https://login.microsoftonline.us"


def test_what_the_connection_says_wins_over_the_platform(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("jwt")
    read = settings(
        {"credential": "workload_identity", "federated_token_file": str(token_file)}, {"AZURE_CLIENT_ID": "other"}
    )
    assert (read.client_id, read.tenant_id) == ("client", TENANT)


def test_a_managed_identity_needs_nothing_but_the_address() -> None:
    read = settings({"credential": "managed_identity", "tenant_id": ""}, login="", password="")
    assert read.credential is CredentialKind.MANAGED_IDENTITY


def test_limits_are_read() -> None:
    limits = settings({"timeout_seconds": "12.5", "total_seconds": 60, "attempts": "3"}).limits
    assert (limits.timeout, limits.total, limits.attempts) == (12.5, 60.0, 3)
