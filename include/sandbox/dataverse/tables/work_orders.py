"""Field Service work orders with their product and service lines, and the small tables around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dataverse import formulas
from sandbox.dataverse.columns import (
    QUANTITY_MAX,
    choice,
    decimal,
    lookup,
    memo,
    moment,
    money,
    number,
    options,
    table,
    text,
    whole,
    yes_no,
)
from sandbox.dataverse.schema import Column

SYSTEM_STATUS = options(
    "msdyn_wosystemstatus",
    {
        690970000: "Unscheduled",
        690970001: "Scheduled",
        690970002: "In Progress",
        690970003: "Completed",
        690970004: "Posted",
        690970005: "Canceled",
    },
)
LINE_STATUS = options("msdyn_productservicestatus", {690970000: "Estimated", 690970001: "Used"})

_MINUTES_MAX = 2_147_483_647


def _amount(name: str, required: str = "-", **more: Any) -> Column:
    """Money of a work order line: never negative, organisation pricing precision."""
    return money(name, required, 0.0, QUANTITY_MAX, precision_source=1, **more)


def _quantity(name: str, required: str = "-", high: float = QUANTITY_MAX) -> Column:
    """Non-negative quantity or percentage with two decimals."""
    return number(name, 0.0, high, required)


def _calculated_amount(name: str, formula: Callable[[Mapping[str, Any]], Any], *, secured: bool = False) -> Column:
    return money(name, precision_source=1, creatable=False, updatable=False, secured=secured, formula=formula)


def _calculated_hours(name: str, formula: Callable[[Mapping[str, Any]], Any]) -> Column:
    return decimal(name, 5, creatable=False, updatable=False, secured=True, formula=formula)


_WORK_ORDER = table(
    "msdyn_workorder",
    "msdyn_workorders",
    text("msdyn_name", 100, "A"),
    choice("msdyn_systemstatus", SYSTEM_STATUS, "A", default=690970000),
    lookup("msdyn_substatus", "msdyn_workordersubstatus", required="R"),
    lookup("msdyn_serviceaccount", "account", required="A"),
    lookup("msdyn_billingaccount", "account"),
    lookup("msdyn_workordertype", "msdyn_workordertype", required="A"),
    lookup("msdyn_pricelist", "pricelevel", required="A"),
    lookup("transactioncurrencyid", "transactioncurrency"),
    decimal("exchangerate", 10, creatable=False, updatable=False),
    yes_no("msdyn_taxable", "A"),
    text("msdyn_address1", 250),
    text("msdyn_address2", 250),
    text("msdyn_address3", 250),
    text("msdyn_addressname", 250),
    text("msdyn_city", 80),
    text("msdyn_stateorprovince", 50),
    text("msdyn_country", 80),
    text("msdyn_postalcode", 20),
    number("msdyn_latitude", -90.0, 90.0, precision=5),
    number("msdyn_longitude", -180.0, 180.0, precision=5),
    memo("msdyn_workordersummary", 8000),
    memo("msdyn_instructions", 8000),
    memo("msdyn_primaryincidentdescription", 8000),
    *(
        moment(name)
        for name in (
            "msdyn_timefrompromised",
            "msdyn_timetopromised",
            "msdyn_timewindowstart",
            "msdyn_timewindowend",
            "msdyn_timeclosed",
            "msdyn_completedon",
            "msdyn_firstarrivedon",
        )
    ),
    # UserLocal behaviour with the DateOnly format: shown as a date, still a date and time on the wire.
    moment("msdyn_datewindowstart"),
    moment("msdyn_datewindowend"),
    *(
        money(name, low=0.0, precision_source=1)
        for name in (
            "msdyn_estimatesubtotalamount",
            "msdyn_subtotalamount",
            "msdyn_totalsalestax",
            "msdyn_totalamount",
        )
    ),
    lookup("msdyn_servicerequest", "incident"),
    lookup("msdyn_opportunityid", "opportunity"),
    lookup("msdyn_agreement", "msdyn_agreement"),
    lookup("msdyn_serviceterritory", "territory"),
    lookup("msdyn_reportedbycontact", "contact"),
    lookup("msdyn_priority", "msdyn_priority"),
    lookup("msdyn_parentworkorder", "msdyn_workorder", navigation="msdyn_parentworkorder_msdyn_workorder"),
    lookup("msdyn_customerasset", "msdyn_customerasset"),
    lookup("msdynce_externalproject", "msdynce_externalproject"),
    yes_no("msdynce_hasexternallymaintainedproductsonly", default=True),
    yes_no("msdynce_workorderstatushaschanged"),
    display="Work Order",
    primary_name="msdyn_name",
    owned=True,
    change_tracking=True,
)
_WORK_ORDER_PRODUCT = table(
    "msdyn_workorderproduct",
    "msdyn_workorderproducts",
    text("msdyn_name", 200, "A"),
    lookup(
        "msdyn_workorder",
        "msdyn_workorder",
        required="A",
        on_delete="Cascade",
        collection="msdyn_msdyn_workorder_msdyn_workorderproduct_WorkOrder",
    ),
    lookup("msdyn_product", "product", required="A"),
    lookup("msdyn_unit", "uom", required="A"),
    lookup("msdyn_pricelist", "pricelevel", required="A"),
    lookup("msdyn_warehouse", "msdyn_warehouse"),
    whole("msdyn_lineorder"),
    choice("msdyn_linestatus", LINE_STATUS, "A", default=690970000),
    yes_no("msdyn_allocated"),
    _quantity("msdyn_estimatequantity"),
    _amount("msdyn_estimateunitamount"),
    _amount("msdyn_estimateunitcost"),
    _amount("msdyn_estimatesubtotal"),
    _amount("msdyn_estimatediscountamount"),
    _amount("msdyn_estimatetotalamount"),
    _amount("msdyn_estimatetotalcost"),
    _quantity("msdyn_estimatediscountpercent", high=100.0),
    _quantity("msdyn_quantity", "A"),
    _quantity("msdyn_qtytobill", "A"),
    _amount("msdyn_unitamount", "A"),
    _amount("msdyn_unitcost", "A"),
    _amount("msdyn_subtotal", "A"),
    _amount("msdyn_totalamount", "A"),
    _amount("msdyn_totalcost", "A"),
    _amount("msdyn_discountamount"),
    _quantity("msdyn_discountpercent", high=100.0),
    yes_no("msdyn_taxable", "A"),
    memo("msdyn_description"),
    memo("msdyn_internaldescription"),
    lookup("msdyn_booking", "bookableresourcebooking"),
    lookup("msdyn_customerasset", "msdyn_customerasset"),
    lookup("msdyn_workorderincident", "msdyn_workorderincident"),
    lookup("msdyn_entitlement", "entitlement"),
    lookup("msdyn_agreementbookingproduct", "msdyn_agreementbookingproduct"),
    lookup("msdyn_purchaseorderreceiptproduct", "msdyn_purchaseorderreceiptproduct"),
    lookup("transactioncurrencyid", "transactioncurrency"),
    choice("msdynce_headersystemstatus", SYSTEM_STATUS, default=690970000),
    yes_no("msdynce_orderhasexternalmaintainedproductsonly"),
    decimal("msdynce_decimalquantity", 5, secured=True),
    _calculated_amount("msdynce_invoicedunitamount", formulas.product_unit_amount, secured=True),
    _calculated_amount("msdynce_invoiceddiscountamount", formulas.product_discount, secured=True),
    display="Work Order Product",
    primary_name="msdyn_name",
    owned=True,
    change_tracking=True,
    indexes=(("msdyn_workorder",),),
)
_WORK_ORDER_SERVICE = table(
    "msdyn_workorderservice",
    "msdyn_workorderservices",
    text("msdyn_name", 200, "A"),
    lookup(
        "msdyn_workorder",
        "msdyn_workorder",
        required="A",
        on_delete="Cascade",
        collection="msdyn_msdyn_workorder_msdyn_workorderservice_WorkOrder",
    ),
    lookup("msdyn_service", "product", required="A"),
    lookup("msdyn_unit", "uom", required="A"),
    lookup("msdyn_pricelist", "pricelevel", required="A"),
    whole("msdyn_lineorder"),
    choice("msdyn_linestatus", LINE_STATUS, "A", default=690970000),
    whole("msdyn_estimateduration", 0, _MINUTES_MAX),
    whole("msdyn_duration", 0, _MINUTES_MAX),
    whole("msdyn_durationtobill", 0, _MINUTES_MAX),
    whole("msdyn_minimumchargeduration", 0, _MINUTES_MAX),
    _amount("msdyn_estimateunitamount"),
    _amount("msdyn_estimatecalculatedunitamount"),
    _amount("msdyn_estimatesubtotal"),
    _amount("msdyn_estimatediscountamount"),
    _amount("msdyn_estimatetotalamount"),
    _amount("msdyn_estimateunitcost"),
    _amount("msdyn_estimatetotalcost"),
    _amount("msdyn_unitamount", "A"),
    _amount("msdyn_unitcost", "A"),
    _amount("msdyn_calculatedunitamount"),
    _amount("msdyn_subtotal"),
    _amount("msdyn_discountamount"),
    _amount("msdyn_minimumchargeamount"),
    _amount("msdyn_totalamount", "A"),
    _quantity("msdyn_discountpercent"),
    _quantity("msdyn_estimatediscountpercent"),
    yes_no("msdyn_taxable", "A"),
    memo("msdyn_description"),
    memo("msdyn_internaldescription"),
    lookup("transactioncurrencyid", "transactioncurrency"),
    choice("msdynce_headersystemstatus", SYSTEM_STATUS),
    yes_no("msdynce_orderhasexternalmaintainedproductsonly"),
    whole("msdynce_externallineorder", creatable=False, updatable=False, formula=formulas.external_line_order),
    _calculated_hours("msdynce_durationinhours", formulas.hours),
    _calculated_hours("msdynce_estimateddurationinhours", formulas.estimated_hours),
    _calculated_amount("msdynce_invoicedunitamount", formulas.service_unit_amount),
    _calculated_amount("msdynce_invoiceddiscountamount", formulas.service_discount, secured=True),
    display="Work Order Service",
    primary_name="msdyn_name",
    owned=True,
    change_tracking=True,
    indexes=(("msdyn_workorder",),),
)
_AROUND = (
    table(
        "msdyn_workordertype",
        "msdyn_workordertypes",
        text("msdyn_name", 100, "A"),
        display="Work Order Type",
        primary_name="msdyn_name",
        owned=True,
    ),
    table(
        "msdyn_workordersubstatus",
        "msdyn_workordersubstatuses",
        text("msdyn_name", 100, "A"),
        choice("msdyn_systemstatus", SYSTEM_STATUS, "A"),
        display="Work Order Substatus",
        primary_name="msdyn_name",
        owned=True,
    ),
)

TABLES = (_WORK_ORDER, _WORK_ORDER_PRODUCT, _WORK_ORDER_SERVICE, *_AROUND)
