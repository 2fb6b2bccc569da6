"""Field Service inventory and the integration solution's tables around it (including external projects)."""

from __future__ import annotations

from sandbox.dataverse.columns import (
    QUANTITY_MAX,
    choice,
    lookup,
    memo,
    moment,
    number,
    options,
    table,
    text,
    whole,
    yes_no,
)
from sandbox.dataverse.schema import Key

POST_STATUS = options("msdynce_poststatus", {1: "Created", 2: "Posted"})
JOURNAL_TYPE = options(
    "msdyn_inventoryjournaltype", {690970000: "On Hand", 690970001: "On Order", 690970002: "Allocated"}
)
TRANSACTION_TYPE = options(
    "msdyn_inventorytransactiontype",
    {
        690970000: "Purchase Order Product",
        690970001: "Purchase Order Receipt",
        690970002: "WO Product",
        690970003: "Inventory Adjustment",
        690970004: "Inventory Transfer",
        690970005: "RMA Product",
        690970006: "Manual",
    },
)
PROJECT_STAGE = options("msdynce_externalproject_msdynce_projectstage", {1: "In process", 2: "Finished"}, shared=False)

_WAREHOUSE = table(
    "msdyn_warehouse",
    "msdyn_warehouses",
    text("msdyn_name", 100, "A"),
    memo("msdyn_description"),
    yes_no("msdynce_ismaintainedexternally"),
    display="Warehouse",
    primary_name="msdyn_name",
    owned=True,
    keys=(Key("msdynce_name", ("msdyn_name",)),),
    change_tracking=True,
)
_EXTERNAL_INVENTORY = table(
    "msdynce_externalproductinventory",
    "msdynce_externalproductinventories",
    text("msdynce_productnumber", 100),
    text("msdynce_warehouseid", 100),
    lookup("msdynce_product", "product", required="A"),
    lookup("msdynce_warehouse", "msdyn_warehouse", required="A"),
    number("msdynce_onhandquantity"),
    number("msdynce_onorderquantity"),
    number("msdynce_orderedquantity"),
    display="External Product Inventory",
    primary_name="msdynce_productnumber",
    keys=(Key("msdynce_productwarehouse", ("msdynce_productnumber", "msdynce_warehouseid")),),
    change_tracking=True,
)
_PRODUCT_INVENTORY = table(
    "msdyn_productinventory",
    "msdyn_productinventories",
    text("msdyn_name", 100),
    lookup("msdyn_product", "product", required="A", on_delete="Cascade"),
    lookup("msdyn_warehouse", "msdyn_warehouse", required="A", on_delete="Restrict"),
    lookup("msdyn_unit", "uom", required="A"),
    number("msdyn_qtyonhand"),
    number("msdyn_qtyallocated", 0.0),
    number("msdyn_qtyonorder", 0.0),
    number("msdyn_qtyavailable"),
    number("msdyn_reorderpoint", 0.0),
    text("msdyn_bin", 100),
    text("msdyn_row", 100),
    display="Product Inventory",
    primary_name="msdyn_name",
    indexes=(("msdyn_product", "msdyn_warehouse"),),
)
_JOURNAL = table(
    "msdyn_inventoryjournal",
    "msdyn_inventoryjournals",
    text("msdyn_name", 100),
    choice("msdyn_journaltype", JOURNAL_TYPE, "A"),
    choice("msdyn_transactiontype", TRANSACTION_TYPE, "A"),
    lookup("msdyn_product", "product", required="A"),
    lookup("msdyn_warehouse", "msdyn_warehouse", required="A"),
    lookup("msdyn_unit", "uom", required="A"),
    number("msdyn_quantity", required="A"),
    lookup("msdyn_inventoryadjustmentproduct", "msdyn_inventoryadjustmentproduct"),
    lookup("msdyn_workorderproduct", "msdyn_workorderproduct"),
    lookup("msdyn_allocatedtoworkorder", "msdyn_workorder"),
    lookup("msdyn_originatingjournal", "msdyn_inventoryjournal"),
    lookup("msdyn_purchaseorderproduct", "msdyn_purchaseorderproduct"),
    lookup("msdyn_purchaseorderreceiptproduct", "msdyn_purchaseorderreceiptproduct"),
    lookup("msdyn_rmareceiptproduct", "msdyn_rmareceiptproduct"),
    yes_no("msdyn_reversal"),
    display="Inventory Journal",
    primary_name="msdyn_name",
    owned=True,
)
_ADJUSTMENT = table(
    "msdyn_inventoryadjustment",
    "msdyn_inventoryadjustments",
    text("msdyn_name", 100, "R"),
    text("msdyn_autonumbering", 100),
    lookup("msdyn_warehouse", "msdyn_warehouse", required="A"),
    moment("msdyn_adjustmenttime"),
    lookup("msdyn_adjustedbyresource", "bookableresource"),
    lookup("msdyn_requestedbyresource", "bookableresource"),
    memo("msdyn_description"),
    choice("msdynce_poststatus", POST_STATUS, "A", default=1),
    display="Inventory Adjustment",
    primary_name="msdyn_name",
    owned=True,
    keys=(Key("msdynce_adjustmentno", ("msdyn_name",)),),
)
_TRANSFER = table(
    "msdyn_inventorytransfer",
    "msdyn_inventorytransfers",
    text("msdyn_name", 100, "R"),
    lookup("msdyn_sourcewarehouse", "msdyn_warehouse", required="A"),
    lookup("msdyn_destinationwarehouse", "msdyn_warehouse", required="A"),
    moment("msdyn_transfertime"),
    lookup("msdyn_transferredbyresource", "bookableresource"),
    memo("msdyn_description"),
    choice("msdynce_poststatus", POST_STATUS, "A", default=1),
    display="Inventory Transfer",
    primary_name="msdyn_name",
    owned=True,
    keys=(Key("msdynce_transferno", ("msdyn_name",)),),
)
_ADJUSTMENT_PRODUCT = table(
    "msdyn_inventoryadjustmentproduct",
    "msdyn_inventoryadjustmentproducts",
    text("msdyn_name", 100),
    lookup("msdyn_inventoryadjustment", "msdyn_inventoryadjustment", on_delete="Restrict"),
    lookup("msdyn_inventorytransfer", "msdyn_inventorytransfer", on_delete="Restrict"),
    lookup("msdyn_product", "product", required="A"),
    number("msdyn_quantity", -QUANTITY_MAX, QUANTITY_MAX, "A"),
    lookup("msdyn_unit", "uom", required="A"),
    text("msdynce_numbersequence", 100, "A"),
    display="Inventory Adjustment Product",
    primary_name="msdyn_name",
    owned=True,
    indexes=(("msdyn_inventoryadjustment",), ("msdyn_inventorytransfer",)),
)
_EXTERNAL_PROJECT = table(
    "msdynce_externalproject",
    "msdynce_externalprojects",
    text("msdynce_projectnumber", 100, "A"),
    text("msdynce_name", 100, "A"),
    choice("msdynce_projectstage", PROJECT_STAGE, "A"),
    lookup("msdynce_account", "account"),
    display="External Project",
    primary_name="msdynce_name",
    owned=True,
    keys=(Key("msdynce_projectnumber", ("msdynce_projectnumber",)),),
)
_AUTO_NUMBER = table(
    "msdynce_p2cautonumber",
    "msdynce_p2cautonumbers",
    text("msdynce_name", 100),
    text("msdynce_entityname", 100, "S"),
    text("msdynce_prefix", 3, "S"),
    whole("msdynce_numbersequence", 1, required="S"),
    whole("msdynce_suffixlength", 4, 6, "S"),
    display="P2C AutoNumber",
    primary_name="msdynce_name",
    owned=True,
    keys=(Key("msdynce_entityname", ("msdynce_entityname",)), Key("msdynce_prefix", ("msdynce_prefix",))),
)

TABLES = (
    _WAREHOUSE,
    _EXTERNAL_INVENTORY,
    _PRODUCT_INVENTORY,
    _JOURNAL,
    _ADJUSTMENT,
    _TRANSFER,
    _ADJUSTMENT_PRODUCT,
    _EXTERNAL_PROJECT,
    _AUTO_NUMBER,
)
