"""Standard business tables: currencies, units, price lists, products, accounts, contacts."""

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

TABLES = (_CURRENCY, *_UNITS, *_PRICES, _PRODUCT, _ACCOUNT, _CONTACT)
