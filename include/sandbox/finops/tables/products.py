"""Product information management: released products and units."""

from __future__ import annotations

from sandbox.finops.properties import entity, enum, real, text, whole, yes_no
from sandbox.finops.schema import EnumType

PRODUCT_TYPE = EnumType("EcoResProductType", {"Item": 1, "Service": 2})
FIELD_SERVICE_TYPE = EnumType(
    "EcoResFieldServiceProductType", {"Inventory": 0, "NonInventory": 1, "Service": 2, "NotAvailable": 3}
)
UNIT_CLASS = EnumType(
    "UnitOfMeasureClass",
    {"Undefined": 0, "Quantity": 1, "Length": 2, "Area": 3, "LiquidVolume": 4, "DryVolume": 5, "Mass": 6, "Time": 7},
)

SELLABLE = entity(
    "SellableReleasedProduct",
    "SellableReleasedProducts",
    text("ProductNumber", 70, required=True, editable=False),
    text("ProductName", 250),
    text("ProductDescription", 1000),
    enum("ProductType", PRODUCT_TYPE),
    yes_no("IsStockedProduct"),
    enum("FieldServiceProductType", FIELD_SERVICE_TYPE),
    text("SalesUnitSymbol", 10),
    text("InventoryUnitSymbol", 10),
    whole("SalesUnitDecimalPrecision"),
    whole("InventoryUnitDecimalPrecision"),
    real("SalesPrice"),
    real("UnitCost"),
    text("CurrencyCode", 3),
    yes_no("IsSalesStopped"),
    key=("ProductNumber",),
    label="Sellable released products",
    target="EcoResSellableReleasedProductEntity",
    backing=("InventTable", "Released products"),
    read_only=True,
    change_tracking=True,
)
DISTINCT = entity(
    "CDSReleasedDistinctProduct",
    "CDSReleasedDistinctProducts",
    text("ProductNumber", 70, required=True, editable=False),
    text("ItemNumber", 20),
    text("ProductName", 250),
    text("ProductDescription", 1000),
    enum("ProductType", PRODUCT_TYPE),
    text("ProductColorId", 10),
    text("ProductConfigurationId", 50),
    text("ProductSizeId", 10),
    text("ProductStyleId", 10),
    text("ProductVersionId", 10),
    text("InventoryUnitSymbol", 10),
    text("SalesUnitSymbol", 10),
    text("CurrencyCode", 3),
    whole("InventoryUnitDecimalPrecision"),
    whole("SalesUnitDecimalPrecision"),
    real("SalesPrice"),
    real("UnitCost"),
    yes_no("IsStockedProduct"),
    yes_no("IsCatchWeightProduct"),
    enum("FieldServiceProductType", FIELD_SERVICE_TYPE),
    key=("ProductNumber",),
    label="CDS released distinct products",
    target="EcoResReleasedDistinctProductCDSEntity",
    backing=("InventTable", "Released products"),
    read_only=True,
    change_tracking=True,
)
UNITS = entity(
    "UnitOfMeasure",
    "UnitsOfMeasure",
    text("UnitSymbol", 10, required=True, editable=False),
    text("UnitDescription", 60),
    enum("UnitClass", UNIT_CLASS),
    whole("DecimalPrecision"),
    yes_no("IsBaseUnit"),
    yes_no("IsSystemUnit"),
    yes_no("IsFixedUnitSymbolAssigned"),
    key=("UnitSymbol",),
    label="Units",
    target="UnitOfMeasureEntity",
    backing=("UnitOfMeasure", "Units"),
    company=False,
)

ENTITIES = (SELLABLE, DISTINCT, UNITS)
