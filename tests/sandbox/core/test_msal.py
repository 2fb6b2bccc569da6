"""The real msal library signs in at the token service, over real TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from tests.sandbox.client import SandboxClient

from sandbox import tls
from sandbox.entra import TENANT_ID


def application(core: SandboxClient, credential: Any, *, tenant: str = TENANT_ID) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        core.client_id,
        client_credential=credential,
        authority=f"{core.urls['entra']}/{tenant}",
        instance_discovery=False,
        http_client=core.session,
    )


def scopes(core: SandboxClient, system: str = "dataverse") -> list[str]:
    return [f"{core.urls[system]}/.default"]


def certificate_credentials(folder: Path) -> dict[str, dict[str, str]]:
    private_key = (folder / tls.CLIENT_KEY).read_text()
    certificate = (folder / tls.CLIENT_CERTIFICATE).read_text()
    thumbprint = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA1()).hex()
    return {
        "RS256 with SHA-1 thumbprint": {"private_key": private_key, "thumbprint": thumbprint},
        "PS256 with certificate": {"private_key": private_key, "public_certificate": certificate},
    }


def test_msal_gets_an_hour_with_the_secret_and_asks_once(core: SandboxClient) -> None:
    app = application(core, core.client_secret)
    first = app.acquire_token_for_client(scopes(core))
    second = app.acquire_token_for_client(scopes(core))
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 3599)
    assert second["access_token"] == first["access_token"]
    assert core.control("GET", "/stats")["entra"]["methods"] == {"GET": 1, "POST": 1}


def test_msal_trusts_the_sandbox_through_its_verify_setting(
    core: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would win over the setting
        monkeypatch.delenv(name, raising=False)
    app = msal.ConfidentialClientApplication(
        core.client_id,
        client_credential=core.client_secret,
        authority=f"{core.urls['entra']}/{core.tenant_id}",
        instance_discovery=False,
        verify=core.ca_file,
        timeout=30,
    )
    assert "access_token" in app.acquire_token_for_client(scopes(core))


@pytest.mark.parametrize("kind", ["RS256 with SHA-1 thumbprint", "PS256 with certificate"])
def test_msal_signs_in_with_the_ready_certificate(core: SandboxClient, kind: str) -> None:
    credential = certificate_credentials(core.sandbox.tls_dir)[kind]
    result = application(core, credential).acquire_token_for_client(scopes(core))
    assert "access_token" in result, result


def test_msal_with_a_certificate_nobody_registered_gets_700027(core: SandboxClient, tmp_path: Path) -> None:
    tls.prepare(tmp_path, "127.0.0.1")
    credential = certificate_credentials(tmp_path)["PS256 with certificate"]
    result = application(core, credential).acquire_token_for_client(scopes(core))
    assert (result["error"], result["error_codes"]) == ("invalid_client", [700027])


def test_msal_with_a_wrong_secret_gets_7000215(core: SandboxClient) -> None:
    result = application(core, "wrong").acquire_token_for_client(scopes(core))
    assert (result["error"], result["error_codes"]) == ("invalid_client", [7000215])
    assert "AADSTS7000215" in result["error_description"]
    assert result["correlation_id"]
    assert result["trace_id"]


def test_msal_finds_no_authority_for_an_unknown_tenant(core: SandboxClient) -> None:
    unknown = "00000000-0000-4000-8000-00000000ffff"
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        application(core, core.client_secret, tenant=unknown).acquire_token_for_client(scopes(core))


def test_msal_gets_500011_for_a_resource_that_is_neither_system(core: SandboxClient) -> None:
    result = application(core, core.client_secret).acquire_token_for_client(["https://elsewhere.example/.default"])
    assert (result["error"], result["error_codes"]) == ("invalid_resource", [500011])


def test_msal_renews_a_short_token_for_every_call(core: SandboxClient) -> None:
    core.control("POST", "/limits", {"entra": {"token_lifetime_seconds": 300}})
    app = application(core, core.client_secret)
    tokens = {app.acquire_token_for_client(scopes(core))["access_token"] for _ in range(3)}
    assert len(tokens) == 3


def test_a_client_that_does_not_know_the_authority_refuses_the_certificate(core: SandboxClient) -> None:
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            session.get(core.urls["entra"], timeout=10)
