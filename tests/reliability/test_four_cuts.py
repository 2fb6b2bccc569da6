"""One create or update whose connection is cut four times leaves exactly one row: every kind of write, both systems.

The cut comes after the commit and before the answer, which is the worst of cuts: what was sent has been done.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.reliability.packages import Started, open_site, run_by_package, without_odata
from tests.reliability.rows import assert_holds, judge
from tests.reliability.site import assert_one_run_as_in_peace
from tests.reliability.test_cursors import aged_crew, change
from tests.reliability.test_packages import START
from tests.reliability.test_rules import rows, write
from tests.reliability.trouble import assert_met

from fs_integration.frames import TARGET_ID

CLIENTS = Path(__file__).resolve().parents[2] / "plugins" / "fs_integration" / "clients"
CUT = {"action": "drop_after_commit", "times": 4}
CHANGE_SETS = {"system": "finops", "method": "POST", "path_regex": r"/\$batch$", **CUT}

# Writes of Dataverse: how, the request, and a name that an address can hold (by key) or cannot (by id).
BY_KEY, BY_ID = "Van 1", "Van/1"
CREATES = {
    "bulk message by key": ("auto", "POST", r"UpsertMultiple$", BY_KEY),
    "bulk message by id": ("auto", "POST", r"UpsertMultiple$", BY_ID),
    "batch by key": ("batch", "POST", r"\$batch$", BY_KEY),
    "batch by id": ("batch", "POST", r"\$batch$", BY_ID),
    "single request by key": ("single", "PATCH", r"/msdyn_warehouses\(", BY_KEY),
    "single request by id": ("single", "PATCH", r"/msdyn_warehouses\(", BY_ID),
}
UPDATES = {
    "bulk message": ("auto", "POST", r"UpdateMultiple$"),
    "batch": ("batch", "POST", r"\$batch$"),
    "single request": ("single", "PATCH", r"/msdyn_warehouses\("),
}
# Where the clients send requests that write; the tests of this file cut each of them.
WRITING = {
    "bulk.py", "row_writer.py",  # CREATES and UPDATES
    "change_set_writer.py",  # rows and documents of Finance & Operations
    "package_actions.py",  # uploads, and actions of data packages
}  # fmt: skip


@pytest.mark.parametrize("kind", CREATES)
def test_a_create_in_dataverse_leaves_one_row(kind, sites):
    strategy, method, path, name = CREATES[kind]
    site = sites.make("warehouses")
    site.faults({"system": "dataverse", "method": method, "path_regex": path, **CUT})
    answer = write(site, rows(name), strategy=strategy)
    assert [fault["hit"] for fault in site.landscape.faults.describe()] == [4]
    assert list(answer["status"]) == ["written"]
    assert found(site, name) == ["ours"]


@pytest.mark.parametrize("kind", UPDATES)
def test_an_update_in_dataverse_changes_its_row_and_makes_no_other(kind, sites):
    strategy, method, path = UPDATES[kind]
    site = sites.make("warehouses")
    write(site, rows(BY_ID))
    [row_id] = [row["msdyn_warehouseid"] for row in warehouses(site) if row["msdyn_name"] == BY_ID]
    count = len(warehouses(site))
    site.faults({"system": "dataverse", "method": method, "path_regex": path, **CUT})
    changed = rows(BY_ID, msdyn_description="changed", **{TARGET_ID: row_id})
    answer = write(site, changed, strategy=strategy)
    assert [fault["hit"] for fault in site.landscape.faults.describe()] == [4]
    assert list(answer["status"]) == ["written"]
    assert found(site, BY_ID) == ["changed"]
    assert len(warehouses(site)) == count


def warehouses(site):
    return list(site.landscape.dump("dataverse", "msdyn_warehouses"))


def found(site, name):
    """Return the descriptions of the rows of this name."""
    return [row["msdyn_description"] for row in warehouses(site) if row["msdyn_name"] == name]


# Rows that stand alone, a journal with its header, a sales order, an invoice.
@pytest.mark.parametrize("area", ["accounts", "inventory_adjustments", "work_orders", "agreement_invoices"])
def test_a_create_in_finance_and_operations_leaves_one_row_or_one_document(area, sites):
    site = sites.make(area)
    site.faults(CHANGE_SETS)
    result = site.run_area()
    assert [fault["hit"] for fault in site.landscape.faults.describe()] == [4]
    assert_one_run_as_in_peace(site, sites, result)


@pytest.mark.parametrize("area", ["accounts", "inventory_adjustments", "work_orders", "agreement_invoices"])
def test_an_update_in_finance_and_operations_changes_its_row_and_makes_no_other(area, sites):
    world = aged_crew(area)
    site = sites.make(area, world=world)
    site.run_area()
    change(site, world, 0)
    site.faults(CHANGE_SETS)
    site.run_area()
    assert_met(site)
    assert_holds(site, judge(area, world))


STEPS = {
    "upload": {"method": "PUT", "path_regex": "/blob/"},
    "address to upload to": {"method": "POST", "path_regex": r"GetAzureWriteUrl$"},
    "start": {"path_regex": START},
    "state": {"method": "POST", "path_regex": r"GetExecutionSummaryStatus$"},
}


@pytest.mark.parametrize("step", STEPS)
def test_an_import_by_data_package_is_carried_out_once(step, sites, monkeypatch):
    started = Started().watch(monkeypatch)
    site, world = open_site("inventory_adjustments", sites)
    site.faults({"system": "finops", **STEPS[step], **CUT})
    run_by_package(site)
    assert_met(site)
    assert started.executions
    assert len(set(started.executions)) == len(started.executions)
    assert_holds(site, without_odata(judge("inventory_adjustments", world)))


def test_every_request_that_writes_is_among_them():
    assert {file.name for file in CLIENTS.glob("*.py") if any(_writes(ast.parse(file.read_text())))} == WRITING


def _writes(tree: ast.AST):
    """Yield the calls that make a request of another method than GET, or of one that is not said."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Call":
            method = node.args[0]
            if not (isinstance(method, ast.Constant) and method.value == "GET"):
                yield node
