"""$batch of the emulated Dataverse."""

from __future__ import annotations

import json
import re

SET = "msdyn_warehouses"
TYPE = {"content_type": 'multipart/mixed; boundary="batch_1"'}


def operation(method, url, body=None, content_id=None, **headers):
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"{method} {url} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines.append("Content-Type: application/json; type=entry")
    return "\r\n".join([*lines, "", json.dumps(body) if body is not None else ""])


def change_set(*operations):
    parts = "".join(f"--changeset_1\r\n{part}\r\n" for part in operations)
    return f"Content-Type: multipart/mixed; boundary=changeset_1\r\n\r\n{parts}--changeset_1--\r\n"


def post(client, *parts, **headers):
    body = "".join(f"--batch_1\r\n{part}\r\n" for part in parts) + "--batch_1--\r\n"
    return client.send("POST", "$batch", body.encode(), **TYPE, **headers)


def statuses(answer):
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3})", answer.content)]


def names(client):
    return {row["msdyn_name"] for row in client.rows(SET)}


GOOD, LONG = {"msdyn_name": "B1"}, {"msdyn_name": "x" * 101}


def test_operations_run_in_order_and_answer_in_order(client):
    answer = post(client, operation("POST", SET, GOOD), operation("GET", f"/api/data/v9.2/{SET}(msdyn_name='B1')"))
    assert (answer.status, statuses(answer)) == (200, [204, 200])
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")


def test_a_batch_ends_at_the_first_failure_with_its_status(client):
    answer = post(client, operation("POST", SET, GOOD), operation("POST", SET, LONG), operation("POST", SET, GOOD))
    assert (answer.status, statuses(answer)) == (400, [204, 400])
    assert "B1" in names(client)


def test_with_continue_on_error_every_operation_has_its_own_status(client):
    parts = [operation("POST", SET, LONG), operation("POST", SET, GOOD)]
    answer = post(client, *parts, prefer="odata.continue-on-error")
    assert (answer.status, statuses(answer)) == (200, [400, 204])
    assert b"0x80044331" in answer.content


def test_a_change_set_answers_each_operation_with_its_content_id(client):
    answer = post(
        client, change_set(operation("POST", SET, GOOD, "1"), operation("POST", SET, {"msdyn_name": "B2"}, "2"))
    )
    assert statuses(answer) == [204, 204]
    assert re.findall(rb"Content-ID: (\d)", answer.content) == [b"1", b"2"]


def test_a_failed_change_set_writes_nothing_and_answers_once(client):
    answer = post(
        client,
        change_set(operation("POST", SET, GOOD, "1"), operation("POST", SET, LONG, "2")),
        prefer="odata.continue-on-error",
    )
    assert (answer.status, statuses(answer)) == (200, [400])
    assert "B1" not in names(client)


def test_a_later_operation_refers_to_a_row_of_the_change_set(client):
    bound = {"msdyn_name": "A1", "msdyn_warehouse@odata.bind": "$1"}
    answer = post(
        client,
        change_set(
            operation("POST", SET, GOOD, "1"),
            operation("PATCH", "$1", {"msdyn_description": "by reference"}, "2"),
            operation("POST", "msdyn_inventoryadjustments", bound, "3"),
        ),
    )
    assert statuses(answer) == [204, 204, 204]
    row = client.get(f"{SET}(msdyn_name='B1')").json
    assert row["msdyn_description"] == "by reference"
    assert client.rows("msdyn_inventoryadjustments")[-1]["msdyn_warehouse"] == row["msdyn_warehouseid"]


def test_a_reference_that_is_not_declared_is_refused(client):
    answer = post(client, change_set(operation("PATCH", "$1", {"msdyn_description": "x"}, "2")))
    assert answer.status == 400
    assert b"Content-ID Reference: '$1' does not exist in the batch context." in answer.content


def test_a_change_set_holds_no_reads(client):
    assert post(client, change_set(operation("GET", SET, content_id="1"))).status == 400


def test_batches_do_not_nest(client):
    assert post(client, operation("POST", "$batch", {})).status == 400


def test_line_ends_must_be_cr_lf_also_after_the_closing_boundary(client):
    body = f"--batch_1\r\n{operation('POST', SET, GOOD)}\r\n--batch_1--\r\n"
    for broken in (body.removesuffix("\r\n"), body.replace("\r\n", "\n")):
        answer = client.send("POST", "$batch", broken.encode(), **TYPE)
        assert (answer.status, answer.code) == (400, "0x80048d19")
    assert "B1" not in names(client)


def test_a_batch_has_at_most_1000_operations(client):
    read = operation("GET", f"{SET}?$top=1")
    assert post(client, *[read] * 1_001).status == 400
    assert post(client, *[read] * 1_000).status == 200


def test_a_batch_cannot_address_another_host(client):
    answer = post(client, operation("GET", "https://elsewhere.example/api/data/v9.2/accounts"))
    assert answer.status == 400
