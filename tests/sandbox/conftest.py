"""An in-process sandbox on free ports; every test gets it with an empty world and default settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.sandbox.client import SandboxClient

from sandbox.runtime import Options, Sandbox


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Start the complete sandbox once."""
    options = Options(port=0, scale="tiny", empty=True, tls_dir=tmp_path_factory.mktemp("tls"))
    with Sandbox(options) as sandbox:
        client = SandboxClient(sandbox)
        yield client
        client.close()


@pytest.fixture
def sandbox(running_sandbox: SandboxClient) -> SandboxClient:
    """Give the sandbox with an empty world; `sandbox.reset(scale="tiny")` fills it."""
    running_sandbox.reset(empty=True)
    running_sandbox.forget_tokens()
    return running_sandbox
