"""Small mapping tasks, tables and frames: each builder gives something valid and takes only what a test is about."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from fs_integration.frames import frame_of
from fs_integration.spec.mapping import MappingTask
from fs_integration.spec.metadata import Column, ColumnKind, EntityMetadata
from fs_integration.transform.shape import Shaped, shape

TEXT, INTEGER, DECIMAL = ColumnKind.TEXT, ColumnKind.INTEGER, ColumnKind.DECIMAL
BOOLEAN, LOOKUP, ID, OPTION = ColumnKind.BOOLEAN, ColumnKind.LOOKUP, ColumnKind.ID, ColumnKind.OPTION


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def a_table(**kinds: ColumnKind | Column) -> EntityMetadata:
    """A Dataverse table ``things`` with a text key ``key`` and these columns."""
    columns = {name: kind if isinstance(kind, Column) else Column(name=name, kind=kind) for name, kind in kinds.items()}
    columns.setdefault("key", Column(name="key", kind=TEXT, max_length=20))
    return EntityMetadata(
        system="dataverse", name="things", logical_name="thing", primary_id="thingid",
        keys={"key": ("key",)}, columns={"thingid": Column(name="thingid", kind=ID), **columns},
    )  # fmt: skip


def a_task(*fields: dict[str, Any], **changes: Any) -> MappingTask:
    """A task from F&O ``Things`` (key ``Id``) to ``things`` that copies the key and applies these field rules."""
    task: dict[str, Any] = {
        "name": "things", "title": "Things",
        "source": {"system": "finance_operations", "entity": "Things", "key": ["Id"], **changes.pop("source", {})},
        "target": {"system": "dataverse", "table": "things", "key": ["key"], **changes.pop("target", {})},
        "fields": [{"from": "Id", "to": "key"}, *fields],
    }  # fmt: skip
    return MappingTask.model_validate({**task, **changes})


def a_frame(kinds: Mapping[str, ColumnKind] | None = None, **columns: list[Any]) -> pd.DataFrame:
    """A frame of these columns, text unless told otherwise."""
    return frame_of(columns, {name: (kinds or {}).get(name, TEXT) for name in columns})


def shape_things(
    raw: pd.DataFrame, task: MappingTask, target: EntityMetadata, *,
    value_maps: Mapping[str, dict[str, Any]] | None = None,
    references: Mapping[str, pd.DataFrame] | None = None, target_index: pd.DataFrame | None = None,
    refused: np.ndarray | None = None,
) -> Shaped:  # fmt: skip
    return shape(raw, task, value_maps=value_maps or {}, references=references or {}, target=target,
                 target_index=target_index, refused=refused)  # fmt: skip


def lines(shaped: Shaped, *columns: str) -> list[tuple[Any, ...]]:
    """The rejections as plain tuples of these columns."""
    return list(shaped.rejections[list(columns)].itertuples(index=False, name=None))


def values(shaped: Shaped, column: str) -> list[Any]:
    return [None if value is pd.NA else value for value in shaped.rows[column].tolist()]


# The on-hand area (Product Inventory, Supply Chain Management to Field Service) by the OData route.

DIMENSIONS = ("ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId")
QUANTITIES = {"OnHandQuantity": "msdynce_onhandquantity", "OnOrderQuantity": "msdynce_onorderquantity",
              "OrderedQuantity": "msdynce_orderedquantity"}  # fmt: skip


def on_hand_task() -> MappingTask:
    item_key = ["ItemNumber", *DIMENSIONS]
    return MappingTask.model_validate({
        "name": "product_inventory", "title": "Product inventory",
        "source": {
            "system": "finance_operations", "entity": "WarehousesOnHandV2", "key": [*item_key, "InventoryWarehouseId"],
            "enrich": [
                {"reference": "variants", "by": item_key, "add": {"ProductNumber": "ProductNumber"},
                 "otherwise": "reject"},
                {"reference": "warehouses", "by": ["InventoryWarehouseId"],
                 "add": {"External": "msdynce_ismaintainedexternally"},
                 "otherwise": "skip", "reason": "The warehouse is not in Field Service."},
            ],
            "group": {"by": ["ProductNumber", "InventoryWarehouseId"], "sum": list(QUANTITIES)},
            "keep": [{"field": "External", "is": True, "reason": "The warehouse is not maintained externally."}],
        },
        "references": {
            "variants": {"system": "finance_operations", "entity": "CDSReleasedDistinctProducts", "key": item_key,
                         "take": ["ProductNumber"], "same_company": True},
            "products": {"system": "dataverse", "entity": "products", "key": ["productnumber"], "take": ["productid"]},
            "warehouses": {"system": "dataverse", "entity": "msdyn_warehouses", "key": ["msdyn_name"],
                           "take": ["msdyn_warehouseid", "msdynce_ismaintainedexternally"]},
        },
        "target": {"system": "dataverse", "table": "msdynce_externalproductinventories",
                   "key": ["msdynce_productnumber", "msdynce_warehouseid"]},
        "fields": [
            {"from": "ProductNumber", "to": "msdynce_productnumber"},
            {"from": "InventoryWarehouseId", "to": "msdynce_warehouseid"},
            {"from": "ProductNumber", "to": "msdynce_product", "lookup": {"reference": "products", "take": "productid"},
             "otherwise": "block"},
            {"from": "InventoryWarehouseId", "to": "msdynce_warehouse",
             "lookup": {"reference": "warehouses", "take": "msdyn_warehouseid"}, "otherwise": "block"},
            {"from": "OnHandQuantity", "to": "msdynce_onhandquantity", "round": 2, "required": True},
            {"from": "OnOrderQuantity", "to": "msdynce_onorderquantity", "round": 2, "clamp": {"min": 0},
             "required": True},
            {"from": "OrderedQuantity", "to": "msdynce_orderedquantity", "round": 2, "clamp": {"min": 0},
             "required": True},
        ],
    })  # fmt: skip


def on_hand_table() -> EntityMetadata:
    bounds = {"precision": 2, "minimum": Decimal(-(10**9)), "maximum": Decimal(10**9)}
    columns = [
        Column(name="msdynce_externalproductinventoryid", kind=ID),
        Column(name="msdynce_productnumber", kind=TEXT, max_length=100),
        Column(name="msdynce_warehouseid", kind=TEXT, max_length=100),
        Column(name="msdynce_product", kind=LOOKUP, required=True),
        Column(name="msdynce_warehouse", kind=LOOKUP, required=True),
        *[Column(name=name, kind=DECIMAL, **bounds) for name in QUANTITIES.values()],
    ]
    return EntityMetadata(
        system="dataverse", name="msdynce_externalproductinventories", logical_name="msdynce_externalproductinventory",
        primary_id="msdynce_externalproductinventoryid", columns={column.name: column for column in columns},
        keys={"msdynce_productwarehouse": ("msdynce_productnumber", "msdynce_warehouseid")},
    )  # fmt: skip


def on_hand_rows(rows: int, *, warehouses: int = 20) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """On-hand rows with the references they need: one row per variant and warehouse, 50 variants of an item."""
    variants = max(rows // warehouses, 1)
    at = np.arange(rows) // warehouses
    store = np.arange(rows) % warehouses
    raw = a_frame(
        {name: DECIMAL for name in QUANTITIES},
        ItemNumber=[f"D{n // 50:06}" for n in at], ProductColorId=[f"C{n % 10}" for n in at],
        ProductSizeId=[f"S{n % 50 // 10}" for n in at],
        **{name: [""] * rows for name in DIMENSIONS if name not in ("ProductColorId", "ProductSizeId")},
        InventoryWarehouseId=[f"W{n:02}" for n in store],
        OnHandQuantity=[Decimal(int(n)) / 8 for n in at],
        OnOrderQuantity=[Decimal(int(n) - 5) / 16 for n in store],
        OrderedQuantity=[Decimal(0)] * rows,
    )  # fmt: skip
    numbers = np.arange(max(variants, 1) + 1)
    references = {
        "variants": a_frame(
            ItemNumber=[f"D{n // 50:06}" for n in numbers], ProductColorId=[f"C{n % 10}" for n in numbers],
            ProductSizeId=[f"S{n % 50 // 10}" for n in numbers],
            **{name: [None] * len(numbers) for name in DIMENSIONS if name not in ("ProductColorId", "ProductSizeId")},
            ProductNumber=[f"P{n:06}" for n in numbers],
        ),
        "products": a_frame(
            {"productid": ID}, productnumber=[f"P{n:06}" for n in numbers], productid=[guid(n) for n in numbers],
        ),
        "warehouses": a_frame(
            {"msdyn_warehouseid": ID, "msdynce_ismaintainedexternally": BOOLEAN},
            msdyn_name=[f"W{n:02}" for n in range(warehouses)],
            msdyn_warehouseid=[guid(n) for n in range(warehouses)], msdynce_ismaintainedexternally=[True] * warehouses,
        ),
    }  # fmt: skip
    return raw, references
