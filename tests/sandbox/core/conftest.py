"""A sandbox core in front of two fake systems with three things each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.sandbox.client import SandboxClient
from tests.sandbox.core.fake import composition

from sandbox.runtime import Options, Sandbox


@pytest.fixture(scope="session")
def running_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Start the core once."""
    options = Options(port=0, scale=3, tls_dir=tmp_path_factory.mktemp("core-tls"))
    with Sandbox(options, composition()) as sandbox:
        client = SandboxClient(sandbox)
        yield client
        client.close()


@pytest.fixture
def core(running_core: SandboxClient) -> SandboxClient:
    """Give the core with three things per system, default settings and no faults."""
    running_core.reset(seed=7, scale=3)
    running_core.forget_tokens()
    for system in ("finops", "dataverse"):
        running_core.token(system)
    running_core.control("POST", "/stats/reset")
    return running_core
