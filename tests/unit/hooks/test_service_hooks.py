"""From an Airflow connection to a working client, and the answer to the button "Test"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.client import SandboxClient

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.errors import ConnectionSetupError, MappingError
from fs_integration.hooks.dataverse import DataverseHook
from fs_integration.hooks.finance_operations import FinanceOperationsHook
from sandbox.runtime import Options, Sandbox

HOOKS = [("finops", FinanceOperationsHook, FinanceOperationsClient), ("dataverse", DataverseHook, DataverseClient)]
BOTH = pytest.mark.parametrize(("system", "hook", "client"), HOOKS, ids=["finance_operations", "dataverse"])


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    with Sandbox(Options(port=0, scale="tiny", tls_dir=tmp_path_factory.mktemp("tls"))) as started:
        client = SandboxClient(started)
        yield client
        client.close()


def connect(monkeypatch: pytest.MonkeyPatch, sandbox: SandboxClient, system: str, hook: Any, **changes: Any) -> Any:
    """Set a connection as an environment variable and return its hook; ``extra`` of the changes is added."""
    extra = {
        "tenant_id": sandbox.tenant_id, "authority_host": sandbox.urls["entra"], "instance_discovery": False,
        "allowed_hosts": "127.0.0.1", "ca_file": sandbox.ca_file, **changes.pop("extra", {}),
    }  # fmt: skip
    values = {
        "conn_type": hook.conn_type, "host": sandbox.urls[system], "login": sandbox.client_id,
        "password": sandbox.client_secret, "extra": extra, **changes,
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_UNDER_TEST", json.dumps(values))
    return hook("under_test")


@BOTH
def test_a_connection_becomes_a_client_that_works(
    system: str, hook: Any, client: Any, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(monkeypatch, sandbox, system, hook)
    assert isinstance(made.get_conn(), client)
    works, sentence = made.test_connection()
    assert works
    assert sandbox.urls[system] in sentence


@BOTH
def test_wrong_error_rules_stop_a_client_before_its_first_request_and_not_the_button(
    system: str, hook: Any, client: Any, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path))
    made = connect(monkeypatch, sandbox, system, hook)
    assert isinstance(made.get_conn(), client)
    (tmp_path / "error_rules.yaml").write_text("error_rules:\n  - {status: 500, kind: rows}\n")
    with pytest.raises(MappingError, match=r"error_rules\.yaml:2"):
        made.get_conn()
    assert made.test_connection()[0]


@BOTH
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"password": "wrong-secret"}, "AADSTS7000215", id="wrong secret"),
        pytest.param({"extra": {"ca_file": None}}, "ca_file", id="nobody vouches for the certificate"),
        pytest.param({"login": ""}, "needs client_id", id="client id missing"),
        pytest.param({"extra": {"teneant_id": "x"}}, "Did you mean `tenant_id`", id="misspelled field"),
        pytest.param({"extra": {"allowed_hosts": None}}, "extra field allowed_hosts", id="a host that is not allowed"),
        pytest.param({"host": "https://127.0.0.1:1", "extra": {"attempts": 1}}, "500011", id="another environment"),
    ],
)
def test_the_button_says_what_is_wrong_without_secrets(
    changes: dict[str, Any], said: str, system: str, hook: Any, client: Any, sandbox: SandboxClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    works, sentence = connect(monkeypatch, sandbox, system, hook, **changes).test_connection()
    assert not works
    assert said in sentence
    assert "wrong-secret" not in sentence


@BOTH
def test_an_application_the_environment_does_not_know_is_told_so(
    system: str, hook: Any, client: Any, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.entra import UNMAPPED_CLIENT_ID

    works, sentence = connect(monkeypatch, sandbox, system, hook, login=UNMAPPED_CLIENT_ID).test_connection()
    assert not works
    assert sentence.startswith(("AuthenticationFailed", "PermissionDenied"))


@BOTH
def test_a_connection_that_cannot_work_fails_before_anything_is_sent(
    system: str, hook: Any, client: Any, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConnectionSetupError, match="under_test"):
        connect(monkeypatch, sandbox, system, hook, host="http://insecure").get_conn()
