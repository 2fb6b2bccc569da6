"""Accounts receivable: customers."""

from __future__ import annotations

from sandbox.finops.properties import entity, real, text, yes_no

_ADDRESS = (
    ("Street", 250), ("City", 60), ("County", 10), ("State", 10), ("ZipCode", 10), ("CountryRegionId", 10),
    ("CountryRegionISOCode", 10), ("Description", 60),
)  # fmt: skip

CUSTOMERS = entity(
    "CustomerV2",
    "CustomersV2",
    text("CustomerAccount", 20, required=True, editable=False),
    text("PartyType", 20, required=True, editable=False),
    text("OrganizationName", 100),
    text("NameAlias", 20),
    text("CustomerGroupId", 10, required=True),
    text("SalesCurrencyCode", 3),
    text("SiteId", 10),
    text("WarehouseId", 10),
    text("LanguageId", 7),
    yes_no("IsExternallyMaintained"),
    *(
        text(f"{role}{part}", length)
        for role in ("Address", "DeliveryAddress", "InvoiceAddress")
        for part, length in _ADDRESS
    ),
    text("AddressLocationRoles", 100),
    text("PrimaryContactPhone", 255),
    text("PrimaryContactEmail", 255),
    text("PrimaryContactFax", 255),
    text("PrimaryContactURL", 255),
    text("SalesMemo", 4000),
    text("InvoiceAccount", 20),
    text("PartyNumber", 40, creatable=False, editable=False),
    text("ContactPersonId", 20),
    real("CreditLimit"),
    text("PaymentTerms", 10),
    text("PaymentMethod", 10),
    text("DeliveryTerms", 10),
    text("DeliveryMode", 10),
    key=("CustomerAccount",),
    label="Customers V2",
    target="CustCustomerV2Entity",
    backing=("CustTable", "Customers"),
    change_tracking=True,
)

ENTITIES = (CUSTOMERS,)
