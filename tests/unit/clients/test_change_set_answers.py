"""What the writer makes of each answer inside a ``$batch`` answer, against a scripted service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd
import pytest
from tests.unit.clients.stub import FakeTime, FakeTokens, Reply, Seen, Service, reply

from fs_integration.clients.change_set_writer import MOST_OPERATIONS, TOO_LARGE
from fs_integration.clients.change_sets import DocumentHeader
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.clients.finance_operations_payload import FILTER_CHARACTERS
from fs_integration.clients.row_answers import GIVE_UP_AFTER
from fs_integration.clients.settings import Limits, ServiceSettings
from fs_integration.errors import RequestRefused
from fs_integration.frames import KEY, frame_of, joined_text
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata

COLUMNS = (
    Column(name="dataAreaId", kind=ColumnKind.TEXT, can_update=False),
    Column(name="OrderNumber", kind=ColumnKind.TEXT, can_create=False, can_update=False),
    Column(name="Reference", kind=ColumnKind.TEXT),
    Column(name="Line", kind=ColumnKind.DECIMAL),
    Column(name="Amount", kind=ColumnKind.DECIMAL),
    Column(name="Day", kind=ColumnKind.DATE),
    Column(name="At", kind=ColumnKind.DATETIME),
    Column(name="State", kind=ColumnKind.ENUM, enum_type="OrderState", options=("Open", "Closed")),
    Column(name="IsPaid", kind=ColumnKind.ENUM, enum_type="NoYes", options=("No", "Yes")),
)
ORDERS = EntityMetadata(
    system="finance_operations", name="Orders", logical_name="Order", company_specific=True,
    keys={"primary": ("dataAreaId", "OrderNumber")}, columns={column.name: column for column in COLUMNS},
)  # fmt: skip
KEYS = ("dataAreaId", "Reference")
EXISTS = (
    "Write failed for table row of type 'Order'. Infolog: Error: Cannot create a record. The record already exists."
)
CONFLICT = "Write failed. Infolog: Error: An update conflict occurred due to another user process deleting the record."


@dataclass
class Orders:
    """A service that gives order numbers itself. :param script: what happens to each batch; None means it works."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    script: list[Callable[[list[dict[str, Any]]], Reply] | None] = field(default_factory=list)
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def answer(self, seen: Seen) -> Reply:
        if seen.method == "GET":
            return self.read(seen)
        operations = parts(seen.body.decode())
        self.batches.append(operations)
        step = self.script.pop(0) if self.script else None
        return step(operations) if step else self.work(operations)

    def read(self, seen: Seen) -> Reply:
        self.links.append(seen.path)
        wanted = parse_qs(urlsplit(seen.path).query)["$filter"][0]
        return reply({"value": [row for row in self.rows if f"'{row['Reference']}'" in wanted]})

    def work(self, operations: list[dict[str, Any]]) -> Reply:
        return batch([self.one(operation) for operation in operations])

    def one(self, operation: dict[str, Any]) -> tuple[str, int, str]:
        if operation["method"] == "POST":
            self.rows.append({**operation["body"], "OrderNumber": f"SO-{len(self.rows) + 1}"})
            return operation["id"], 201, ""
        number = re.search(r"OrderNumber='([^']*)'", operation["link"])
        row = next(row for row in self.rows if number and row["OrderNumber"] == number[1])
        row.update(operation["body"])
        return operation["id"], 204, ""


def parts(text: str) -> list[dict[str, Any]]:
    found = re.finditer(
        r"Content-ID: (\S+)\r\n\r\n(POST|PATCH) https://[^/]+(\S+) HTTP/1.1\r\n.*?\r\n\r\n(\{.*?\})\r\n--",
        text,
        re.DOTALL,
    )
    return [
        {"id": one[1], "method": one[2], "link": unquote(one[3]), "body": json.loads(one[4]), "text": one[4]}
        for one in found
    ]


def batch(answers: list[tuple[str, int, str]], headers: str = "") -> Reply:
    """Answer single parts: number, status, message."""
    text = ""
    for number, status, message in answers:
        body = json.dumps({"error": {"code": "", "innererror": {"message": message}}}) if message else ""
        own = f"Content-ID: {number}\r\n" if number else ""
        text += f"--b\r\nContent-Type: application/http\r\n{own}\r\nHTTP/1.1 {status} X\r\n{headers}\r\n{body}\r\n"
    return Reply(200, f"{text}--b--\r\n".encode(), kind="multipart/mixed; boundary=b")


@pytest.fixture
def orders(service: Service) -> Orders:
    orders = Orders()
    service.answer = orders.answer
    return orders


@pytest.fixture
def client(service: Service, fake_time: FakeTime, tokens: FakeTokens) -> FinanceOperationsClient:
    settings = ServiceSettings(service.url, ca_file=service.ca_file, limits=Limits(attempts=4, total=600, timeout=5))
    made = FinanceOperationsClient(settings, tokens=tokens, clock=fake_time.clock())
    made.entity_metadata = lambda _: ORDERS  # type: ignore[method-assign]
    return made


@pytest.fixture
def write(client: FinanceOperationsClient) -> Callable[..., list[tuple[str, str]]]:
    def write(rows: pd.DataFrame, *, exists: bool = False, **options: Any) -> list[tuple[str, str]]:
        columns = [name for name in rows if not name.startswith("_")]
        given = {"request_rows": 10, "parallel_requests": 1, "before_request": lambda: None, **options}
        answer = client.write(ORDERS, rows, key=KEYS, columns=columns, exists=exists, **given)
        return list(zip(answer["status"], answer["code"], strict=True))

    return write


def orders_of(*references: str, **columns: list[Any]) -> pd.DataFrame:
    values = {"dataAreaId": ["usmf"] * len(references), "Reference": list(references), **columns}
    rows = frame_of(values, {name: ORDERS.columns[name].kind for name in values})
    rows[KEY] = joined_text(rows, list(KEYS))
    return rows


def references(orders: Orders) -> list[str]:
    return sorted(row["Reference"] for row in orders.rows)


WRITTEN = ("written", "")


def test_values_are_sent_as_the_service_stores_them(orders: Orders, write: Callable[..., Any]) -> None:
    moment = datetime(2026, 11, 25, 10, 11, 12, tzinfo=UTC)
    rows = orders_of(
        "A", "B", Line=[Decimal("1.00"), None], Amount=[Decimal("0.0000001"), None], Day=[moment.date(), None],
        At=[moment, None], State=["Closed", None], IsPaid=["Yes", None], OrderNumber=['x"\n', None],
    )  # fmt: skip
    assert write(rows) == [WRITTEN] * 2
    first, second = (operation["text"] for operation in orders.batches[0])
    assert first == (
        '{"dataAreaId":"usmf","Reference":"A","Line":1,"Amount":0.0000001,"Day":"2026-11-25T12:00:00Z",'
        '"At":"2026-11-25T10:11:12Z","State":"Closed","IsPaid":"Yes","OrderNumber":"x\\"\\n"}'
    )
    assert second == '{"dataAreaId":"usmf","Reference":"B","OrderNumber":""}'


def test_on_update_what_has_no_value_is_emptied(orders: Orders, write: Callable[..., Any]) -> None:
    write(orders_of("B"))
    rows = orders_of("B", Line=[None], Amount=[None], Day=[None], At=[None], State=[None], IsPaid=[None])
    assert write(rows, exists=True) == [WRITTEN]
    assert orders.batches[-1][0]["text"] == (
        '{"Line":0,"Amount":0,"Day":"1900-01-01T12:00:00Z","At":"1900-01-01T00:00:00Z"}'
    )


def test_a_row_under_another_key_of_the_entity_is_refused(orders: Orders, write: Callable[..., Any]) -> None:
    write(orders_of("A", "B"))
    answers = write(orders_of("A", "B", OrderNumber=["so-1", "SO-9"], State=["Closed"] * 2), exists=True)
    assert answers == [WRITTEN, ("rejected", "key_changed")]


def test_an_order_is_found_by_our_reference_and_written_under_the_number_of_the_service(
    orders: Orders, write: Callable[..., Any]
) -> None:
    assert write(orders_of("A", "B")) == [WRITTEN] * 2
    changed = orders_of("B", State=["Closed"])
    assert write(changed, exists=True) == [WRITTEN]
    assert [row.get("State") for row in orders.rows] == [None, "Closed"]
    assert write(orders_of("C", State=["Closed"]), exists=True) == [("rejected", "missing")]


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(lambda orders, ops: Reply(503, b"{}"), id="not carried out"),
        pytest.param(lambda orders, ops: orders.work(ops) and Reply(503, b"{}"), id="carried out"),
        pytest.param(lambda orders, ops: orders.work(ops[:1]) and batch([]), id="half of it, and nothing said"),
        pytest.param(lambda orders, ops: batch([orders.one(ops[0])]), id="one answer missing"),
        pytest.param(lambda orders, ops: orders.work(ops) and reply({"value": []}), id="another kind of answer"),
    ],
)
def test_creates_without_an_answer_are_looked_up_and_only_what_is_absent_is_created(
    lost: Callable[[Orders, Any], Reply], orders: Orders, write: Callable[..., Any]
) -> None:
    orders.script = [lambda ops: lost(orders, ops)] * 2
    assert write(orders_of("A", "B", "C")) == [WRITTEN] * 3
    assert references(orders) == ["A", "B", "C"]


def test_answers_count_by_their_number_not_by_their_place(orders: Orders, write: Callable[..., Any]) -> None:
    orders.script = [lambda ops: batch([(ops[1]["id"], 400, "Bad amount"), orders.one(ops[0])])]
    assert write(orders_of("A", "B")) == [WRITTEN, ("rejected", "http_400")]


def test_a_refusal_without_a_number_counts_by_its_place(orders: Orders, write: Callable[..., Any]) -> None:
    orders.script = [lambda ops: batch([orders.one(ops[0]), ("", 400, "Bad amount")])]
    assert write(orders_of("A", "B")) == [WRITTEN, ("rejected", "http_400")]


@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_create_that_exists_already_is_updated(status: int, orders: Orders, write: Callable[..., Any]) -> None:
    orders.rows = [{"dataAreaId": "usmf", "Reference": "A", "OrderNumber": "SO-9"}]
    orders.script = [lambda ops: batch([(ops[0]["id"], status, EXISTS)])]
    assert write(orders_of("A", State=["Closed"])) == [WRITTEN]
    assert orders.rows == [{"dataAreaId": "usmf", "Reference": "A", "OrderNumber": "SO-9", "State": "Closed"}]


def test_a_create_that_collides_with_something_else_is_refused(orders: Orders, write: Callable[..., Any]) -> None:
    orders.script = [lambda ops: batch([(ops[0]["id"], 400, EXISTS), orders.one(ops[1])])]
    assert write(orders_of("A", "B")) == [("rejected", "http_400"), WRITTEN]
    assert len(orders.batches) == 1


def test_a_late_commit_after_the_look_up_makes_no_second_row(orders: Orders, write: Callable[..., Any]) -> None:
    late: list[Any] = []

    def commit_late(ops: list[dict[str, Any]]) -> Reply:
        orders.work(late[0])
        return batch([(ops[0]["id"], 400, EXISTS)])

    orders.script = [lambda ops: late.append(ops) or Reply(504, b"{}"), commit_late]
    assert write(orders_of("A")) == [WRITTEN]
    assert references(orders) == ["A"]


def test_a_throttled_part_is_sent_again_after_the_pause_and_only_it(
    orders: Orders, write: Callable[..., Any], fake_time: FakeTime
) -> None:
    orders.script = [
        lambda ops: Reply(200, b"".join([
            batch([orders.one(ops[0])]).body.removesuffix(b"--b--\r\n"),
            batch([(ops[1]["id"], 429, "busy")], "Retry-After: 30\r\n").body,
        ]), kind="multipart/mixed; boundary=b")
    ]  # fmt: skip
    assert write(orders_of("A", "B")) == [WRITTEN] * 2
    assert [operation["body"]["Reference"] for operation in orders.batches[1]] == ["B"]
    assert 30 <= sum(fake_time.slept) < 60


def test_a_lost_race_is_tried_again(orders: Orders, write: Callable[..., Any]) -> None:
    write(orders_of("A"))
    orders.script = [lambda ops: batch([(ops[0]["id"], 400, CONFLICT)])] * 2
    assert write(orders_of("A", State=["Closed"]), exists=True) == [WRITTEN]
    assert orders.rows[0]["State"] == "Closed"


def test_a_request_refused_as_a_whole_is_not_about_rows(orders: Orders, write: Callable[..., Any]) -> None:
    orders.script = [lambda ops: reply({"Message": "Stream was not readable."}, 400)]
    with pytest.raises(RequestRefused, match="not readable"):
        write(orders_of("A"))


def test_requests_hold_as_many_rows_as_asked_for_and_the_lease_is_looked_at_before_each(
    orders: Orders, write: Callable[..., Any]
) -> None:
    looks: list[int] = []
    write(orders_of(*"ABCDE"), request_rows=2, before_request=lambda: looks.append(len(orders.batches)))
    assert [len(operations) for operations in orders.batches] == [2, 2, 1]
    assert looks == [0, 1, 2]


def test_keys_are_asked_for_in_addresses_of_bounded_length(orders: Orders, client: FinanceOperationsClient) -> None:
    names = [f"Ä reference's number {number}" for number in range(200)]
    client.read_keys("Orders", columns=KEYS, key=KEYS, rows=orders_of(*names))
    filters = [urlsplit(link).query for link in orders.links]
    assert max(len(text) for text in filters) < FILTER_CHARACTERS + 500
    asked = " ".join(unquote(text) for text in filters)
    assert [name for name in names if f"'{name.replace(chr(39), chr(39) * 2)}'" not in asked] == []


def test_one_document_of_many_lines_that_is_refused_is_no_sign_that_it_is_not_the_rows(
    orders: Orders, client: FinanceOperationsClient
) -> None:
    def refuse_the_first(ops: list[dict[str, Any]]) -> Reply:
        good = next(op for op in ops if op["body"].get("Reference") == "B" and "Line" not in op["body"])
        later = ops[ops.index(good) :]
        return batch([(ops[0]["id"], 400, "The journal is locked."), *(orders.one(op) for op in later)])

    orders.script = [refuse_the_first]
    many = GIVE_UP_AFTER + 50
    lines = [Decimal(number) for number in [*range(many), 1]]
    rows = orders_of(*["A"] * many, "B", Line=lines)
    answer = client.write(
        ORDERS, rows, key=(*KEYS, "Line"), columns=["dataAreaId", "Reference", "Line"], exists=False, request_rows=1000,
        parallel_requests=1, before_request=lambda: None, header=DocumentHeader("Orders", KEYS, {}),
        document="Reference",
    )  # fmt: skip
    assert answer["status"].tolist() == ["rejected"] * many + ["written"]
    assert set(answer["message"][:many]) == {"The journal is locked."}


def test_a_document_that_no_request_can_hold_is_refused_whole_and_holds_up_no_other(
    orders: Orders, client: FinanceOperationsClient
) -> None:
    rows = orders_of(*["A"] * MOST_OPERATIONS, "B", Line=[Decimal(number) for number in [*range(MOST_OPERATIONS), 1]])
    answer = client.write(
        ORDERS, rows, key=(*KEYS, "Line"), columns=["dataAreaId", "Reference", "Line"], exists=False, request_rows=1000,
        parallel_requests=1, before_request=lambda: None, document="Reference",
    )  # fmt: skip
    assert answer["status"].tolist() == ["rejected"] * MOST_OPERATIONS + ["written"]
    assert set(answer["message"][:-1]) == {TOO_LARGE.format(MOST_OPERATIONS, MOST_OPERATIONS)}
    assert references(orders) == ["B"]


def test_lines_of_a_document_without_header_are_written_together(
    orders: Orders, client: FinanceOperationsClient
) -> None:
    def refuse_the_first(ops: list[dict[str, Any]]) -> Reply:
        assert [op["body"]["Reference"] for op in ops] == ["A", "A", "B"]
        return batch([(ops[0]["id"], 400, "The order is locked."), orders.one(ops[2])])

    orders.script = [refuse_the_first]
    rows = orders_of("A", "B", "A", Line=[Decimal(number) for number in (1, 1, 2)])
    answer = client.write(
        ORDERS, rows, key=(*KEYS, "Line"), columns=["dataAreaId", "Reference", "Line"], exists=False, request_rows=1000,
        parallel_requests=1, before_request=lambda: None, document="Reference",
    )  # fmt: skip
    assert list(zip(answer["status"], answer["code"], strict=True)) == [
        ("rejected", "http_400"), WRITTEN, ("rejected", "document"),
    ]  # fmt: skip
