"""Faults on the wire: after each of them the end state equals that of a run without faults."""

from __future__ import annotations

import pytest

from fs_integration.errors import ForeignLinkRefused, ServiceUnavailable
from local.check import compare_stock, expected_stock

READ = {"system": "finops", "method": "GET", "path_regex": "/data/WarehousesOnHandV2", "nth": 1, "times": 1}
WRITE = {"system": "dataverse", "method": "POST", "path_regex": "UpsertMultiple", "nth": 1, "times": 1}


@pytest.mark.parametrize("place", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize(
    ("action", "args"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 429, "headers": {"Retry-After": "1"}}),
        ("drop_before", {}),
        ("drop_after_commit", {}),
        ("truncate", {}),
        ("html", {"status": 200}),
        ("expire_token", {}),
        ("delay", {"seconds": 0.3}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_that_time_heals_leaves_no_trace(ready, place, action, args):
    ready.faults({**place, "action": action, "args": args})
    books = ready.run("product_inventory")
    assert compare_stock(ready.sandbox).differences == []
    keys = [(row["msdynce_productnumber"], row["msdynce_warehouseid"])
            for row in ready.rows("dataverse", "msdynce_externalproductinventories")]  # fmt: skip
    assert len(keys) == len(set(keys))
    assert all(own.drift == own.missing == 0 for own in books)


def test_an_answer_lost_four_times_after_the_commit_still_has_one_effect(ready):
    ready.faults({**WRITE, "times": 4, "action": "drop_after_commit", "args": {}})
    ready.run("product_inventory")
    assert compare_stock(ready.sandbox).differences == []


@pytest.mark.parametrize("place", [
    READ, {"system": "dataverse", "method": "GET", "path_regex": r"/v9.2/products\?", "nth": 1, "times": 1},
], ids=["finops", "dataverse"])  # fmt: skip
def test_a_link_to_another_origin_is_refused_and_nothing_is_written(ready, place):
    ready.sandbox.control("POST", "/stats/reset")
    ready.sandbox.control("POST", "/limits", {"finops": {"page_size": 5}, "dataverse": {"page_size": 2}})
    ready.faults({**place, "action": "foreign_next_link", "args": {"host": "https://attacker.example"}})
    with pytest.raises(ForeignLinkRefused, match=r"attacker\.example"):
        ready.run("product_inventory")
    assert ready.written() == 0


def test_a_service_that_stays_down_ends_in_one_message_and_the_next_run_completes(impatient):
    impatient.faults({**WRITE, "times": 10_000, "action": "status", "args": {"status": 503}})
    with pytest.raises(ServiceUnavailable, match="503"):
        impatient.run("product_inventory", run_id="down")
    impatient.sandbox.control("DELETE", "/faults")
    impatient.run("product_inventory", run_id="down")
    assert compare_stock(impatient.sandbox).differences == []


def test_a_row_the_service_refuses_is_found_among_many_and_the_others_are_written(ready):
    """Two stock rows for one product and warehouse: Field Service's own logic refuses the level and its request."""
    stock = ready.rows("dataverse", "msdyn_productinventories")
    number, name = sorted(expected_stock(ready.sandbox))[0]
    product = next(row for row in ready.rows("dataverse", "products") if row["productnumber"] == number)
    warehouse = next(row for row in ready.rows("dataverse", "msdyn_warehouses") if row["msdyn_name"] == name)
    for digit in (1, 2):
        stock.append(
            {
                "msdyn_productinventoryid": f"00000000-0000-4000-8000-00000000000{digit}",
                "msdyn_product": product["productid"],
                "msdyn_warehouse": warehouse["msdyn_warehouseid"],
            }
        )
    ready.replace("dataverse", "msdyn_productinventories", stock)
    books = ready.run("product_inventory")
    held = ready.direct.ledger.open_quarantine()
    refused = held[(held["mapping"] == "product_inventory") & held["rule"].str.startswith("refused:")]
    assert len(refused) == 1
    assert sum(own.created for own in books) > 10
    assert all(own.read + own.generated == own.accounted for own in books)
