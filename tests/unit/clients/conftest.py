"""Fixtures of the client tests: scripted services, a clock that never waits, tokens that cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.clients.stub import FakeTime, FakeTokens, Service, certificate, running

from fs_integration.clients.settings import Limits
from fs_integration.clients.transport import Transport


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def service(certificate_files: tuple[Path, Path]) -> Iterator[Service]:
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
