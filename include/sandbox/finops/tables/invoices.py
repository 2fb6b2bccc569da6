"""Accounts receivable: free text invoices of external systems."""

from __future__ import annotations

from typing import Any

from sandbox.finops.properties import day, entity, enum, real, text, whole, yes_no
from sandbox.finops.schema import EnumType

# The documents give one member; that unset is another one, with the value 0, is [inferred].
INVOICE_ORIGIN = EnumType("CustomerInvoiceOriginType", {"NotSpecified": 0, "AgreementInvoiceIntegration": 1})
_COMPUTED: dict[str, Any] = {"creatable": False, "editable": False}

HEADERS = entity(
    "CDSFreeTextInvoiceHeader",
    "CDSFreeTextInvoiceHeaders",
    text("ExternalInvoiceId", 100, required=True, editable=False),
    text("CustomerAccount", 20, required=True),
    text("InvoiceAccount", 20),
    text("CurrencyCode", 3),
    day("InvoiceDate"),
    day("DueDate"),
    day("DocumentDate"),
    day("CashDiscountDate"),
    day("PaymentTermsBaseDate"),
    enum("InvoiceOriginType", INVOICE_ORIGIN),
    text("CustomerReference", 60),
    text("CustomerRequisition", 60),
    text("FreeTextNumber", 20, **_COMPUTED),
    text("InvoiceName", 100),
    text("LanguageId", 7),
    text("CustomerGroup", 10),
    text("TermsOfPayment", 10),
    text("MethodOfPayment", 10),
    text("SalesTaxGroupId", 10),
    text("SalesTaxItemGroupId", 10),
    yes_no("InclTax"),
    whole("PaymentTermsBaseDays"),
    yes_no("IsPosted", **_COMPUTED),
    key=("ExternalInvoiceId",),
    label="CDS customer free text invoice headers",
    target="FreeTextInvoiceHeaderCDSEntity",
    backing=("CustInvoiceTable", "Free text invoices"),
    change_tracking=True,
    dependents=(("CDSFreeTextInvoiceLines", "ExternalInvoiceId"),),
)
LINES = entity(
    "CDSFreeTextInvoiceLine",
    "CDSFreeTextInvoiceLines",
    text("ExternalInvoiceId", 100, required=True, editable=False),
    real("LineNumber", editable=False),
    text("MainAccountDisplayValue", 500, required=True),
    text("Description", 60),
    text("InvoiceText", 1000),
    real("Quantity"),
    real("UnitPrice"),
    real("TransactionCurrencyAmount"),
    text("SalesTaxGroupId", 10),
    text("SalesTaxItemGroupId", 10),
    key=("ExternalInvoiceId", "LineNumber"),
    label="CDS customer free text invoice lines",
    target="FreeTextInvoiceLineCDSEntity",
    backing=("CustInvoiceLine", "Free text invoice lines"),
    change_tracking=True,
)

ENTITIES = (HEADERS, LINES)
