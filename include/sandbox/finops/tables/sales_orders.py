"""Sales and marketing: the sales orders of external systems, and the codes that say where an order came from."""

from __future__ import annotations

from typing import Any

from sandbox.finops.properties import day, entity, enum, moment, real, text, whole, yes_no
from sandbox.finops.schema import EnumType, Property

ORIGIN_TYPE = EnumType("SalesOriginType", {"NotSpecified": 0, "SalesOrderIntegration": 1, "WorkOrderIntegration": 2})
WORK_ORDER_STATUS = EnumType(
    "SalesExternalWorkOrderStatus",
    {
        "OpenUnscheduled": 0, "OpenScheduled": 1, "OpenInProgress": 2, "OpenCompleted": 3, "ClosedPosted": 4,
        "ClosedCanceled": 5,
    },
)  # fmt: skip
ORDER_STATUS = EnumType("SalesStatus", {"None": 0, "Backorder": 1, "Delivered": 2, "Invoiced": 3, "Canceled": 4})
PROCESSING_STATUS = EnumType(
    "SalesOrderProcessingStatus",
    {
        "Active": 0, "Confirmed": 1, "Picked": 2, "PartiallyDelivered": 3, "Delivered": 4, "Invoiced": 5,
        "PartiallyInvoiced": 6, "Canceled": 7, "DeliveredPartiallyInvoiced": 8,
    },
)  # fmt: skip
_COMPUTED: dict[str, Any] = {"creatable": False, "editable": False}


def _address() -> tuple[Property, ...]:
    parts = (
        ("Name", 60), ("Description", 60), ("Street", 250), ("StreetNumber", 20), ("City", 60), ("CountyId", 10),
        ("StateId", 10), ("ZipCode", 10), ("CountryRegionId", 10), ("CountryRegionISOCode", 10),
    )  # fmt: skip
    return tuple(text(f"DeliveryAddress{part}", length) for part, length in parts)


def _dates() -> tuple[Property, ...]:
    names = ("RequestedShippingDate", "RequestedReceiptDate", "ConfirmedShippingDate", "ConfirmedReceiptDate")
    return tuple(day(name) for name in names)


HEADERS = entity(
    "CDSSalesOrderHeader",
    "CDSSalesOrderHeaders",
    text("SalesOrderNumber", 20, required=True, editable=False),
    text("SalesOrderName", 60),
    text("OrderingCustomerAccountNumber", 20, required=True),
    text("InvoiceCustomerAccountNumber", 20),
    text("CurrencyCode", 3),
    text("ProjectId", 20),
    enum("SalesOrderOriginType", ORIGIN_TYPE),
    text("SalesOrderOriginCode", 10),
    enum("ExternalWorkOrderStatus", WORK_ORDER_STATUS),
    *_dates(),
    day("PaymentTermsBaseDate"),
    text("DefaultShippingSiteId", 10),
    text("DefaultShippingWarehouseId", 10),
    text("CustomersOrderReference", 60),
    text("CustomerRequisitionNumber", 60),
    yes_no("IsDeliveryAddressOrderSpecific"),
    *_address(),
    text("LanguageId", 7),
    text("Email", 255),
    yes_no("IsSalesProcessingStopped"),
    real("TotalDiscountAmount"),
    real("OrderTotalAmount", **_COMPUTED),
    enum("SalesOrderStatus", ORDER_STATUS, default="Backorder", **_COMPUTED),
    enum("SalesOrderProcessingStatus", PROCESSING_STATUS, **_COMPUTED),
    yes_no("OrderingCustomerIsExternallyMaintained", **_COMPUTED),
    moment("OrderCreationDateTime", **_COMPUTED),
    key=("SalesOrderNumber",),
    label="CDS sales order headers",
    target="SalesOrderHeaderCDSEntity",
    backing=("SalesTable", "Sales orders"),
    change_tracking=True,
    dependents=(("CDSSalesOrderLines", "SalesOrderNumber"),),
)
LINES = entity(
    "CDSSalesOrderLine",
    "CDSSalesOrderLines",
    text("SalesOrderNumber", 20, required=True, editable=False),
    whole("LineCreationSequenceNumber", editable=False),
    text("ProductNumber", 70, required=True),
    text("LineDescription", 1000),
    real("OrderedSalesQuantity"),
    text("SalesUnitSymbol", 10),
    real("SalesPrice"),
    real("SalesPriceQuantity"),
    real("LineAmount"),
    real("TotalDiscountAmount"),
    real("LineDiscountAmount"),
    real("LineDiscountPercentage"),
    real("FixedPriceCharges"),
    text("ShippingWarehouseId", 10),
    text("ShippingSiteId", 10),
    *_dates(),
    text("ProjectId", 20),
    text("ProjectCategoryId", 30),
    text("ProjectLinePropertyId", 30),
    yes_no("IsLineStopped"),
    text("ProductName", 250, **_COMPUTED),
    text("CurrencyCode", 3, **_COMPUTED),
    enum("SalesOrderLineStatus", ORDER_STATUS, default="Backorder", **_COMPUTED),
    enum("SalesOrderOriginType", ORIGIN_TYPE, **_COMPUTED),
    real("PickedQuantity", **_COMPUTED),
    key=("SalesOrderNumber", "LineCreationSequenceNumber"),
    label="CDS sales order lines",
    target="SalesOrderLineCDSEntity",
    backing=("SalesLine", "Sales order lines"),
    change_tracking=True,
)
ORIGINS = entity(
    "SalesOrderOriginCode",
    "SalesOrderOriginCodes",
    text("OriginCode", 10, required=True, editable=False),
    text("OriginDescription", 60),
    yes_no("IsOriginTypeAssigned"),
    enum("OriginType", ORIGIN_TYPE),
    key=("OriginCode",),
    label="Sales origin codes",
    target="SalesOrderOriginEntity",
    backing=("SalesOrigin", "Sales origin"),
)

ENTITIES = (HEADERS, LINES, ORIGINS)
