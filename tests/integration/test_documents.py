"""Documents of technicians: whole or not at all, released by repair, written once, and never again once posted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.conftest import Site

from fs_integration.clients.change_set_writer import ChangeSetWriter
from fs_integration.spec.loader import load_mapping

Row = dict[str, Any]

ADJUSTMENTS, TRANSFERS, LINES = (
    "msdyn_inventoryadjustments",
    "msdyn_inventorytransfers",
    "msdyn_inventoryadjustmentproducts",
)
ORDERS = "msdyn_workorders"
# Area -> header and its key, column of the line, journal headers and lines in Supply Chain Management.
JOURNALS = {
    "inventory_adjustments": (
        ADJUSTMENTS,
        "msdyn_inventoryadjustment",
        "UA000002",
        "InventoryAdjustmentJournalHeaders",
        "InventoryAdjustmentJournalEntriesV2",
    ),
    "inventory_transfers": (
        TRANSFERS,
        "msdyn_inventorytransfer",
        "UT000002",
        "InventoryTransferJournalHeaders",
        "InventoryTransferJournalEntries",
    ),
}
STAMPS = ("createdon", "modifiedon", "versionnumber", "msdynce_numbersequence")
either_journal = pytest.mark.parametrize("area", JOURNALS)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the package may catch it."""


def copies(site: Site, area: str, numbers: list[str]) -> dict[str, list[str]]:
    """Enter copies of a posted document of two lines under new numbers. :returns: number -> ids of its lines."""
    header_set, column, model, *_ = JOURNALS[area]
    headers, lines = site.rows("dataverse", header_set), site.rows("dataverse", LINES)
    (header,) = [row for row in headers if row["msdyn_name"] == model]
    own = [row for row in lines if row[column] == header[f"{column}id"]]
    made: dict[str, list[str]] = {}
    for number in numbers:
        id_ = new_id(header[f"{column}id"], number)
        headers.append(renewed(header) | {f"{column}id": id_, "msdyn_name": number})
        made[number] = []
        for line in own:
            line_id = new_id(line["msdyn_inventoryadjustmentproductid"], number)
            sequence = str(5000 + len(lines))
            lines.append(
                renewed(line)
                | {"msdyn_inventoryadjustmentproductid": line_id, column: id_, "msdynce_numbersequence": sequence}
            )
            made[number].append(line_id)
    site.replace("dataverse", header_set, headers)
    site.replace("dataverse", LINES, lines)
    return made


def renewed(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in STAMPS and value is not None}


def new_id(old: str, number: str) -> str:
    return f"{int(number[-3:]):08x}{old[8:]}"


def change(site: Site, entity_set: str, key: str, value: str, **changes: Any) -> Row:
    """Change one row of Field Service without touching its time of change. :returns: the row as it was."""
    rows = site.rows("dataverse", entity_set)
    (row,) = [row for row in rows if row[key] == value]
    before = dict(row)
    row.update(changes)
    site.replace("dataverse", entity_set, rows)
    return before


def journal_lines(site: Site, area: str) -> dict[str, list[float]]:
    """Give the quantities of each journal's lines."""
    found: dict[str, list[float]] = {}
    for row in site.rows("finops", JOURNALS[area][4]):
        found.setdefault(row["JournalNumber"], []).append(float(row["InventoryQuantity"]))
    return {number: sorted(quantities) for number, quantities in found.items()}


def held(site: Site, area: str) -> dict[str, tuple[str, str]]:
    """Give outcome and rule of the rows held back, by source key."""
    lines = site.direct.ledger.open_quarantine(mapping=area).to_dict("records")
    return {line["row_key"]: (line["outcome"], line["rule"]) for line in lines}


@either_journal
def test_one_bad_line_holds_back_its_whole_document_and_its_repair_lets_it_travel(nine, area):
    (lines,) = copies(nine, area, ["UX000101"]).values()
    good = change(nine, LINES, "msdyn_inventoryadjustmentproductid", lines[0], msdyn_quantity=0.0)
    nine.run(area)
    assert "UX000101" not in journal_lines(nine, area)
    assert {line: held(nine, area)[line] for line in lines} == {
        lines[0]: ("quarantined", "keep:msdyn_quantity"),
        lines[1]: ("quarantined", "document_incomplete"),
    }
    change(nine, LINES, "msdyn_inventoryadjustmentproductid", lines[0], msdyn_quantity=good["msdyn_quantity"])
    nine.run(area)
    assert len(journal_lines(nine, area)["UX000101"]) == 2
    assert held(nine, area).keys().isdisjoint(lines)


def test_blocked_lines_are_released_when_the_order_they_belong_to_arrives(nine):
    number = "WO-U0026"
    (sound,) = [row for row in nine.rows("dataverse", ORDERS) if row["msdyn_name"] == "WO-U0001"]
    assert number not in orders(nine)
    blocked = [key for key, (outcome, _) in held(nine, "work_orders").items() if outcome == "blocked"]
    assert len(blocked) == 8
    change(nine, ORDERS, "msdyn_name", number, transactioncurrencyid=sound["transactioncurrencyid"])
    nine.run("work_orders")
    assert orders(nine)[number] == [-1, 1]
    assert len([key for key in blocked if key in held(nine, "work_orders")]) == 6


def orders(site: Site) -> dict[str, list[int]]:
    """Give the line numbers of each sales order that has lines."""
    found: dict[str, list[int]] = {}
    for row in site.rows("finops", "CDSSalesOrderLines"):
        found.setdefault(row["SalesOrderNumber"], []).append(int(row["LineCreationSequenceNumber"]))
    return {number: sorted(lines) for number, lines in found.items()}


@either_journal
def test_a_journal_that_is_posted_is_never_touched(nine, area):
    header_set, column, number, *_ = JOURNALS[area]
    nine.sandbox.control("POST", "/scm/post-integration-journals")
    before = journal_lines(nine, area)
    (header,) = [row for row in nine.rows("dataverse", header_set) if row["msdyn_name"] == number]
    rows = nine.rows("dataverse", LINES)
    for row in rows:
        if row[column] == header[f"{column}id"]:
            row["msdyn_quantity"] = 77.0
    nine.replace("dataverse", LINES, rows)
    touched = [renewed(row) if row["msdyn_name"] == number else row for row in nine.rows("dataverse", header_set)]
    nine.replace("dataverse", header_set, touched)
    nine.sandbox.control("POST", "/stats/reset")
    books = nine.run(area)
    assert sum(own.skipped for own in books if own.legal_entity == "usmf") >= 2
    assert journal_lines(nine, area) == before
    assert nine.writing_requests() == {}


@either_journal
def test_a_journal_of_this_number_that_is_not_ours_is_refused_and_left_alone(nine, area):
    header_set = JOURNALS[area][3]
    (lines,) = copies(nine, area, ["UX000102"]).values()
    headers = nine.rows("finops", header_set)
    foreign = {"dataAreaId": "usmf", "JournalNumber": "UX000102", "Description": "Cycle counting"}
    nine.replace("finops", header_set, [*headers, foreign])
    nine.run(area)
    assert {held(nine, area)[line] for line in lines} == {("quarantined", "keep:ScmJournal")}
    assert "UX000102" not in journal_lines(nine, area)
    (after,) = [row for row in nine.rows("finops", header_set) if row["JournalNumber"] == "UX000102"]
    assert after["Description"] == "Cycle counting"


@pytest.mark.parametrize("point", [1, 2])
@either_journal
def test_a_load_killed_after_a_change_set_is_completed_without_double_lines(nine, monkeypatch, area, point):
    numbers = [f"UX00011{digit}" for digit in range(6)]
    copies(nine, area, numbers)
    one_by_one(monkeypatch, area)
    dying(monkeypatch, point)
    with pytest.raises(Killed):
        nine.run(area, run_id="killed")
    monkeypatch.undo()
    arrived = [number for number in numbers if number in journal_lines(nine, area)]
    assert point <= len(arrived) < len(numbers)
    nine.run(area, run_id="killed")
    model = journal_lines(nine, area)[JOURNALS[area][2]]
    assert {number: journal_lines(nine, area)[number] for number in numbers} == dict.fromkeys(numbers, model)


def one_by_one(monkeypatch: pytest.MonkeyPatch, area: str) -> None:
    """Let an area send one document in each request."""
    mapping = load_mapping(area)
    tasks = tuple(
        task.model_copy(update={"target": task.target.model_copy(update={"request_rows": 1, "parallel_requests": 1})})
        for task in mapping.tasks
    )
    slow = mapping.model_copy(update={"tasks": tasks})
    monkeypatch.setattr("tests.integration.conftest.load_mapping", lambda name: slow)


def dying(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the process die as soon as so many requests were answered, before anything is noted."""
    original, sent = ChangeSetWriter._send, []

    def send(self, work, change_sets):
        original(self, work, change_sets)
        sent.append(change_sets)
        if len(sent) >= after:
            raise Killed

    monkeypatch.setattr(ChangeSetWriter, "_send", send)
