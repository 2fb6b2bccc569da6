"""A Finance & Operations environment of a few rows, called as a client would call it, without a network."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.entra import CLIENT_ID
from sandbox.environment import Environment
from sandbox.finops.app import FinanceOperations
from sandbox.finops.packages.entities import ON_HAND_LABEL
from sandbox.http import Request, Response

URL = "https://127.0.0.1:9401"
ACTIONS = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."


def warehouse(company: str, number: str, **more: Any) -> dict[str, Any]:
    return {"dataAreaId": company, "WarehouseId": number, "OperationalSiteId": "1", **more}


def on_hand(company: str, item: str, place: str, **more: Any) -> dict[str, Any]:
    return {
        "dataAreaId": company, "ItemNumber": item, "InventorySiteId": "1", "InventoryWarehouseId": place,
        "OnHandQuantity": 5.125, **more,
    }  # fmt: skip


WORLD: dict[str, list[dict[str, Any]]] = {
    "OperationalSites": [{"dataAreaId": "usmf", "SiteId": "1", "SiteName": "Main site"}],
    "Warehouses": [
        warehouse("usmf", "24", WarehouseName="Retail store Bellevue"),
        warehouse("usmf", "11", WarehouseName="Atlanta retail", WarehouseType="Quarantine"),
        warehouse("usmf", "13", WarehouseName="Denver"),
        warehouse("usmf", "O'B", WarehouseName="What? [A]"),
        warehouse("demf", "11", WarehouseName="Berlin"),
        warehouse("demf", "12", WarehouseName="Hamburg", WarehouseType="Transit"),
    ],
    "CDSReleasedDistinctProducts": [
        {"dataAreaId": "usmf", "ProductNumber": "D0001", "ItemNumber": "D0001"},
        {"dataAreaId": "usmf", "ProductNumber": "T0100:RED", "ItemNumber": "T0100", "ProductColorId": "RED"},
        {"dataAreaId": "demf", "ProductNumber": "DE-D0001", "ItemNumber": "D0001"},
    ],
    "WarehousesOnHandV2": [
        on_hand("usmf", "D0001", "24", OnOrderQuantity=-2),
        on_hand("usmf", "T0100", "13", ProductColorId="RED"),
        on_hand("usmf", "UNKNOWN", "13"),
        on_hand("demf", "D0001", "11"),
    ],
}


@dataclass
class Answer:
    """A response in the forms the tests look at."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> Any:
        return json.loads(self.response.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(self.json["value"])

    @property
    def reason(self) -> str:
        return str(self.json["error"]["innererror"]["message"])


class Service:
    """The environment under test."""

    def __init__(self) -> None:
        self.environment = Environment.create({"finops": URL, "entra": "https://127.0.0.1:9400"})
        self.system = FinanceOperations(self.environment)
        self.start_over()

    def start_over(self) -> None:
        """Return to the rows, settings and time of the beginning; making a signing key takes longer than a test."""
        self.environment.clock.reset()
        self.environment.limits.reset()
        self.system.load(WORLD)
        self.sign_in()

    def sign_in(self) -> None:
        self.token = self.environment.issuer.issue(CLIENT_ID, URL, 3600)

    def call(self, method: str, url: str, body: Any = None, *, token: str | None = None, **headers: str) -> Answer:
        """Send a request; header names are given with underscores."""
        path, _, query = url.removeprefix(URL).partition("?")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = self.token if token is None else token
        if bearer:
            sent["authorization"] = f"Bearer {bearer}"
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return Answer(self.system.handle(Request(method, path, query, sent, content, URL)))

    def get(self, url: str, **headers: str) -> Answer:
        return self.call("GET", url, **headers)

    def numbers(self, url: str, name: str = "WarehouseId") -> list[str]:
        """Give one property of the rows of a page."""
        answer = self.get(url)
        assert answer.status == 200, answer.json
        return [row[name] for row in answer.rows]

    def pages(self, url: str, **headers: str) -> Iterator[Answer]:
        """Follow the links."""
        following: str | None = url
        while following is not None:
            answer = self.get(following, **headers)
            yield answer
            following = answer.json.get("@odata.nextLink")

    def switch(self, **switches: Any) -> None:
        self.environment.limits.finops.switches.update(switches)

    def act(self, action: str, **parameters: Any) -> Answer:
        return self.call("POST", ACTIONS + action, parameters)

    def export(self, project: str, company: str = "usmf", execution: str = "") -> str:
        """Export and wait. :return: execution id."""
        answer = self.act("ExportToPackage", definitionGroupId=project, executionId=execution, legalEntityId=company)
        self.environment.clock.advance(60)
        return str(answer.json["value"])

    def package(self, execution: str) -> zipfile.ZipFile:
        """Download the package of an execution."""
        url = self.act("GetExportedPackageUrl", executionId=execution).json["value"]
        return zipfile.ZipFile(io.BytesIO(self.call("GET", url, token="").response.body))

    def exported(self, execution: str) -> list[str]:
        """Give the lines of the data file without its heading."""
        return self.package(execution).read(f"{ON_HAND_LABEL}.csv").decode().splitlines()[1:]


@pytest.fixture(scope="package")
def landscape() -> Service:
    return Service()


@pytest.fixture
def service(landscape: Service) -> Service:
    landscape.start_over()
    return landscape
