"""Who may call: tokens of this environment, registered applications, entities their roles allow."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.entra import CLIENT_ID, UNMAPPED_CLIENT_ID

URL = "https://127.0.0.1:9401"


@pytest.mark.parametrize(
    ("client", "audience"),
    [
        (CLIENT_ID, f"{URL}/"),
        (CLIENT_ID, "https://127.0.0.1:9402"),
        (UNMAPPED_CLIENT_ID, URL),
    ],
)
def test_a_token_for_another_audience_or_application_is_refused(service: Any, client: str, audience: str) -> None:
    token = service.environment.issuer.issue(client, audience, 3600)
    answer = service.call("GET", "/data", token=token)
    assert (answer.status, answer.response.body) == (401, b"")
    assert answer.response.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


@pytest.mark.parametrize("token", ["", "garbled"])
def test_a_missing_or_garbled_token_is_refused(service: Any, token: str) -> None:
    assert service.call("GET", "/data", token=token).status == 401


def test_an_expired_token_is_refused(service: Any) -> None:
    service.environment.clock.advance(3601)
    assert service.get("/data").status == 401


def test_an_entity_outside_the_roles_is_forbidden(service: Any) -> None:
    service.switch(forbidden_entities=["Warehouses"])
    answer = service.get("/data/Warehouses")
    assert answer.status == 403
    assert "Access is denied" in answer.reason
    assert service.get("/data/OperationalSites").status == 200


def test_a_company_outside_the_access_cannot_be_written(service: Any) -> None:
    service.switch(companies=["usmf"])
    row = {"dataAreaId": "demf", "WarehouseId": "51", "OperationalSiteId": "1"}
    assert "is not accessible" in service.call("POST", "/data/Warehouses", row).reason


def test_every_answer_names_the_server_activity(service: Any) -> None:
    first, second = (service.get("/data").response.headers["ms-dyn-aid"] for _ in range(2))
    assert first != second
