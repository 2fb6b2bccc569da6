"""Standard business tables: currencies, units, price lists, products, accounts, contacts, invoices."""

from __future__ import annotations

from sandbox.dataverse.columns import (
    choice,
    decimal,
    lookup,
    memo,
    moment,
    money,
    options,
    table,
    text,
    whole,
    yes_no,
)
from sandbox.dataverse.schema import Column, Key

FIELD_SERVICE_PRODUCT_TYPE = options(
    "msdyn_fieldserviceproducttype", {690970000: "Inventory", 690970001: "Non-Inventory", 690970002: "Service"}
)
PRODUCT_TYPE = options(
    "product_producttypecode",
    {1: "Sales Inventory", 2: "Miscellaneous Charges", 3: "Services", 4: "Flat Fees"},
    shared=False,
)
PRODUCT_STRUCTURE = options(
    "product_productstructure", {1: "Product", 2: "Product Family", 3: "Product Bundle"}, shared=False
)
PRODUCT_STATE = options("product_statecode", {0: "Active", 1: "Retired", 2: "Draft", 3: "Under Revision"}, shared=False)
PRODUCT_STATUS = options(
    "product_statuscode",
    {1: "Active", 2: "Retired", 0: "Draft", 3: "Under Revision"},
    shared=False,
    states={1: 0, 2: 1, 0: 2, 3: 3},
)
CUSTOMER_TYPE = options(
    "account_customertypecode",
    {
        1: "Competitor",
        2: "Consultant",
        3: "Customer",
        4: "Investor",
        5: "Partner",
        6: "Influencer",
        7: "Press",
        8: "Prospect",
        9: "Reseller",
        10: "Supplier",
        11: "Vendor",
        12: "Other",
    },
    shared=False,
)
INVOICE_STATE = options(
    "invoice_statecode", {0: "Active", 1: "Closed (deprecated)", 2: "Paid", 3: "Canceled"}, shared=False
)
# Which status belongs to which state is [inferred] from the labels; the values are documented.
INVOICE_STATUS = options(
    "invoice_statuscode",
    {
        1: "New",
        2: "Partially Shipped",
        3: "Canceled (deprecated)",
        4: "Billed",
        5: "Booked",
        6: "Installed",
        7: "Paid in Full (deprecated)",
        100001: "Complete",
        100002: "Partial",
        100003: "Canceled",
    },
    shared=False,
    states={1: 0, 2: 0, 4: 0, 5: 0, 6: 0, 3: 1, 7: 1, 100001: 2, 100002: 2, 100003: 3},
)


def _address(prefix: str) -> list[Column]:
    """Give the columns of one address block of an account."""
    lengths = {
        "line1": 250,
        "line2": 250,
        "line3": 250,
        "city": 80,
        "county": 50,
        "stateorprovince": 50,
        "country": 80,
        "postalcode": 20,
    }
    return [text(f"{prefix}_{name}", length) for name, length in lengths.items()]


_CURRENCY = table(
    "transactioncurrency",
    "transactioncurrencies",
    text("isocurrencycode", 5, "S", updatable=False),
    text("currencyname", 100, "S"),
    text("currencysymbol", 10),
    whole("currencyprecision", 0, 4),
    decimal("exchangerate", 10),
    display="Currency",
    primary_name="currencyname",
)
_UNITS = (
    table(
        "uomschedule",
        "uomschedules",
        text("name", 200, "S"),
        text("baseuomname", 100, updatable=False),
        memo("description"),
        display="Unit Group",
        primary_name="name",
    ),
    table(
        "uom",
        "uoms",
        text("name", 100, "S"),
        lookup("uomscheduleid", "uomschedule", updatable=False, on_delete="Restrict"),
        lookup("baseuom", "uom"),
        decimal("quantity", 10),
        yes_no("isschedulebaseuom", creatable=False, updatable=False),
        display="Unit",
        primary_name="name",
    ),
)
_PRICES = (
    table(
        "pricelevel",
        "pricelevels",
        text("name", 100, "S"),
        lookup("transactioncurrencyid", "transactioncurrency"),
        moment("begindate", date_only=True),
        moment("enddate", date_only=True),
        memo("description"),
        display="Price List",
        primary_name="name",
    ),
    table(
        "productpricelevel",
        "productpricelevels",
        money("amount"),
        lookup("pricelevelid", "pricelevel", required="A", on_delete="Cascade"),
        lookup("productid", "product", required="A", on_delete="Cascade"),
        lookup("uomid", "uom", required="A"),
        lookup("transactioncurrencyid", "transactioncurrency"),
        display="Price List Item",
        indexes=(("productid", "pricelevelid", "uomid"),),
    ),
)
_PRODUCT = table(
    "product",
    "products",
    text("productnumber", 100, "S"),
    text("name", 100, "S"),
    memo("description"),
    lookup("defaultuomscheduleid", "uomschedule", required="A"),
    lookup("defaultuomid", "uom", required="A"),
    whole("quantitydecimal", 0, 5, "A"),
    money("price"),
    money("currentcost"),
    money("standardcost"),
    lookup("pricelevelid", "pricelevel"),
    lookup("transactioncurrencyid", "transactioncurrency"),
    choice("producttypecode", PRODUCT_TYPE),
    yes_no("isstockitem"),
    choice("productstructure", PRODUCT_STRUCTURE, updatable=False, default=1),
    lookup("parentproductid", "product", updatable=False),
    choice("msdyn_fieldserviceproducttype", FIELD_SERVICE_PRODUCT_TYPE),
    yes_no("msdyn_taxable", "A", default=True),
    yes_no("msdyn_converttocustomerasset"),
    text("msdyn_upccode", 50),
    yes_no("msdynce_ismaintainedexternally"),
    lookup("msdynce_inventoryunit", "uom", relationship="msdynce_uom_product_inventoryunit"),
    display="Product",
    primary_name="name",
    state=PRODUCT_STATE,
    status=PRODUCT_STATUS,
    indexes=(("productnumber",),),
)
_ACCOUNT = table(
    "account",
    "accounts",
    text("accountnumber", 20),
    text("name", 160, "A"),
    *_address("address1"),
    *_address("address2"),
    memo("description"),
    text("telephone1", 50),
    text("fax", 50),
    text("emailaddress1", 100),
    text("websiteurl", 200),
    money("creditlimit"),
    lookup("transactioncurrencyid", "transactioncurrency"),
    choice("customertypecode", CUSTOMER_TYPE),
    lookup("defaultpricelevelid", "pricelevel"),
    lookup("parentaccountid", "account"),
    display="Account",
    primary_name="name",
    owned=True,
    # Microsoft's change-tracking page uses accounts as its example.
    change_tracking=True,
)
_CONTACT = table(
    "contact",
    "contacts",
    text("fullname", 160),
    text("emailaddress1", 100),
    lookup("parentcustomerid", "account", "contact", kind="Customer"),
    text("msdynce_contactnumber", 20, "A"),
    yes_no("msdynce_isactivecustomer"),
    yes_no("msdynce_iscompanyanaccount"),
    display="Contact",
    primary_name="fullname",
    owned=True,
    keys=(Key("msdynce_contactnumber", ("msdynce_contactnumber",)),),
)
_INVOICES = (
    table(
        "invoice",
        "invoices",
        text("invoicenumber", 100, updatable=False),
        text("name", 2048),
        lookup("customerid", "account", "contact", kind="Customer"),
        lookup("transactioncurrencyid", "transactioncurrency", updatable=False),
        lookup("pricelevelid", "pricelevel"),
        lookup("salesorderid", "salesorder"),
        moment("duedate", date_only=True),
        moment("datedelivered", date_only=True),
        money("totalamount"),
        money("totallineitemamount"),
        money("totaltax"),
        money("totaldiscountamount"),
        moment("msdyn_invoicedate"),
        moment("msdynce_invoicedate", date_only=True),
        yes_no("msdynce_haslineswithagreementorigin"),
        yes_no("msdynce_ismaintainedexternally"),
        yes_no("msdynce_hasexternallymaintainedproductsonly", default=True),
        display="Invoice",
        primary_name="name",
        owned=True,
        state=INVOICE_STATE,
        status=INVOICE_STATUS,
        change_tracking=True,
    ),
    table(
        "invoicedetail",
        "invoicedetails",
        lookup("invoiceid", "invoice", on_delete="Cascade"),
        whole("lineitemnumber"),
        whole("sequencenumber"),
        lookup("productid", "product"),
        lookup("uomid", "uom"),
        text("productdescription", 250),
        memo("description"),
        decimal("quantity", 5),
        money("priceperunit"),
        money("manualdiscountamount"),
        money("tax"),
        money("baseamount"),
        money("extendedamount"),
        lookup("transactioncurrencyid", "transactioncurrency"),
        lookup("msdyn_agreement", "msdyn_agreement"),
        lookup("msdyn_workorderid", "msdyn_workorder"),
        lookup("msdyn_workorderproductid", "msdyn_workorderproduct"),
        lookup("msdyn_workorderserviceid", "msdyn_workorderservice"),
        lookup("msdyn_agreementinvoiceproduct", "msdyn_agreementinvoiceproduct"),
        whole("msdyn_lineorder"),
        yes_no("msdynce_hasagreementorigin"),
        text("msdynce_invoicenumber", 100),
        display="Invoice Product",
        owned=True,
        indexes=(("invoiceid",),),
    ),
)

TABLES = (_CURRENCY, *_UNITS, *_PRICES, _PRODUCT, _ACCOUNT, _CONTACT, *_INVOICES)
