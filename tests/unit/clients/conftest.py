"""Fixtures of the client tests: scripted services, a clock that never waits, tokens that cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.client import SandboxClient
from tests.unit.clients.stub import FakeTime, FakeTokens, Service, certificate, running

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.patience import Time
from fs_integration.clients.settings import Limits, ServiceSettings
from fs_integration.clients.transport import Transport
from sandbox.runtime import Options, Sandbox


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def service(certificate_files: tuple[Path, Path]) -> Iterator[Service]:
    yield from running(*certificate_files)


@pytest.fixture(scope="module")
def started_service(certificate_files: tuple[Path, Path]) -> Iterator[Service]:
    """A service that property tests give a new script each time."""
    yield from running(*certificate_files)


@pytest.fixture
def other_service(certificate_files: tuple[Path, Path]) -> Iterator[Service]:
    """A second service: whatever arrives there went astray."""
    yield from running(*certificate_files)


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def tokens() -> FakeTokens:
    return FakeTokens()


@pytest.fixture
def transport(service: Service, fake_time: FakeTime, tokens: FakeTokens) -> Transport:
    return Transport(
        f"{service.url}/data", tokens, ca_file=service.ca_file, limits=Limits(attempts=4, total=600, timeout=5),
        clock=fake_time.clock(),
    )  # fmt: skip


@pytest.fixture(scope="session")
def started_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    with Sandbox(Options(port=0, scale="tiny", empty=True, tls_dir=tmp_path_factory.mktemp("tls"))) as started:
        client = SandboxClient(started)
        yield client
        client.close()


@pytest.fixture
def sandbox(started_sandbox: SandboxClient) -> SandboxClient:
    """Both services with the tiny world, without faults, with default limits."""
    started_sandbox.reset(scale="tiny")
    started_sandbox.forget_tokens()
    return started_sandbox


@pytest.fixture
def sandbox_time(sandbox: SandboxClient) -> Time:
    """Time that passes in the sandbox, and here, when someone sleeps."""
    passed = FakeTime()

    def sleep(seconds: float) -> None:
        sandbox.control("POST", "/clock", {"advance_seconds": seconds})  # first, so that we are never ahead of it
        passed.sleep(seconds)

    return Time(now=lambda: passed.moment, sleep=sleep, jitter=lambda: 0.0)


def settings_of(sandbox: SandboxClient, system: str, **more: Any) -> ServiceSettings:
    return ServiceSettings(
        base_url=sandbox.urls[system], tenant_id=sandbox.tenant_id, client_id=sandbox.client_id,
        client_secret=sandbox.client_secret, authority_host=sandbox.urls["entra"], instance_discovery=False,
        ca_file=sandbox.ca_file, **more,
    )  # fmt: skip


@pytest.fixture
def dataverse(sandbox: SandboxClient, sandbox_time: Time) -> DataverseClient:
    return DataverseClient(settings_of(sandbox, "dataverse"), clock=sandbox_time)


@pytest.fixture
def finance_operations(sandbox: SandboxClient, sandbox_time: Time) -> FinanceOperationsClient:
    return FinanceOperationsClient(settings_of(sandbox, "finops"), clock=sandbox_time)
