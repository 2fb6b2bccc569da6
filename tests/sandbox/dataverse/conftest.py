"""An emulated organisation, spoken to as a client does, without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from sandbox.dataverse.app import Dataverse
from sandbox.entra import CLIENT_ID
from sandbox.environment import Environment
from sandbox.http import Request, Response
from sandbox.world import build

HOST = "https://127.0.0.1:8445"
TOKEN_SECONDS = 30 * 86_400
ROOT = f"{HOST}/api/data/v9.2/"


@dataclass
class Answer:
    """What a client sees of a response."""

    status: int
    headers: dict[str, str]
    content: bytes = b""
    json: Any = field(default=None)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


class Client:
    """Send requests with a valid token."""

    def __init__(self, system: Dataverse, environment: Environment) -> None:
        self.system = system
        self.environment = environment
        self.token = environment.issuer.issue(CLIENT_ID, HOST, TOKEN_SECONDS)

    def send(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        """:param url: relative to the Web API, or a link that the service gave; :param headers: `_` for `-`."""
        path, _, query = (url if url.startswith("/") else urlsplit(ROOT).path + url.removeprefix(ROOT)).partition("?")
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request = Request(method, path, query, {"authorization": f"Bearer {self.token}", **named}, content, HOST)
        return _answer(self.system.handle(request))

    def get(self, url: str, **headers: str) -> Answer:
        return self.send("GET", url, **headers)

    def values(self, entity_set: str, **options: str) -> list[dict[str, Any]]:
        """Give the rows of one page; options without their dollar sign."""
        query = "&".join(f"%24{name}={quote(text)}" for name, text in options.items())
        answer = self.get(f"{entity_set}?{query}")
        assert answer.status == 200, answer.content
        return list(answer.json["value"])

    def bulk(self, entity_set: str, message: str, table: str, targets: list[dict[str, Any]]) -> Answer:
        typed = [{"@odata.type": f"Microsoft.Dynamics.CRM.{table}", **target} for target in targets]
        return self.send("POST", f"{entity_set}/Microsoft.Dynamics.CRM.{message}", {"Targets": typed})

    def switch(self, **switches: Any) -> None:
        self.environment.limits.dataverse.switches.update(switches)

    def rows(self, entity_set: str) -> list[dict[str, Any]]:
        return list(self.system.dump(entity_set))


def _answer(response: Response) -> Answer:
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    return Answer(response.status, response.headers, response.body, json.loads(response.body) if is_json else None)


@pytest.fixture(scope="session")
def surroundings() -> Environment:
    """Make one signing key for all tests; everything else is reset before each of them."""
    return Environment.create({"dataverse": HOST, "entra": "https://127.0.0.1:8443"})


@pytest.fixture
def client(surroundings: Environment) -> Client:
    """Give a client of the organisation of a small world."""
    surroundings.limits.reset()
    surroundings.clock.reset()
    return _client(surroundings)


@pytest.fixture
def other_client(surroundings: Environment) -> Client:
    """Give a client of a second organisation of the same world."""
    return _client(surroundings)


def _client(surroundings: Environment) -> Client:
    system = Dataverse(surroundings)
    system.load(build(7, "tiny").dataverse)
    return Client(system, surroundings)
