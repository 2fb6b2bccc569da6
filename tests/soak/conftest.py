"""Trials in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.reliability.site import Sites
from tests.soak.trial import Trial

from fs_integration.ledger import Ledger, open_engine
from sandbox.runtime import Options, Sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(Options(port=0, scale="tiny", empty=True, tls_dir=tmp_path_factory.mktemp("tls"))) as running:
        yield running


@pytest.fixture
def trial_of(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[int], Trial]]:
    """Return what makes the trial of a seed."""
    empty = tmp_path / "empty.db"
    engine = open_engine(f"sqlite:///{empty}")
    Ledger(engine).migrate()
    engine.dispose()
    sites = Sites(sandbox, tmp_path, empty)
    yield lambda seed: Trial(seed, sites, tmp_path)
    sites.close()
