"""The ways rows get into Dataverse: which one is taken when, what it costs, and that each row has its own outcome."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest
from tests.sandbox.client import SandboxClient
from tests.unit.clients.stub import FakeTime, Reply, Seen, Service, reply

from fs_integration.clients.bulk import BATCH_ROWS, BulkWriter, Chunk
from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.transport import Transport
from fs_integration.errors import Fenced, MappingError, PermissionDenied, RequestRefused
from fs_integration.frames import KEY, TARGET_ID, frame_of
from fs_integration.spec.metadata import ColumnKind, EntityMetadata

WAREHOUSES = "msdyn_warehouses"
NAME = "msdyn_name"
STRATEGIES = ("auto", "upsert_multiple", "batch", "single")
Write = Callable[..., pd.DataFrame]


def named(names: Iterable[str], **more: list[Any]) -> pd.DataFrame:
    names = list(names)
    columns: dict[str, list[Any]] = {KEY: names, NAME: names, "msdyn_description": ["sent"] * len(names), **more}
    return frame_of(columns, dict.fromkeys(columns, ColumnKind.TEXT))


def numbered(count: int, bad: Iterable[int] = ()) -> list[str]:
    """Names of so many rows; those at ``bad`` are longer than the table allows."""
    return [f"W{number:04}" + ("x" * 120 if number in set(bad) else "") for number in range(count)]


@pytest.fixture
def write(dataverse: DataverseClient) -> Write:
    def call(rows: pd.DataFrame, table: EntityMetadata | None = None, **more: Any) -> pd.DataFrame:
        options = {"request_rows": 1000, "parallel_requests": 2, "before_request": lambda: None, **more}
        table = table or dataverse.table(WAREHOUSES)
        return dataverse.write(table, rows, key=(NAME,), columns=[NAME, "msdyn_description"], **options)

    return call


def without_bulk_messages(sandbox: SandboxClient) -> None:
    switches = {"tables_without_bulk_messages": ["msdyn_warehouse"]}
    sandbox.control("POST", "/limits", {"dataverse": {"switches": switches}})


def requests_sent(sandbox: SandboxClient) -> dict[str, int]:
    """Return how many writing requests of each kind arrived: ``bulk``, ``batch``, ``single``."""
    sets = sandbox.control("GET", "/stats")["dataverse"]["entity_sets"]
    table = sets.get(WAREHOUSES, {}).get("methods", {})
    counts = {"bulk": table.get("POST", 0), "batch": sets.get("$batch", {}).get("requests", 0),
              "single": table.get("PATCH", 0)}  # fmt: skip
    return {kind: count for kind, count in counts.items() if count}


def stored(sandbox: SandboxClient) -> set[str]:
    return {row[NAME] for row in sandbox.state("dataverse", WAREHOUSES)}


# Every way does the same -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_way_writes_the_good_rows_and_names_the_bad_ones(
    strategy: str, sandbox: SandboxClient, write: Write
) -> None:
    names = [*numbered(30, bad=(0, 17)), "A/1", "ä' ("]
    answer = write(named(names), strategy=strategy, request_rows=10)
    assert answer[KEY].tolist() == names
    assert [n for n, status in enumerate(answer["status"]) if status != "written"] == [0, 17]
    assert set(answer["code"][[0, 17]]) == {"0x80044331"}
    assert {name for name in names if len(name) < 100} <= stored(sandbox)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_way_may_be_repeated(strategy: str, sandbox: SandboxClient, write: Write) -> None:
    for _ in range(2):
        write(named(numbered(12)), strategy=strategy)
    names = [row[NAME] for row in sandbox.state("dataverse", WAREHOUSES)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_row_that_must_exist_is_not_created_on_any_way(
    strategy: str, sandbox: SandboxClient, dataverse: DataverseClient, write: Write
) -> None:
    table = dataverse.table(WAREHOUSES).model_copy(update={"keys": {}})
    before = stored(sandbox)
    gone = named(["gone"], **{TARGET_ID: ["00000000-0000-4000-8000-00000000dead"]})
    assert write(gone, table, strategy=strategy)["status"].tolist() == ["rejected"]
    assert stored(sandbox) == before


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_lost_race_is_won_by_trying_again_on_every_way(strategy: str, sandbox: SandboxClient, write: Write) -> None:
    sandbox.control("POST", "/limits", {"dataverse": {"switches": {"upsert_races": 1}}})
    assert write(named(["W1"]), strategy=strategy)["status"].tolist() == ["written"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_missing_privilege_stops_every_way(strategy: str, sandbox: SandboxClient, write: Write) -> None:
    switches = {"forbidden_privileges": ["prvCreatemsdyn_warehouse"]}
    sandbox.control("POST", "/limits", {"dataverse": {"switches": switches}})
    with pytest.raises(PermissionDenied):
        write(named(["W1", "W2"]), strategy=strategy)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_lost_lease_stops_every_way(strategy: str, sandbox: SandboxClient, write: Write) -> None:
    before = stored(sandbox)

    def lost() -> None:
        raise Fenced("another try took over")

    with pytest.raises(Fenced):
        write(named(["W1"]), strategy=strategy, before_request=lost)
    assert stored(sandbox) == before


# Which way, and what it costs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "sent"),
    [
        ("auto", {"bulk": 3}), ("upsert_multiple", {"bulk": 3}), ("batch", {"batch": 3}), ("single", {"single": 30}),
    ],
)  # fmt: skip
def test_the_mapping_decides_the_way(strategy: str, sent: dict[str, int], sandbox: SandboxClient, write: Write) -> None:
    write(named(numbered(30)), strategy=strategy, request_rows=10)
    assert requests_sent(sandbox) == sent


def test_a_table_without_bulk_messages_is_written_in_batches(sandbox: SandboxClient, write: Write) -> None:
    without_bulk_messages(sandbox)
    write(named(numbered(2 * BATCH_ROWS + 1)), parallel_requests=1)
    assert requests_sent(sandbox) == {"bulk": 1, "batch": 3}


def test_a_table_without_bulk_messages_refuses_a_mapping_that_insists_on_them(
    sandbox: SandboxClient, write: Write
) -> None:
    without_bulk_messages(sandbox)
    with pytest.raises(MappingError, match=r"has no UpsertMultiple.*`auto` or `batch`"):
        write(named(["W1"]), strategy="upsert_multiple")
    assert requests_sent(sandbox) == {"bulk": 1}


@pytest.mark.parametrize("bad", [(5,), (5, 400)], ids=["one", "two"])
def test_few_bad_rows_are_found_by_halving(bad: tuple[int, ...], sandbox: SandboxClient, write: Write) -> None:
    answer = write(named(numbered(500, bad)))
    assert (answer["status"] == "rejected").sum() == len(bad)
    assert set(requests_sent(sandbox)) == {"bulk"}


def test_many_bad_rows_are_found_with_batches(sandbox: SandboxClient, write: Write) -> None:
    bad = range(0, 600, 12)
    answer = write(named(numbered(600, bad)), parallel_requests=1, request_rows=300)
    assert [n for n, status in enumerate(answer["status"]) if status == "rejected"] == list(bad)
    sent = requests_sent(sandbox)
    assert sent["batch"] <= 8
    assert sum(sent.values()) < 50  # halving alone would take more than 250


def test_rows_one_by_one_are_shared_among_all_requests_at_once(sandbox: SandboxClient, write: Write) -> None:
    workers: list[str] = []
    write(
        named(numbered(40)), strategy="single", parallel_requests=4,
        before_request=lambda: workers.append(threading.current_thread().name),
    )  # fmt: skip
    assert len(workers) == 40
    assert len(set(workers)) > 1


# A service that answers a batch in unusual ways --------------------------------------------------------------------

TABLE = EntityMetadata(system="dataverse", name="things", logical_name="thing", primary_id="thingid", columns={})
PART = re.compile(rb"Content-ID: (\d+)\r\n\r\n(\w+) \S+/things\((\w+)\)")
OK, BUSY = (204, {}, {}), (429, {"Retry-After": "30"}, {"error": {"code": "0x80072322", "message": "too many"}})
REFUSED = (400, {}, {"error": {"code": "0x80044331", "message": "too long"}})
Part = tuple[int, dict[str, str], dict[str, Any]]


def batch_reply(request: Seen, answer: Callable[[str], Part | None]) -> Reply:
    """Answer each part of a batch by the name of its row; None leaves it out."""
    pieces = []
    for number, _, name in PART.findall(request.body):
        if (part := answer(name.decode())) is not None:
            status, headers, value = part
            lines = ["--b", "Content-Type: application/http", f"Content-ID: {number.decode()}", "",
                     f"HTTP/1.1 {status} Said", *[f"{key}: {text}" for key, text in headers.items()], "",
                     json.dumps(value)]  # fmt: skip
            pieces.append("\r\n".join(lines) + "\r\n")
    return Reply(200, ("".join(pieces) + "--b--\r\n").encode(), kind="multipart/mixed; boundary=b")


def send(transport: Transport, names: str, strategy: Any = "batch") -> pd.DataFrame:
    writer = BulkWriter(transport, TABLE, pd.Series(list(names)), lambda: None, strategy=strategy)
    targets = [json.dumps({"@odata.type": "x", "@odata.id": f"things({name})", "value": 1}) for name in names]
    return writer.write([Chunk("UpsertMultiple", range(len(names)), targets)], parallel_requests=1)


def rows_in(request: Seen) -> str:
    return "".join(name.decode() for _, _, name in PART.findall(request.body))


def test_only_the_rows_that_were_throttled_are_sent_again_and_not_before_the_time(
    service: Service, transport: Transport, fake_time: FakeTime
) -> None:
    arrived: list[float] = []

    def answer(request: Seen) -> Reply:
        arrived.append(fake_time.moment)
        first = len(arrived) == 1
        return batch_reply(request, lambda name: BUSY if name in "bd" and first else REFUSED if name == "c" else OK)

    service.answer = answer
    assert send(transport, "abcd")["status"].tolist() == ["written", "written", "rejected", "written"]
    assert [rows_in(request) for request in service.seen] == ["abcd", "bd"]
    assert arrived[1] >= 30
    assert service.seen[0].headers["prefer"] == "odata.continue-on-error"


@pytest.mark.parametrize("left_out", ["b", "abc"])
def test_rows_the_answer_says_nothing_about_are_sent_again(
    left_out: str, service: Service, transport: Transport
) -> None:
    service.answer = lambda request: batch_reply(
        request, lambda name: None if name in left_out and len(service.seen) == 1 else OK
    )
    assert set(send(transport, "abc")["status"]) == {"written"}
    assert [rows_in(request) for request in service.seen] == ["abc", left_out]


def test_an_answer_that_is_no_batch_is_asked_for_again(service: Service, transport: Transport) -> None:
    service.answer = lambda request: reply({}) if len(service.seen) == 1 else batch_reply(request, lambda _: OK)
    assert set(send(transport, "ab")["status"]) == {"written"}
    assert len(service.seen) == 2


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_where_even_batches_are_unknown_rows_go_one_by_one(status: int, service: Service, transport: Transport) -> None:
    def answer(request: Seen) -> Reply:
        if request.method == "POST":
            known = "$batch" in request.path
            return reply({"error": {"code": "", "message": "no"}}, status if known else 404)
        return reply({"error": {"code": "0x1", "message": "bad"}}, 400) if "(b)" in request.path else reply(None, 204)

    service.answer = answer
    assert send(transport, "abc", "auto")["status"].tolist() == ["written", "rejected", "written"]
    assert [request.method for request in service.seen] == ["POST", "POST", "PATCH", "PATCH", "PATCH"]


def test_a_mapping_that_insists_on_batches_hears_why_they_are_refused(service: Service, transport: Transport) -> None:
    service.answer = lambda _: reply({"error": {"code": "0x2", "message": "no batches here"}}, 400)
    with pytest.raises(RequestRefused, match="no batches here"):
        send(transport, "ab")


def test_a_row_that_is_throttled_for_good_ends_the_write_as_a_passing_failure(
    service: Service, transport: Transport
) -> None:
    service.answer = lambda request: batch_reply(request, lambda name: BUSY if name == "b" else OK)
    with pytest.raises(Exception, match="too many"):
        send(transport, "ab")
    assert [rows_in(request) for request in service.seen] == ["ab", "b", "b", "b"]
