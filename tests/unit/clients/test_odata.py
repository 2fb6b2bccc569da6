"""Pages become frames: exact types, nothing lost between pages, no link followed elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pandas as pd
import pytest
from tests.unit.clients.stub import Reply, Seen, Service, reply

from fs_integration.clients.odata import Reading, frame_of_rows, pages
from fs_integration.clients.transport import Transport
from fs_integration.errors import ForeignLinkRefused, RequestRefused, ServiceUnavailable
from fs_integration.frames import ARROW_TYPES
from fs_integration.spec.metadata import ColumnKind

K = ColumnKind


def read(values: list[Any], kind: ColumnKind, empty_date: str = "") -> pd.Series:
    rows = [msgspec.Raw(msgspec.json.encode({"wire": value, "other": [{"deep": 1}]})) for value in values]
    return frame_of_rows(rows, Reading({"name": ("wire", kind)}, empty_date))["name"]


@pytest.mark.parametrize(
    ("kind", "sent", "expected"),
    [
        pytest.param(K.TEXT, ["ä\n\"'", "", None], ["ä\n\"'", "", None], id="text keeps blanks, quotes and emptiness"),
        pytest.param(K.INTEGER, [1, -(2**53) - 1, None], [1, -(2**53) - 1, None], id="whole numbers keep every digit"),
        pytest.param(K.DECIMAL, [0.1, 20000.0, None], [Decimal("0.1"), Decimal(20000), None], id="exact"),
        pytest.param(
            K.DECIMAL, [0.1 + 0.2, 1e-7, 1.23456789012345e-9],
            [Decimal("0.3"), Decimal("0.0000001"), Decimal("0.0000000012")],
            id="digits beyond the scale are rounded",
        ),
        pytest.param(K.BOOLEAN, [True, False, None], [True, False, None], id="yes and no"),
        pytest.param(K.ENUM, ["Yes", "No"], ["Yes", "No"], id="enumeration members stay text"),
        pytest.param(K.OPTION, [690970000, None], [690970000, None], id="options are numbers"),
        pytest.param(K.DATE, ["2026-11-23", None], [date(2026, 11, 23), None], id="dates"),
        pytest.param(K.DATE, ["2026-11-23T12:00:00Z"], [date(2026, 11, 23)], id="dates sent at noon are not moved"),
        pytest.param(
            K.DATETIME, ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.1234567Z", None],
            [datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 10, 0, 0, 123456, UTC), None],
            id="moments with and without fractions",
        ),
    ],
)  # fmt: skip
def test_values_arrive_exactly(kind: ColumnKind, sent: list[Any], expected: list[Any]) -> None:
    column = read(sent, kind)
    assert column.dtype == pd.ArrowDtype(ARROW_TYPES[kind])
    assert [None if value is pd.NA else value for value in column.tolist()] == expected


def test_columns_of_expanded_rows_are_columns_of_the_row() -> None:
    columns = {
        "up.name": ("Up/name", K.TEXT), "own": ("own", K.INTEGER), "up.top.amount": ("Up/Top/amount", K.DECIMAL),
        "up.top.seen": ("Up/Top/seen", K.DATETIME),
    }  # fmt: skip
    sent = [
        {"own": 1, "Up": {"@odata.etag": "1", "name": "a", "Top": {"amount": 0.1, "seen": "2026-11-23T10:00:00Z"}}},
        {"own": 2, "Up": {"name": "b", "Top": None, "other": {"deep": [1]}}},
        {"own": 3, "Up": None},
    ]
    frame = frame_of_rows([msgspec.Raw(msgspec.json.encode(row)) for row in sent], Reading(columns))
    assert list(frame.columns) == list(columns)
    assert frame.astype(object).where(frame.notna(), None).to_numpy().tolist() == [
        ["a", 1, Decimal("0.1"), datetime(2026, 11, 23, 10, tzinfo=UTC)], ["b", 2, None, None], [None, 3, None, None],
    ]  # fmt: skip
    assert [frame[name].dtype for name in columns] == [pd.ArrowDtype(ARROW_TYPES[kind]) for _, kind in columns.values()]


def test_expanded_rows_that_are_not_what_was_promised_are_refused() -> None:
    rows = [msgspec.Raw(b'{"Up": {"number": "many"}}')]
    with pytest.raises(ServiceUnavailable, match="metadata promises"):
        frame_of_rows(rows, Reading({"up.number": ("Up/number", K.INTEGER)}))


@pytest.mark.parametrize(
    ("kind", "sent"),
    [(K.DATE, "1900-01-01T12:00:00Z"), (K.DATETIME, "1900-01-01T00:00:00Z")],
    ids=["date", "moment"],
)
def test_the_date_that_means_no_date_is_missing_only_where_the_service_means_it(kind: ColumnKind, sent: str) -> None:
    assert read([sent], kind, "1900-01-01").isna().tolist() == [True]
    assert read([sent], kind).isna().tolist() == [False]


def test_a_value_that_breaks_the_promise_of_the_metadata_is_no_data() -> None:
    with pytest.raises(ServiceUnavailable, match="metadata promises"):
        read(["many"], K.INTEGER)


def test_rows_printed_over_several_lines_are_read() -> None:
    row = msgspec.Raw(b'{\n  "wire": 1\n}')
    assert frame_of_rows([row, row], Reading({"name": ("wire", K.INTEGER)}))["name"].tolist() == [1, 1]


READING = Reading({"id": ("id", K.INTEGER)})


def page(*ids: int, link: str = "") -> Reply:
    return reply({"value": [{"id": number} for number in ids], **({"@odata.nextLink": link} if link else {})})


def ids(transport: Transport) -> list[int]:
    return [
        number for frame in pages(transport, "rows?$select=id", reading=READING, prefer="x=1") for number in frame["id"]
    ]


def test_links_are_followed_to_the_end_and_an_empty_page_is_not_the_end(service: Service, transport: Transport) -> None:
    root = f"{service.url}/data/rows?"
    service.script = [page(1, 2, link=f"{root}$skiptoken=a%2Bb"), page(link=f"{root}$skiptoken=c"), page(3)]
    assert ids(transport) == [1, 2, 3]
    assert service.seen[1].path == "/data/rows?$skiptoken=a%2Bb"
    assert [seen.headers["prefer"] for seen in service.seen] == ["x=1"] * 3


def test_no_rows_at_all_give_one_empty_frame_with_the_columns(service: Service, transport: Transport) -> None:
    service.script = [page()]
    frames = list(pages(transport, "rows", reading=READING))
    assert [(len(frame), list(frame.columns)) for frame in frames] == [(0, ["id"])]


def test_links_in_a_circle_are_noticed(service: Service, transport: Transport) -> None:
    link = f"{service.url}/data/rows?$skiptoken=a"
    service.answer = lambda _: page(1, link=link)
    with pytest.raises(ServiceUnavailable, match="circle"):
        ids(transport)
    assert len(service.seen) == 2


def test_a_next_link_that_leads_back_to_the_first_page_is_noticed(service: Service, transport: Transport) -> None:
    first = "rows?$filter=name%20eq%20'a'"
    service.script = [page(1, link=f"{service.url}/data/rows?$filter=name%20eq%20%27a%27"), page(1)]
    with pytest.raises(ServiceUnavailable, match="circle after 1 pages"):
        list(pages(transport, first, reading=READING))
    assert len(service.seen) == 1


def test_a_next_link_to_a_foreign_host_gets_no_request(
    service: Service, other_service: Service, transport: Transport
) -> None:
    other_service.answer = lambda _: page(9)
    service.script = [page(1, link=f"{other_service.url}/data/rows?$skiptoken=a")]
    with pytest.raises(ForeignLinkRefused):
        ids(transport)
    assert other_service.seen == []


def test_an_answer_without_rows_is_not_taken_for_no_rows(service: Service, transport: Transport) -> None:
    service.answer = lambda _: reply({"message": "maintenance"})
    with pytest.raises(ServiceUnavailable):
        ids(transport)


# The next page is under way ------------------------------------------------------------------------------------------


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return holds()


def numbered(service: Service, last: int) -> None:
    """Answer pages 1, 2, ... of one row each."""

    def answer(request: Seen) -> Reply:
        number = int(request.path.rpartition("=")[2])
        return page(number, link=f"{service.url}/data/rows?$skiptoken={number + 1}" if number < last else "")

    service.answer = answer


def test_while_a_page_is_used_the_next_one_comes_and_no_more_than_that_one(
    service: Service, transport: Transport
) -> None:
    numbered(service, 4)
    reading = pages(transport, "rows?$skiptoken=1", reading=READING)
    next(reading)
    assert eventually(lambda: len(service.seen) == 2)
    time.sleep(0.05)
    assert len(service.seen) == 2
    assert [frame["id"].tolist() for frame in reading] == [[2], [3], [4]]
    assert len(service.seen) == 4


def test_a_page_that_fails_is_told_only_after_the_pages_before_it(service: Service, transport: Transport) -> None:
    link = f"{service.url}/data/rows?$skiptoken=2"
    service.script = [page(1, link=link), reply({"error": {"code": "0x1", "message": "no"}}, 400)]
    reading = pages(transport, "rows", reading=READING)
    assert next(reading)["id"].tolist() == [1]
    with pytest.raises(RequestRefused, match="no"):
        next(reading)


def test_a_page_that_nobody_waits_for_any_more_is_not_asked_for_again(service: Service, transport: Transport) -> None:
    closed = threading.Event()
    link = f"{service.url}/data/rows?$skiptoken=2"

    def answer(request: Seen) -> Reply:
        if request.path.endswith("=2"):
            closed.wait(10)
            return Reply(status=503)
        return page(1, link=link)

    service.answer = answer
    reading = pages(transport, "rows", reading=READING)
    next(reading)
    assert eventually(lambda: len(service.seen) == 2)
    reading.close()
    closed.set()
    for thread in threading.enumerate():
        if thread.name == "next-page":
            thread.join(10)
    assert len(service.seen) == 2


@pytest.mark.parametrize("entry", [b"null", b'"a"', b"1", b"[]", b"true", b'{"wire": "\xff"}'])
def test_an_entry_that_is_no_row_is_a_broken_answer_and_asked_for_again(
    entry: bytes, service: Service, transport: Transport
) -> None:
    """Arrow crashed on some of them and took the process with it."""
    service.script = [Reply(body=b'{"value": [{"wire": "a"}, ' + entry + b"]}"), reply({"value": [{"wire": "a"}]})]
    frames = list(pages(transport, "Warehouses", reading=Reading({"name": ("wire", K.TEXT)})))
    assert [frame["name"].tolist() for frame in frames] == [["a"]]
    assert len(service.seen) == 2


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (K.DATE, b'"yesterday"'), (K.DATETIME, b'"2026-13-01T00:00:00Z"'), (K.DECIMAL, b"1e30"), (K.INTEGER, b"1e30"),
        (K.TEXT, b"1"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_what_was_promised_is_refused(kind: ColumnKind, value: bytes) -> None:
    with pytest.raises(ServiceUnavailable, match="metadata promises"):
        frame_of_rows([msgspec.Raw(b'{"wire": ' + value + b"}")], Reading({"name": ("wire", kind)}))
