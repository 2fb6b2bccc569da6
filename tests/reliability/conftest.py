"""A sandbox in this process, and sites in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.reliability.elsewhere import Elsewhere
from tests.reliability.plugin import outcome
from tests.reliability.rules import RULES
from tests.reliability.site import Sites

from fs_integration.ledger import Ledger, open_engine
from sandbox.runtime import Options, Sandbox
from sandbox.tls import server_context

__all__ = ["outcome"]


@pytest.fixture(scope="session", autouse=True)
def without(request: pytest.FixtureRequest) -> Iterator[None]:
    """Switch off the rule that ``--without`` names."""
    rule = request.config.getoption("--without")
    with pytest.MonkeyPatch.context() as patch:
        if rule:
            RULES[rule].off(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _nobody_pulls_the_plug() -> Iterator[None]:
    """Do not wait for the disk: processes are killed here, which loses nothing of what was written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The complete sandbox, on free ports, without a world."""
    options = Options(port=0, scale="tiny", empty=True, tls_dir=tmp_path_factory.mktemp("tls"))
    with Sandbox(options) as running:
        yield running


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which nothing is written yet; each site gets a copy."""
    file = tmp_path_factory.mktemp("ledger") / "empty.db"
    engine = open_engine(f"sqlite:///{file}")
    Ledger(engine).migrate()
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def all_sites(sandbox: Sandbox, empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    made = Sites(sandbox, tmp_path_factory.mktemp("sites"), empty_ledger)
    yield made
    made.close()


@pytest.fixture
def sites(all_sites: Sites) -> Sites:
    """What makes sites, each on a world of its own."""
    return all_sites


@pytest.fixture
def elsewhere(sandbox: Sandbox) -> Iterator[Elsewhere]:
    """A host that is not the service's and has a certificate that we trust."""
    with Elsewhere(server_context(sandbox.tls_dir)) as server:
        yield server
