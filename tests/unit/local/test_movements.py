"""The demo's check of movements: Field Service's stock is what it was, plus what moved in both systems."""

from __future__ import annotations

import pytest

from local.movements import Movements

DIMENSIONS = ("ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId")
PRODUCT = {"productid": "p", "productnumber": "P1", "msdyn_fieldserviceproducttype": 690970000}
WAREHOUSE = {"msdyn_warehouseid": "w", "msdyn_name": "11", "msdynce_ismaintainedexternally": True}
ITEM = {"dataAreaId": "usmf", "ItemNumber": "P1", **dict.fromkeys(DIMENSIONS, "")}


def set_stock(tables, *, field_service: float, supply_chain: float) -> None:
    stock = {"msdyn_product": "p", "msdyn_warehouse": "w", "msdyn_qtyonhand": field_service}
    on_hand = {"OnHandQuantity": supply_chain, "OnOrderQuantity": 0, "OrderedQuantity": 0}
    tables.rows |= {
        "products": [PRODUCT],
        "msdyn_warehouses": [WAREHOUSE],
        "msdyn_productinventories": [stock],
        "CDSReleasedDistinctProducts": [{**ITEM, "ProductNumber": "P1"}],
        "WarehousesOnHandV2": [{**ITEM, "InventoryWarehouseId": "11", **on_hand}],
    }


@pytest.fixture
def moved(tables) -> Movements:
    """Ten pieces at first; a technician finds two more, and Supply Chain Management receives five."""
    set_stock(tables, field_service=10, supply_chain=10)
    movements = Movements(tables)
    set_stock(tables, field_service=12, supply_chain=15)
    movements.note()
    return movements


def test_both_movements_arrived(tables, moved):
    set_stock(tables, field_service=17, supply_chain=17)
    assert (moved.compare().pairs, moved.compare().differences) == (1, [])


@pytest.mark.parametrize("stock", [15, 12, 19, 10])
def test_equal_stock_with_a_movement_lost_or_counted_twice_is_told(tables, moved, stock):
    set_stock(tables, field_service=stock, supply_chain=stock)
    (difference,) = moved.compare().differences
    assert difference == f"('P1', '11'): 17.00 on hand after all movements, is {stock}.00"


@pytest.mark.parametrize(
    ("origin", "status", "compared"),
    [
        ("WorkOrderIntegration", "Backorder", False),
        ("WorkOrderIntegration", "Invoiced", True),
        ("SalesOrderIntegration", "Backorder", True),
    ],
)
def test_only_undelivered_lines_of_work_orders_excuse_a_difference(tables, moved, origin, status, compared):
    set_stock(tables, field_service=15, supply_chain=15)
    line = {"ProductNumber": "P1", "ShippingWarehouseId": "11", "SalesOrderOriginType": origin}
    tables.rows["CDSSalesOrderLines"] = [{**line, "SalesOrderLineStatus": status}]
    check = moved.compare()
    assert (check.undelivered, len(check.differences)) == ((0, 1) if compared else (1, 0))
