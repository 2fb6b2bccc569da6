"""The whole pipeline against both emulated systems in this process: requests end at their gateways, not at sockets."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
from tests.worlds.model import World
from tests.worlds.runner import Place, Watched, connections_of

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.settings import ServiceSettings, read_settings
from fs_integration.ledger import Ledger, open_engine
from fs_integration.pipeline.clients import Clients
from fs_integration.staging import StagingArea
from local.direct import CLIENT, SECRET, TENANT
from sandbox.composition import everything
from sandbox.environment import Environment
from sandbox.http import Request
from sandbox.landscape import Landscape

URLS = {name: f"https://{name}.worlds.example" for name in ("entra", "finops", "dataverse", "control")}
NAMES = {urlsplit(url).netloc: name for name, url in URLS.items()}


class InProcess:
    """Stands where requests would leave the process, and hands them to the gateway of the system addressed."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape

    def send(self, adapter: requests.adapters.HTTPAdapter, request: Any, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(request.url)
        body = request.body or b""
        asked = Request(
            request.method, parts.path, parts.query, {name.lower(): value for name, value in request.headers.items()},
            body.encode() if isinstance(body, str) else body, f"https://{parts.netloc}",
        )  # fmt: skip
        given = self._landscape.gateways[NAMES[parts.netloc]].handle(asked)
        content = b"".join(given.stream) if given.stream is not None else given.body
        raw = urllib3.HTTPResponse(
            io.BytesIO(content), headers=given.headers, status=given.status, preload_content=False
        )
        return adapter.build_response(request, raw)


@pytest.fixture(scope="session")
def landscape() -> Iterator[Landscape]:
    made = Landscape(Environment.create(URLS), everything())
    door = InProcess(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", lambda *args, **more: door.send(*args, **more))
        yield made


@pytest.fixture(scope="session")
def clients(landscape: Landscape) -> Clients:
    """One pair for all worlds: tokens and metadata are the same in each."""
    return Clients(
        finance_operations=FinanceOperationsClient(settings("finops")), dataverse=DataverseClient(settings("dataverse"))
    )


def settings(system: str) -> ServiceSettings:
    extra = {
        "tenant_id": TENANT,
        "authority_host": URLS["entra"],
        "instance_discovery": False,
        "allowed_hosts": ".worlds.example",
    }
    return read_settings(system, host=URLS[system], port=None, login=CLIENT, password=SECRET, extra=extra,
                         environment={})  # fmt: skip


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which nothing is written yet; each world gets a copy."""
    file = tmp_path_factory.mktemp("ledger") / "empty.db"
    engine = open_engine(f"sqlite:///{file}")
    Ledger(engine).migrate()
    engine.dispose()
    return file


@pytest.fixture
def settle(
    landscape: Landscape, clients: Clients, empty_ledger: Path, tmp_path: Path
) -> Iterator[Callable[..., Place]]:
    """Return what puts a world into the systems and opens a pipeline that has not run yet."""
    opened: list[Ledger] = []

    def build(world: World) -> Place:
        home = tmp_path / f"place{len(opened)}"
        home.mkdir()
        shutil.copy(empty_ledger, home / "ledger.db")
        ledger = Ledger(open_engine(f"sqlite:///{home / 'ledger.db'}"))
        opened.append(ledger)
        staging, docs = StagingArea(home / "staging"), home / "data_docs"
        return Place.settle(landscape, Watched(clients, staging, ledger, docs, connections_of(world)), world)

    yield build
    for ledger in opened:
        ledger.engine.dispose()
