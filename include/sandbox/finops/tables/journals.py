"""Inventory management: adjustment and transfer journals."""

from __future__ import annotations

from typing import Any

from sandbox.finops.properties import day, entity, enum, moment, real, text, yes_no
from sandbox.finops.schema import Entity, EnumType, Property

RESERVATION = EnumType("ItemReservation", {"None": 0, "Automatic": 1, "Explosion": 2})
DETAIL = EnumType("DetailSummary", {"Detail": 0, "Summary": 1})
DIMENSIONS = ("ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId")
PLACES = ("ItemBatchNumber", "ItemSerialNumber", "WarehouseLocationId", "LicensePlateNumber", "InventoryStatusId")
_COMPUTED: dict[str, Any] = {"creatable": False, "editable": False}


def _headers(name: str, collection: str, label: str, target: str, lines: str) -> Entity:
    return entity(
        name, collection,
        text("JournalNumber", 10, required=True, editable=False),
        text("JournalNameId", 10),
        text("Description", 60),
        text("DefaultInventorySiteId", 10),
        text("DefaultWarehouseId", 10),
        enum("ReservationMode", RESERVATION),
        enum("PostingDetailLevel", DETAIL),
        text("VoucherNumberSequenceCode", 10),
        yes_no("AreLinesDeletedAfterPosting"),
        yes_no("IsPosted", **_COMPUTED),
        moment("PostedDateTime", **_COMPUTED),
        text("PostedUserId", 20, **_COMPUTED),
        key=("JournalNumber",), label=label, target=target, backing=("InventJournalTable", "Inventory journals"),
        dependents=((lines, "JournalNumber"),),
    )  # fmt: skip


def _dimensions(prefix: str = "", **more: Any) -> tuple[Property, ...]:
    return tuple(text(f"{prefix}{name}", 50 if "Configuration" in name else 10, **more) for name in DIMENSIONS)


def _places(prefix: str = "", **more: Any) -> tuple[Property, ...]:
    return tuple(text(f"{prefix}{name}", 25, **more) for name in PLACES)


ADJUSTMENT_HEADERS = _headers(
    "InventoryAdjustmentJournalHeader", "InventoryAdjustmentJournalHeaders", "Inventory adjustment headers",
    "InventInventoryAdjustmentJournalHeaderEntity", "InventoryAdjustmentJournalEntriesV2",
)  # fmt: skip
TRANSFER_HEADERS = _headers(
    "InventoryTransferJournalHeader", "InventoryTransferJournalHeaders", "Inventory transfer headers",
    "InventInventoryTransferJournalHeaderEntity", "InventoryTransferJournalEntries",
)  # fmt: skip
ADJUSTMENT_LINES = entity(
    "InventoryAdjustmentJournalEntryV2",
    "InventoryAdjustmentJournalEntriesV2",
    text("JournalNumber", 10, required=True, editable=False),
    text("ItemNumber", 20, required=True, editable=False),
    *_dimensions(editable=False),
    text("InventorySiteId", 10, editable=False),
    text("InventoryWarehouseId", 10, editable=False),
    *_places(editable=False),
    real("LineNumber", editable=False),
    text("JournalNameId", 10),
    day("TransactionDate"),
    real("InventoryQuantity"),
    real("CatchWeightQuantity"),
    real("UnitCost"),
    real("UnitCostQuantity"),
    real("CostAmount"),
    real("FixedCostCharges"),
    text("DefaultLedgerDimensionDisplayValue", 500),
    key=(
        "JournalNumber", "ItemNumber", *DIMENSIONS, "InventorySiteId", "InventoryWarehouseId", *PLACES, "LineNumber",
    ),
    label="Inventory adjustment journal headers and lines V2",
    target="InventInventoryAdjustmentJournalEntryV2Entity",
    backing=("InventJournalTrans", "Inventory journal lines"),
)  # fmt: skip
TRANSFER_LINES = entity(
    "InventoryTransferJournalEntry",
    "InventoryTransferJournalEntries",
    text("JournalNumber", 10, required=True, editable=False),
    real("LineNumber", editable=False),
    text("JournalNameId", 10),
    text("ItemNumber", 20, required=True),
    day("TransactionDate"),
    real("InventoryQuantity"),
    real("CatchWeightQuantity"),
    real("UnitCostQuantity"),
    *(
        item
        for side in ("Source", "Destination")
        for item in (
            text(f"{side}InventorySiteId", 10), text(f"{side}WarehouseId", 10), *_dimensions(side), *_places(side),
            text(f"{side}InventoryOwnerId", 20),
        )
    ),
    text("DefaultLedgerDimensionDisplayValue", 500),
    key=("JournalNumber", "LineNumber"),
    label="Inventory transfer journal headers and lines",
    target="InventInventoryTransferJournalEntryEntity",
    backing=("InventJournalTrans", "Inventory journal lines"),
)  # fmt: skip

ENTITIES = (ADJUSTMENT_HEADERS, ADJUSTMENT_LINES, TRANSFER_HEADERS, TRANSFER_LINES)
