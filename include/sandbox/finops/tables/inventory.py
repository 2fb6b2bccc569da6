"""Inventory management: sites, warehouses and on-hand stock."""

from __future__ import annotations

from sandbox.finops.properties import entity, enum, real, text, yes_no
from sandbox.finops.schema import EnumType

WAREHOUSE_TYPE = EnumType(
    "InventLocationType",
    {"Standard": 0, "Quarantine": 1, "Transit": 2, "ITMGIT": 10, "ITMUnder": 11, "GoodsInRoute_RU": 101},
)

SITES = entity(
    "OperationalSite",
    "OperationalSites",
    text("SiteId", 10, required=True, editable=False),
    text("SiteName", 60),
    key=("SiteId",),
    label="Sites",
    target="InventOperationalSiteEntity",
    backing=("InventSite", "Sites"),
    dependents=(("Warehouses", "OperationalSiteId"), ("WarehousesOnHandV2", "InventorySiteId")),
)
WAREHOUSES = entity(
    "Warehouse",
    "Warehouses",
    text("WarehouseId", 10, required=True, editable=False),
    # Longer than Field Service's column on purpose: what does not fit there has to be caught on the way.
    text("WarehouseName", 200),
    text("OperationalSiteId", 10, required=True),
    enum("WarehouseType", WAREHOUSE_TYPE),
    yes_no("IsPrimaryAddressAssigned", creatable=False, editable=False),
    text("PrimaryAddressStreet", 250),
    text("PrimaryAddressCity", 60),
    text("PrimaryAddressStateId", 10),
    text("PrimaryAddressZipCode", 10),
    text("PrimaryAddressCountryRegionId", 10),
    text("FormattedPrimaryAddress", 250, creatable=False, editable=False),
    yes_no("AreAdvancedWarehouseManagementProcessesEnabled"),
    yes_no("IsFallbackWarehouse"),
    text("TransitWarehouseId", 10),
    text("QuarantineWarehouseId", 10),
    text("MainRefillingWarehouseId", 10),
    yes_no("IsWarehouseExternallyManaged"),
    key=("WarehouseId",),
    label="Warehouses",
    target="InventWarehouseEntity",
    backing=("InventLocation", "Warehouses"),
    dependents=(("WarehousesOnHandV2", "InventoryWarehouseId"),),
    change_tracking=True,
)
ON_HAND = entity(
    "WarehouseOnHandV2",
    "WarehousesOnHandV2",
    text("ItemNumber", 20),
    text("ProductColorId", 10),
    text("ProductConfigurationId", 50),
    text("ProductSizeId", 10),
    text("ProductStyleId", 10),
    text("ProductVersionId", 10),
    text("InventorySiteId", 10),
    text("InventoryWarehouseId", 10),
    text("ProductName", 250),
    real("OnHandQuantity"),
    real("OnOrderQuantity"),
    real("OrderedQuantity"),
    real("AvailableOnHandQuantity"),
    real("AvailableOrderedQuantity"),
    real("ReservedOnHandQuantity"),
    real("ReservedOrderedQuantity"),
    real("TotalAvailableQuantity"),
    yes_no("AreWarehouseManagementProcessesUsed"),
    key=(
        "ItemNumber",
        "ProductColorId",
        "ProductConfigurationId",
        "ProductSizeId",
        "ProductStyleId",
        "ProductVersionId",
        "InventorySiteId",
        "InventoryWarehouseId",
    ),
    label="Inventory on-hand by warehouse V2",
    target="InventWarehouseOnHandV2Entity",
    backing=("InventSum", "On-hand inventory"),
    read_only=True,
    change_tracking=True,
)

ENTITIES = (SITES, WAREHOUSES, ON_HAND)
