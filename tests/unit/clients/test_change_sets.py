"""Writes to Finance & Operations against the sandbox: rows, documents, lost answers. Sites stand in for headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from tests.sandbox.client import SandboxClient

from fs_integration.clients.change_sets import DocumentHeader
from fs_integration.clients.finance_operations import FinanceOperationsClient
from fs_integration.errors import MappingError, PermissionDenied, ServiceError
from fs_integration.frames import KEY, frame_of, joined_text
from fs_integration.spec.metadata import ColumnKind

KEYS = ("dataAreaId", "WarehouseId")
HEADER = DocumentHeader(
    "OperationalSites", ("dataAreaId", "SiteId"), {"SiteId": "OperationalSiteId", "SiteName": "header.SiteName"}
)
BATCH = {"system": "finops", "method": "POST", "path_regex": r"/data/\$batch"}


def warehouses(*numbers: str, site: str = "1", name: str = "New", company: str = "usmf", **more: Any) -> pd.DataFrame:
    values = {
        "dataAreaId": company, "WarehouseId": list(numbers), "OperationalSiteId": site, "WarehouseName": name, **more,
    }  # fmt: skip
    columns = {key: value if isinstance(value, list) else [value] * len(numbers) for key, value in values.items()}
    rows = frame_of(columns, dict.fromkeys(columns, ColumnKind.TEXT))
    rows[KEY] = joined_text(rows, list(KEYS))
    return rows


@pytest.fixture
def write(finance_operations: FinanceOperationsClient) -> Callable[..., pd.DataFrame]:
    def write(rows: pd.DataFrame, *, exists: bool = False, **options: Any) -> pd.DataFrame:
        metadata = finance_operations.entity_metadata("Warehouses")
        columns = [name for name in rows if not name.startswith(("_", "header."))]
        given = {
            "key": KEYS, "columns": columns, "request_rows": 10, "parallel_requests": 2,
            "before_request": lambda: None, **options,
        }  # fmt: skip
        return finance_operations.write(metadata, rows, exists=exists, **given)

    return write


@pytest.fixture
def write_document(write: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    def write_document(rows: pd.DataFrame, **options: Any) -> pd.DataFrame:
        return write(rows.assign(**{"header.SiteName": "Head"}), header=HEADER, document="OperationalSiteId", **options)

    return write_document


def stored(sandbox: SandboxClient, name: str = "Warehouses") -> dict[tuple[str, str], dict[str, Any]]:
    key = "WarehouseId" if name == "Warehouses" else "SiteId"
    found = [((row["dataAreaId"], row[key]), row) for row in sandbox.state("finops", name)]
    assert len(found) == len(dict(found))
    return dict(found)


def statuses(answer: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(answer["status"], answer["code"], strict=True))


def test_new_rows_are_created_in_their_company(sandbox: SandboxClient, write: Callable[..., pd.DataFrame]) -> None:
    answer = write(pd.concat([warehouses("N1", "N2"), warehouses("N1", company="demf")], ignore_index=True))
    assert answer[KEY].tolist() == ["usmf|N1", "usmf|N2", "demf|N1"]
    assert statuses(answer) == [("written", "")] * 3
    assert {("usmf", "N1"), ("usmf", "N2"), ("demf", "N1")} <= set(stored(sandbox))


def test_rows_that_are_there_are_updated(sandbox: SandboxClient, write: Callable[..., pd.DataFrame]) -> None:
    before = stored(sandbox)[("usmf", "11")]
    assert statuses(write(warehouses("11", name="O'Brien's \"24\" & Söhne"), exists=True)) == [("written", "")]
    after = stored(sandbox)[("usmf", "11")]
    assert after["WarehouseName"] == "O'Brien's \"24\" & Söhne"
    assert after["WarehouseType"] == before["WarehouseType"]


def test_a_text_without_value_is_emptied(sandbox: SandboxClient, write: Callable[..., pd.DataFrame]) -> None:
    write(warehouses("11", TransitWarehouseId="11"), exists=True)
    write(warehouses("11", TransitWarehouseId=None), exists=True)
    assert stored(sandbox)[("usmf", "11")]["TransitWarehouseId"] == ""


@pytest.mark.parametrize("number", ["A'1", "A/1", "A%1", "A#1", "A&B=1", "Ä 1"])
def test_keys_may_hold_any_character(number: str, sandbox: SandboxClient, write: Callable[..., pd.DataFrame]) -> None:
    write(warehouses(number))
    assert statuses(write(warehouses(number, name="Second"), exists=True)) == [("written", "")]
    assert stored(sandbox)[("usmf", number)]["WarehouseName"] == "Second"


def test_a_refused_row_stays_alone_and_keeps_its_reason(
    sandbox: SandboxClient, write: Callable[..., pd.DataFrame]
) -> None:
    answer = write(warehouses("N1", "N2", "N3", OperationalSiteId=["1", "", "1"]))
    assert statuses(answer) == [("written", ""), ("rejected", "http_400"), ("written", "")]
    assert "OperationalSiteId" in answer["message"][1]
    assert ("usmf", "N2") not in stored(sandbox)


def test_a_row_that_is_gone_is_not_created_again(sandbox: SandboxClient, write: Callable[..., pd.DataFrame]) -> None:
    assert statuses(write(warehouses("GONE"), exists=True)) == [("rejected", "missing")]
    assert ("usmf", "GONE") not in stored(sandbox)


def test_a_row_that_turns_out_to_be_there_is_updated(
    sandbox: SandboxClient, write: Callable[..., pd.DataFrame]
) -> None:
    count = len(stored(sandbox))
    assert statuses(write(warehouses("N1", "11", name="Same"))) == [("written", "")] * 2
    assert stored(sandbox)[("usmf", "11")]["WarehouseName"] == "Same"
    assert len(stored(sandbox)) == count + 1


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"action": "drop_before"}, id="cut before the service works"),
        pytest.param({"action": "drop_after_commit"}, id="cut after the service worked"),
        pytest.param({"action": "truncate"}, id="cut in the answer"),
        pytest.param({"action": "html", "args": {"status": 200}}, id="a page instead of an answer"),
        pytest.param({"action": "status", "args": {"status": 503}}, id="unavailable"),
        pytest.param({"action": "status", "args": {"status": 429, "retry_after": 20}}, id="throttled"),
    ],
)
def test_lost_answers_make_no_second_row_and_lose_none(
    fault: dict[str, Any], times: int, sandbox: SandboxClient, write: Callable[..., pd.DataFrame],
    write_document: Callable[..., pd.DataFrame],
) -> None:  # fmt: skip
    before = set(stored(sandbox))
    sandbox.control("POST", "/faults", [{**BATCH, **fault, "times": times}])
    assert statuses(write(warehouses("N1", "N2"))) == [("written", "")] * 2
    sandbox.control("POST", "/faults", [{**BATCH, **fault, "times": times}])
    assert statuses(write_document(warehouses("N3", "N4", site="S9"))) == [("written", "")] * 2
    assert set(stored(sandbox)) - before == {("usmf", number) for number in ("N1", "N2", "N3", "N4")}
    assert ("usmf", "S9") in stored(sandbox, "OperationalSites")


def test_a_service_that_never_answers_ends_the_write(
    sandbox: SandboxClient, write: Callable[..., pd.DataFrame]
) -> None:
    sandbox.control("POST", "/faults", [{**BATCH, "action": "drop_before", "times": None}])
    with pytest.raises(ServiceError):
        write(warehouses("N1"))


def test_a_missing_role_ends_the_write_instead_of_refusing_rows(
    sandbox: SandboxClient, write: Callable[..., pd.DataFrame]
) -> None:
    sandbox.control("POST", "/faults", [{**BATCH, "action": "status", "args": {"status": 403}}])
    with pytest.raises(PermissionDenied):
        write(warehouses("N1"))


def test_a_lease_that_was_lost_stops_before_anything_is_sent(
    sandbox: SandboxClient, write: Callable[..., pd.DataFrame]
) -> None:
    def lost() -> None:
        raise RuntimeError("overtaken")

    with pytest.raises(RuntimeError, match="overtaken"):
        write(warehouses("N1"), before_request=lost)
    assert ("usmf", "N1") not in stored(sandbox)


def test_an_entity_of_companies_needs_the_company(write: Callable[..., pd.DataFrame]) -> None:
    with pytest.raises(MappingError, match="dataAreaId"):
        write(warehouses("N1").drop(columns="dataAreaId"), key=("WarehouseId",))


# Documents -----------------------------------------------------------------------------------------------------------


def test_a_new_document_comes_with_its_header(
    sandbox: SandboxClient, write_document: Callable[..., pd.DataFrame]
) -> None:
    rows = warehouses("N1", "N2", "N3", OperationalSiteId=["S8", "S9", "S8"])
    assert statuses(write_document(rows, request_rows=1)) == [("written", "")] * 3
    sites = stored(sandbox, "OperationalSites")
    assert (sites[("usmf", "S8")]["SiteName"], sites[("usmf", "S9")]["SiteName"]) == ("Head", "Head")
    assert {("usmf", "N1"), ("usmf", "N2"), ("usmf", "N3")} <= set(stored(sandbox))


def test_a_document_with_a_bad_line_is_not_there_at_all(
    sandbox: SandboxClient, write_document: Callable[..., pd.DataFrame]
) -> None:
    rows = warehouses(
        "N1", "N2", "N3", OperationalSiteId=["S8", "S8", "S9"], WarehouseType=["Standard", "None", "Standard"]
    )
    answer = write_document(rows)
    assert statuses(answer) == [("rejected", "document"), ("rejected", "http_400"), ("written", "")]
    assert answer["message"][0].startswith("Not written, because another row of its document was refused")
    assert ("usmf", "S8") not in stored(sandbox, "OperationalSites")
    assert ("usmf", "N1") not in stored(sandbox)
    assert ("usmf", "N3") in stored(sandbox)


def test_lines_join_a_header_that_is_there(sandbox: SandboxClient, write_document: Callable[..., pd.DataFrame]) -> None:
    write_document(warehouses("N1", site="S8"))
    assert statuses(write_document(warehouses("N2", site="S8"))) == [("written", "")]
    answer = write_document(warehouses("N1", "N2", site="S8", name="Changed"), exists=True)
    assert statuses(answer) == [("written", "")] * 2
    assert stored(sandbox)[("usmf", "N2")]["WarehouseName"] == "Changed"


# Keys ----------------------------------------------------------------------------------------------------------------


def test_rows_are_found_by_key_in_bounded_addresses_whatever_the_case(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient
) -> None:
    there = [number for company, number in stored(sandbox) if company == "usmf"]
    asked = warehouses(*[number.lower() for number in there], *[f"absent{n}" for n in range(60)], company="USMF")
    found = finance_operations.read_keys("Warehouses", columns=list(KEYS), key=KEYS, rows=asked)
    assert sorted(found["WarehouseId"]) == sorted(there)
    assert set(found["dataAreaId"]) == {"usmf"}


def test_a_star_in_a_key_finds_only_itself(
    sandbox: SandboxClient, finance_operations: FinanceOperationsClient, write: Callable[..., pd.DataFrame]
) -> None:
    write(warehouses("Z*", "ZZ"))
    found = finance_operations.read_keys("Warehouses", columns=list(KEYS), key=KEYS, rows=warehouses("Z*"))
    assert found["WarehouseId"].tolist() == ["Z*"]


def test_only_the_company_asked_for_is_read(finance_operations: FinanceOperationsClient) -> None:
    key = ("WarehouseId",)
    rows = warehouses("11")
    everywhere = finance_operations.read_keys("Warehouses", columns=list(KEYS), key=key, rows=rows)
    found = finance_operations.read_keys("Warehouses", columns=list(KEYS), key=key, rows=rows, company="usmf")
    assert found["dataAreaId"].tolist() == ["usmf"]
    assert "usmf" in set(everywhere["dataAreaId"])


def test_no_rows_ask_nothing(finance_operations: FinanceOperationsClient) -> None:
    found = finance_operations.read_keys("Warehouses", columns=list(KEYS), key=KEYS, rows=warehouses())
    assert (len(found), list(found)) == (0, list(KEYS))
