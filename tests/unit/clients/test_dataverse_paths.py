"""Columns behind lookups, read from the sandbox over TLS: documents with their headers, companies, customers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.sandbox.client import SandboxClient

from fs_integration.clients.dataverse import DataverseClient
from fs_integration.errors import MappingError
from fs_integration.frames import concat, frame_of
from fs_integration.records import Interval
from fs_integration.spec.mapping import Condition
from fs_integration.spec.metadata import ColumnKind

K = ColumnKind
LINES = "msdyn_inventoryadjustmentproducts"
HEADER = "msdyn_inventoryadjustment"
NUMBER, STATUS = f"{HEADER}.msdyn_name", f"{HEADER}.msdynce_poststatus"
Row = dict[str, Any]


def guid(kind: int, number: int) -> str:
    return f"{kind:08}-0000-4000-8000-{number:012}"


def line(number: int, header: int | None, **more: Any) -> Row:
    return {
        f"{HEADER}productid": guid(3, number), "msdyn_name": f"L{number}", HEADER: header and guid(2, header),
        "msdyn_quantity": float(number), "modifiedon": "2026-03-01T00:00:00Z", **more,
    }  # fmt: skip


def header(number: int, name: str, *, unit: int = 1, status: int = 2, day: int = 1) -> Row:
    return {
        f"{HEADER}id": guid(2, number), "msdyn_name": name, "msdynce_poststatus": status,
        "owningbusinessunit": guid(1, unit), "modifiedon": f"2026-03-{day:02}T08:00:00Z",
    }  # fmt: skip


@pytest.fixture
def documents(sandbox: SandboxClient) -> None:
    """Two documents of USMF, one not posted yet, one of DEMF, and a line without a document."""
    units = [{"businessunitid": guid(1, number), "name": name} for number, name in ((1, "USMF"), (2, "DEMF"))]
    sandbox.put_state("dataverse", "businessunits", [*sandbox.state("dataverse", "businessunits"), *units])
    headers = [header(1, "UA000001"), header(2, "UA000002", status=1, day=2), header(3, "DA000001", unit=2, day=3)]
    sandbox.put_state("dataverse", f"{HEADER}s", headers)
    lines = [line(1, 1), line(2, 3), line(3, 1), line(4, 2), line(5, None), line(6, 3)]
    sandbox.put_state("dataverse", LINES, lines)


def read(dataverse: DataverseClient, columns: list[str], *, entity_set: str = LINES, **options: Any) -> list[tuple]:
    pages = list(dataverse.read(entity_set, columns=columns, **options))
    assert all(list(page.columns) == columns for page in pages)
    rows = concat(pages, {}).astype(object)
    return list(rows.where(rows.notna(), None).itertuples(index=False, name=None))


def condition(**given: Any) -> Condition:
    return Condition.model_validate(given)


pytestmark = pytest.mark.usefixtures("documents")


def test_lines_come_with_columns_of_their_header_and_of_what_is_behind_it(dataverse: DataverseClient) -> None:
    columns = ["msdyn_name", NUMBER, STATUS, f"{HEADER}.owningbusinessunit", f"{HEADER}.owningbusinessunit.name"]
    assert read(dataverse, columns) == [
        ("L1", "UA000001", 2, guid(1, 1), "USMF"), ("L2", "DA000001", 2, guid(1, 2), "DEMF"),
        ("L3", "UA000001", 2, guid(1, 1), "USMF"), ("L4", "UA000002", 1, guid(1, 1), "USMF"),
        ("L5", None, None, None, None), ("L6", "DA000001", 2, guid(1, 2), "DEMF"),
    ]  # fmt: skip


def test_all_pages_carry_the_header(sandbox: SandboxClient, dataverse: DataverseClient) -> None:
    sandbox.control("POST", "/limits", {"dataverse": {"page_size": 2}})
    found = list(dataverse.read(LINES, columns=[NUMBER]))
    assert [len(page) for page in found] == [2, 2, 2]
    assert concat(found, {})[NUMBER].dropna().tolist().count("UA000001") == 2


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param([{"field": f"{HEADER}.owningbusinessunit.name", "is": "USMF"}], "L1 L3 L4", id="a company"),
        pytest.param([{"field": STATUS, "is": 2}, {"field": NUMBER, "in": ["UA000001"]}], "L1 L3", id="two conditions"),
        pytest.param([{"field": STATUS, "is_not": 1}], "L1 L2 L3 L5 L6", id="is_not finds lines without a header"),
        pytest.param(
            [{"any_of": [{"field": STATUS, "is": 1}, {"field": "msdyn_quantity", "at_least": 5, "at_most": 6}]}],
            "L4 L5 L6", id="one of two",
        ),
        pytest.param(
            [{"any_of": [{"field": "msdyn_quantity", "at_most": 1}, {"field": STATUS, "is": 1}]},
             {"field": "msdyn_quantity", "at_least": 2}],
            "L4", id="a choice and more",
        ),
        pytest.param(
            [{"field": f"{HEADER}.owningbusinessunit", "is": guid(1, 2)}], "L2 L6", id="an id behind a lookup"
        ),
    ],
)  # fmt: skip
def test_conditions_look_behind_lookups(where: list[Row], expected: str, dataverse: DataverseClient) -> None:
    found = read(dataverse, ["msdyn_name"], where=[condition(**each) for each in where])
    assert " ".join(name for (name,) in found) == expected


def test_a_window_on_the_header_finds_its_lines(dataverse: DataverseClient) -> None:
    window = Interval(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, 8, tzinfo=UTC))
    assert read(dataverse, ["msdyn_name"], changed_since=(f"{HEADER}.modifiedon", window)) == [("L4",)]


@pytest.mark.parametrize("page_size", [1, 2, 5000])
def test_lines_of_documents_with_one_name_come_document_by_document(
    page_size: int, sandbox: SandboxClient, dataverse: DataverseClient
) -> None:
    invoices = [{"invoiceid": guid(4, n), "name": name} for n, name in ((1, "Müller"), (2, "MÜLLER"), (3, "Acme"))]
    sandbox.put_state("dataverse", "invoices", invoices)
    lines = [
        {"invoicedetailid": guid(6, number), "invoiceid": guid(4, invoice), "lineitemnumber": number}
        for number, invoice in enumerate((1, 2, 1, 3, 2, 1))
    ]
    sandbox.put_state("dataverse", "invoicedetails", lines)
    sandbox.control("POST", "/limits", {"dataverse": {"page_size": page_size}})
    found = read(dataverse, ["lineitemnumber"], entity_set="invoicedetails", order_by=["invoiceid"])
    assert [number for (number,) in found] == [3, 0, 2, 5, 1, 4]


def test_a_column_of_the_order_need_not_be_read(dataverse: DataverseClient) -> None:
    found = read(dataverse, ["msdyn_name"], order_by=[HEADER])
    assert " ".join(name for (name,) in found) == "L5 L2 L6 L1 L3 L4"


def test_rows_cannot_be_ordered_by_a_column_of_another_table(dataverse: DataverseClient) -> None:
    with pytest.raises(MappingError, match="cannot be ordered"):
        read(dataverse, ["msdyn_name"], order_by=[NUMBER])


def test_rows_found_by_key_carry_the_header_too(dataverse: DataverseClient) -> None:
    rows = frame_of({"msdyn_name": ["l2", "L5", "nowhere"]}, {"msdyn_name": K.TEXT})
    found = dataverse.read_keys(LINES, columns=["msdyn_name", NUMBER], key=("msdyn_name",), rows=rows)
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == [["L2", "DA000001"], ["L5", None]]


def test_a_table_is_described_with_the_paths_a_task_uses(dataverse: DataverseClient) -> None:
    described = dataverse.resolve(LINES, ["msdyn_quantity", STATUS, f"{HEADER}.owningbusinessunit.name"])
    status = described.columns[STATUS]
    assert (status.name, status.kind, status.options) == (f"{HEADER}/msdynce_poststatus", K.OPTION, ("1", "2"))
    assert described.columns[f"{HEADER}.owningbusinessunit.name"].max_length == 160
    assert described.columns["msdyn_quantity"] == dataverse.table(LINES).columns["msdyn_quantity"]
    assert STATUS not in dataverse.table(LINES).columns


def test_a_path_that_does_not_exist_is_named_before_rows_are_read(dataverse: DataverseClient) -> None:
    with pytest.raises(MappingError, match="`msdyn_inventoryadjustments` of dataverse has no column `msdyn_nam`"):
        read(dataverse, [f"{HEADER}.msdyn_nam"])


def test_a_customer_is_an_account_or_a_contact(sandbox: SandboxClient, dataverse: DataverseClient) -> None:
    account = sandbox.state("dataverse", "accounts")[0]
    customers = [(1, "to an account", account["accountid"], "account"), (2, "to a contact", guid(5, 1), "contact")]
    rows = [
        {"invoiceid": guid(4, number), "name": name, "customerid": customer, "customeridtype": kind}
        for number, name, customer, kind in customers
    ]
    sandbox.put_state("dataverse", "invoices", rows)
    columns = ["name", "customerid", "customerid_account.accountnumber"]
    assert read(dataverse, columns, entity_set="invoices") == [
        ("to an account", account["accountid"], account["accountnumber"]), ("to a contact", guid(5, 1), None),
    ]  # fmt: skip
    described = dataverse.table("invoices").columns
    assert {name: described[name].target_table for name in ("customerid_account", "customerid_contact")} == {
        "customerid_account": "accounts", "customerid_contact": "contacts",
    }  # fmt: skip
