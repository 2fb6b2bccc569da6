"""Batches: independent parts, change sets, addresses, and what makes a batch malformed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

PATCH = "PATCH Warehouses(dataAreaId='usmf',WarehouseId='{}')"


def operation(request: str, body: Any = None, content_id: str = "") -> str:
    head = f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{content_id}"
    text = "" if body is None else json.dumps(body)
    return f"{head}\r\n{request} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{text}\r\n"


def multipart(name: str, *parts: str) -> str:
    return "".join(f"--{name}\r\n{part}" for part in parts) + f"--{name}--\r\n"


def change_set(*parts: str) -> str:
    return f"Content-Type: multipart/mixed; boundary=changeset_1\r\n\r\n{multipart('changeset_1', *parts)}"


def send(service: Any, *parts: str) -> Any:
    body = multipart("batch_1", *parts).encode()
    return service.call("POST", "/data/$batch", body, content_type="multipart/mixed; boundary=batch_1")


def statuses(answer: Any) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1.1 (\d+) ", answer.response.body)]


def name_of(service: Any, number: str) -> str:
    return str(service.get(f"/data/Warehouses(dataAreaId='usmf',WarehouseId='{number}')").json["WarehouseName"])


def test_parts_outside_a_change_set_fail_alone_and_the_batch_succeeds(service: Any) -> None:
    answer = send(
        service,
        operation(PATCH.format("24"), {"WarehouseName": "first"}),
        operation(PATCH.format("99"), {"WarehouseName": "second"}),
        operation("GET Warehouses/$count"),
    )
    assert answer.status == 200
    assert statuses(answer) == [204, 400, 200]
    assert name_of(service, "24") == "first"


def test_a_change_set_is_kept_as_a_whole(service: Any) -> None:
    new = {"WarehouseId": "51", "OperationalSiteId": "1"}
    answer = send(
        service,
        change_set(
            operation("POST Warehouses", new, "Content-ID: 1\r\n"),
            operation(PATCH.format("51"), {"WarehouseName": "both"}, "Content-ID: 2\r\n"),
        ),
    )
    assert statuses(answer) == [201, 204]
    assert answer.response.body.count(b"Content-ID: ") == 2
    assert name_of(service, "51") == "both"


def test_a_failing_operation_undoes_its_change_set_and_is_its_only_answer(service: Any) -> None:
    before = service.get("/data/Warehouses").rows
    answer = send(
        service,
        change_set(
            operation(PATCH.format("24"), {"WarehouseName": "gone"}),
            operation("POST Warehouses", {"WarehouseId": "51", "OperationalSiteId": "1"}),
            operation("DELETE Warehouses(dataAreaId='usmf',WarehouseId='11')"),
            operation(PATCH.format("99"), {"WarehouseName": "missing"}, "Content-ID: 4\r\n"),
        ),
    )
    assert statuses(answer) == [400]
    assert b"Content-ID: 4" in answer.response.body
    assert service.get("/data/Warehouses").rows == before


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:9401/data/Warehouses",
        "/data/Warehouses",
        "Warehouses",
    ],
)
def test_a_part_may_have_an_absolute_rooted_or_relative_address(service: Any, address: str) -> None:
    assert statuses(send(service, operation(f"GET {address}?$top=1"))) == [200]


@pytest.mark.parametrize("request_line", ["GET https://elsewhere/data/Warehouses", "POST $batch"])
def test_a_part_cannot_leave_the_host_or_hold_a_batch(service: Any, request_line: str) -> None:
    assert statuses(send(service, operation(request_line))) == [400]


def test_a_change_set_takes_no_read(service: Any) -> None:
    assert statuses(send(service, change_set(operation("GET Warehouses")))) == [400]


@pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed; boundary=other"])
def test_a_malformed_batch_is_refused_as_a_whole(service: Any, content_type: str) -> None:
    body = multipart("batch_1", operation("GET Warehouses")).encode()
    assert service.call("POST", "/data/$batch", body, content_type=content_type).status == 400


def test_more_operations_than_allowed_are_refused(service: Any) -> None:
    answer = send(service, *[operation("GET Nothing")] * 5_001)
    assert answer.status == 400
    assert "5001 operations" in answer.reason
