"""The Dataverse client against the sandbox: descriptions, reads, and writes that answer for every row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from tests.sandbox.client import SandboxClient
from tests.unit.clients.conftest import settings_of

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.clients.row_answers import GIVE_UP_AFTER
from fs_integration.errors import (
    ConnectionSetupError,
    Fenced,
    ForeignLinkRefused,
    NotFound,
    PermissionDenied,
    RequestRefused,
)
from fs_integration.frames import KEY, TARGET_ID, frame_of, joined_text
from fs_integration.records import Interval
from fs_integration.spec.mapping import Condition
from fs_integration.spec.metadata import ColumnKind

K = ColumnKind
WAREHOUSES = "msdyn_warehouses"
STOCK = "msdynce_externalproductinventories"
STOCK_KEY = ("msdynce_productnumber", "msdynce_warehouseid")
COLUMNS = ["msdyn_name", "msdyn_description", "msdynce_ismaintainedexternally"]


def warehouses(*names: str, description: str | None = "sent", **more: list[Any]) -> pd.DataFrame:
    columns = {
        KEY: list(names), "msdyn_name": list(names), "msdyn_description": [description] * len(names),
        "msdynce_ismaintainedexternally": [True] * len(names), **more,
    }  # fmt: skip
    kinds = {name: K.TEXT for name in columns} | {"msdynce_ismaintainedexternally": K.BOOLEAN}
    return frame_of(columns, kinds)


Write = Callable[..., pd.DataFrame]


@pytest.fixture
def write(dataverse: DataverseClient) -> Write:
    """Write warehouses with two requests at once and ten rows in each."""

    def call(rows: pd.DataFrame, **more: Any) -> pd.DataFrame:
        options = {"request_rows": 10, "parallel_requests": 2, "before_request": lambda: None, **more}
        return dataverse.write(dataverse.table(WAREHOUSES), rows, key=("msdyn_name",), columns=COLUMNS, **options)

    return call


def stored(sandbox: SandboxClient, column: str = "msdyn_description") -> dict[str, Any]:
    return {row["msdyn_name"]: row.get(column) for row in sandbox.state("dataverse", WAREHOUSES)}


# What the service says about a table ---------------------------------------------------------------------------------


def test_a_table_is_described_with_keys_lengths_options_and_navigation(dataverse: DataverseClient) -> None:
    stock = dataverse.table(STOCK)
    assert (stock.logical_name, stock.primary_id) == (
        "msdynce_externalproductinventory",
        "msdynce_externalproductinventoryid",
    )
    assert stock.alternate_key(STOCK_KEY) == "msdynce_productwarehouse"
    assert stock.columns["msdynce_productnumber"].max_length == 100
    assert stock.columns["msdynce_onhandquantity"].kind is K.DECIMAL
    assert stock.columns["msdynce_onhandquantity"].precision == 2
    product = stock.columns["msdynce_product"]
    assert (product.kind, product.navigation, product.target_table) == (K.LOOKUP, "msdynce_product", "products")
    assert stock.columns["statecode"].options == ("0", "1")
    assert not stock.columns["createdon"].can_create


def test_required_is_what_a_mapping_must_deliver_not_what_the_platform_fills(dataverse: DataverseClient) -> None:
    required = {name for name, column in dataverse.table(WAREHOUSES).columns.items() if column.required}
    assert required == {"msdyn_name"}


def test_a_table_that_does_not_exist_is_named(dataverse: DataverseClient) -> None:
    with pytest.raises(NotFound, match="msdyn_warehuses"):
        dataverse.table("msdyn_warehuses")


def test_the_check_names_the_organization(dataverse: DataverseClient) -> None:
    assert "organization 00000000-0000-4000-8000-0000000000d0" in dataverse.check()


# Reads ---------------------------------------------------------------------------------------------------------------


def names(dataverse: DataverseClient, **options: Any) -> list[str]:
    return sorted(
        name for frame in dataverse.read(WAREHOUSES, columns=["msdyn_name"], **options) for name in frame["msdyn_name"]
    )


def test_all_pages_are_read(sandbox: SandboxClient, dataverse: DataverseClient, write: Write) -> None:
    write(warehouses(*[f"W{number:03}" for number in range(60)]))
    expected = sorted(stored(sandbox))
    sandbox.control("POST", "/limits", {"dataverse": {"page_size": 7}})
    assert names(dataverse) == expected


def test_a_foreign_next_link_is_refused(sandbox: SandboxClient, dataverse: DataverseClient) -> None:
    sandbox.control("POST", "/limits", {"dataverse": {"page_size": 2}})
    fault = {"system": "dataverse", "path_regex": f"{WAREHOUSES}\\?", "action": "foreign_next_link"}
    dataverse.table(WAREHOUSES)
    sandbox.control("POST", "/faults", [fault])
    with pytest.raises(ForeignLinkRefused):
        names(dataverse)


def test_conditions_are_left_to_the_service(dataverse: DataverseClient, write: Write) -> None:
    write(warehouses("W1", "W2"))
    where = [Condition.model_validate({"field": "msdyn_name", "in": ["W1", "nowhere"]})]
    assert names(dataverse, where=where) == ["W1"]


def test_a_window_reads_what_changed_in_it(sandbox: SandboxClient, dataverse: DataverseClient, write: Write) -> None:
    sandbox.control("POST", "/clock", {"advance_seconds": 7200})
    write(warehouses("W1"))
    changed = next(row["modifiedon"] for row in sandbox.state("dataverse", WAREHOUSES) if row["msdyn_name"] == "W1")
    moment = pd.Timestamp(changed).to_pydatetime()
    hour = timedelta(hours=1)
    assert names(dataverse, changed_since=("modifiedon", Interval(moment, moment + hour))) == ["W1"]
    assert names(dataverse, changed_since=("modifiedon", Interval(moment - hour, moment))) == []


def test_rows_are_found_by_key_whatever_the_case(dataverse: DataverseClient, write: Write) -> None:
    write(warehouses("Main O'Br", "W2", "W3"))
    asked = warehouses("MAIN o'br", "W3", "missing", 'quo"te')
    found = dataverse.read_keys(
        WAREHOUSES, columns=["msdyn_name", "msdyn_warehouseid"], key=("msdyn_name",), rows=asked
    )
    assert sorted(found["msdyn_name"]) == ["Main O'Br", "W3"]
    assert found["msdyn_warehouseid"].notna().all()


def test_no_keys_find_no_rows_without_asking(sandbox: SandboxClient, dataverse: DataverseClient) -> None:
    found = dataverse.read_keys(WAREHOUSES, columns=["msdyn_name"], key=("msdyn_name",), rows=warehouses())
    assert (len(found), list(found.columns)) == (0, ["msdyn_name"])


def test_thousands_of_keys_are_asked_in_addresses_that_are_short_enough(
    dataverse: DataverseClient, write: Write
) -> None:
    many = [f"warehouse with a long name {'ä' * 20} {number}" for number in range(700)]
    write(warehouses(*many), request_rows=500)
    found = dataverse.read_keys(
        WAREHOUSES, columns=["msdyn_name"], key=("msdyn_name",), rows=warehouses(*many, "missing")
    )
    assert sorted(found["msdyn_name"]) == sorted(many)


# Writes --------------------------------------------------------------------------------------------------------------


def test_rows_are_created_then_updated_by_their_key(sandbox: SandboxClient, write: Write) -> None:
    before = len(stored(sandbox))
    first = write(warehouses("W1", "W 2 ä'"))
    assert first["status"].tolist() == ["written", "written"]
    write(warehouses("W1", description=None))
    now = stored(sandbox)
    assert len(now) == before + 2
    assert (now["W1"], now["W 2 ä'"]) == (None, "sent")


def test_requests_hold_as_many_rows_as_asked_and_each_asks_first(write: Write) -> None:
    asked: list[str] = []
    write(
        warehouses(*[f"W{n}" for n in range(25)]), before_request=lambda: asked.append(threading.current_thread().name)
    )
    assert len(asked) == 3


def test_before_request_never_runs_in_two_threads_at_once(write: Write) -> None:
    inside = threading.Lock()

    def before() -> None:
        assert inside.acquire(blocking=False)
        time.sleep(0.002)
        inside.release()

    write(warehouses(*[f"W{n}" for n in range(60)]), request_rows=1, parallel_requests=8, before_request=before)


def test_a_lease_that_is_lost_stops_the_write(sandbox: SandboxClient, write: Write) -> None:
    before = len(stored(sandbox))
    asked: list[int] = []

    def lost() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise Fenced("another try took over")

    with pytest.raises(Fenced):
        write(warehouses(*[f"W{n}" for n in range(100)]), before_request=lost)
    assert len(stored(sandbox)) <= before + 20


@pytest.mark.parametrize("bad", [(0,), (19,), (3, 4, 17)], ids=["the first", "the last", "three of them"])
def test_rows_the_service_refuses_are_found_and_the_others_written(
    bad: tuple[int, ...], sandbox: SandboxClient, write: Write
) -> None:
    rows = [f"W{n:02}" + ("x" * 120 if n in bad else "") for n in range(20)]
    answer = write(warehouses(*rows))
    assert [n for n, status in enumerate(answer["status"]) if status == "rejected"] == list(bad)
    refused = answer[answer["status"] == "rejected"]
    assert set(refused["code"]) == {"0x80044331"}
    assert refused["message"].str.contains("exceeded the maximum allowed length").all()
    assert answer[KEY].tolist() == rows
    assert {name for n, name in enumerate(rows) if n not in bad} <= set(stored(sandbox))


def test_a_lookup_to_a_row_that_is_missing_refuses_that_row_only(
    sandbox: SandboxClient, dataverse: DataverseClient
) -> None:
    products = next(dataverse.read("products", columns=["productid"]))["productid"]
    places = next(dataverse.read(WAREHOUSES, columns=["msdyn_warehouseid"]))["msdyn_warehouseid"]
    product = [products[0], "00000000-0000-4000-8000-00000000dead"]
    columns = {
        STOCK_KEY[0]: ["P1", "P2"], STOCK_KEY[1]: ["1", "1"], "msdynce_product": product,
        "msdynce_warehouse": [places[0]] * 2, "msdynce_onhandquantity": [5, 6],
    }  # fmt: skip
    stock = dataverse.table(STOCK)
    rows = frame_of(columns, {name: stock.columns[name].kind for name in columns})
    rows[KEY] = joined_text(rows, STOCK_KEY)
    answer = dataverse.write(stock, rows, key=STOCK_KEY, columns=list(columns), request_rows=10, parallel_requests=1,
                             before_request=lambda: None)  # fmt: skip
    assert answer["status"].tolist() == ["written", "rejected"]
    written = [row for row in sandbox.state("dataverse", STOCK) if row["msdynce_productnumber"] == "P1"]
    assert [(row["msdynce_product"], row["msdynce_onhandquantity"]) for row in written] == [(products[0], 5)]


@pytest.mark.parametrize("character", list("/<>*%&:\\?+#"))
def test_a_key_that_cannot_stand_in_an_address_is_written_once(
    character: str, sandbox: SandboxClient, write: Write
) -> None:
    name = f"A{character}1"
    for description in ("first", "second"):
        answer = write(warehouses(name, "W1", description=description))
        assert answer["status"].tolist() == ["written", "written"]
    rows = [row for row in sandbox.state("dataverse", WAREHOUSES) if row["msdyn_name"] == name]
    assert [row["msdyn_description"] for row in rows] == ["second"]


def test_such_a_key_alone_in_its_batch_is_looked_up_too(sandbox: SandboxClient, write: Write) -> None:
    existing = sandbox.state("dataverse", WAREHOUSES)[0]
    sandbox.put_state("dataverse", WAREHOUSES, [{**existing, "msdyn_name": "A/1"}])
    write(warehouses("A/1", description="updated"))
    assert stored(sandbox) == {"A/1": "updated"}


def test_a_table_without_alternate_key_is_written_by_id(sandbox: SandboxClient, dataverse: DataverseClient) -> None:
    table = dataverse.table(WAREHOUSES).model_copy(update={"keys": {}})
    known = sandbox.state("dataverse", WAREHOUSES)[0]
    rows = warehouses("new", known["msdyn_name"], **{TARGET_ID: [None, known["msdyn_warehouseid"]]})
    for _ in range(2):
        answer = dataverse.write(
            table, rows, key=("msdyn_name",), columns=COLUMNS, request_rows=10, parallel_requests=1,
            before_request=lambda: None,
        )  # fmt: skip
        assert answer["status"].tolist() == ["written", "written"]
    now = [row for row in sandbox.state("dataverse", WAREHOUSES) if row["msdyn_name"] in ("new", known["msdyn_name"])]
    assert [row["msdyn_description"] for row in now] == ["sent", "sent"]


def test_a_table_that_knows_no_bulk_messages_gets_its_rows_all_the_same(sandbox: SandboxClient, write: Write) -> None:
    sandbox.control(
        "POST", "/limits", {"dataverse": {"switches": {"tables_without_bulk_messages": ["msdyn_warehouse"]}}}
    )
    answer = write(warehouses("W1", "x" * 120, "W2", "A/1"))
    assert answer["status"].tolist() == ["written", "rejected", "written", "written"]
    assert {"W1", "W2", "A/1"} <= set(stored(sandbox))


@pytest.mark.parametrize("action", ["drop_before", "drop_after_commit", "truncate", "html"])
def test_a_failure_on_the_way_leaves_every_row_written_once(action: str, sandbox: SandboxClient, write: Write) -> None:
    before = len(stored(sandbox))
    fault = {"system": "dataverse", "method": "POST", "path_regex": "UpsertMultiple", "action": action, "times": 2}
    sandbox.control("POST", "/faults", [fault])
    answer = write(warehouses(*[f"W{n}" for n in range(30)]))
    assert set(answer["status"]) == {"written"}
    assert len(sandbox.state("dataverse", WAREHOUSES)) == before + 30


def test_a_lost_race_is_not_a_refusal(sandbox: SandboxClient, write: Write) -> None:
    sandbox.control("POST", "/limits", {"dataverse": {"switches": {"upsert_races": 1}}})
    answer = write(warehouses("W1"))
    assert answer["status"].tolist() == ["written"]


def test_a_missing_privilege_stops_everything(sandbox: SandboxClient, write: Write) -> None:
    switches = {"forbidden_privileges": ["prvCreatemsdyn_warehouse"]}
    sandbox.control("POST", "/limits", {"dataverse": {"switches": switches}})
    with pytest.raises(PermissionDenied, match="prvCreatemsdyn_warehouse"):
        write(warehouses("W1", "W2"))


def test_when_every_row_is_refused_it_is_not_the_rows(write: Write) -> None:
    bad = [f"{n:04}" + "x" * 120 for n in range(GIVE_UP_AFTER + 50)]
    with pytest.raises(RequestRefused, match="not about rows"):
        write(warehouses(*bad), request_rows=1000)


def test_nothing_is_written_into_another_organization(sandbox: SandboxClient) -> None:
    pinned = DataverseClient(settings_of(sandbox, "dataverse", organization_id="00000000-0000-4000-8000-00000000beef"))
    before = stored(sandbox)
    with pytest.raises(ConnectionSetupError, match="Nothing was written"):
        pinned.write(pinned.table(WAREHOUSES), warehouses("W1"), key=("msdyn_name",), columns=COLUMNS, request_rows=10,
                     parallel_requests=1, before_request=lambda: None)  # fmt: skip
    assert stored(sandbox) == before


def test_no_rows_need_no_request(write: Write) -> None:
    asked: list[int] = []
    assert len(write(warehouses(), before_request=lambda: asked.append(1))) == 0
    assert asked == []
