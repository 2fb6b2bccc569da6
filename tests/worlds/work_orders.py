"""Worlds and reference of work orders (docs/areas/work-orders.md)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from random import Random
from typing import Any

from tests.worlds import depots
from tests.worlds.documents import day_of, incomplete, some_moment
from tests.worlds.model import (
    BLOCKED,
    QUARANTINED,
    SKIPPED,
    WRITTEN,
    Company,
    Row,
    Target,
    Verdict,
    World,
    repeated,
    trimmed,
)
from tests.worlds.pieces import companies, fixed_id, new_id, organization, some_text, unit_id

UNSCHEDULED, SCHEDULED, IN_PROGRESS, COMPLETED, POSTED, CANCELED = range(690970000, 690970006)
STATUS = {
    SCHEDULED: "OpenScheduled", IN_PROGRESS: "OpenInProgress", COMPLETED: "OpenCompleted", POSTED: "ClosedPosted",
}  # fmt: skip
ESTIMATED, USED = 690970000, 690970001
COUNTRIES = {"us": "US", "usa": "US", "germany": "DE", "france": "FR"}
UNITS = ("ea", "hr")  # what both systems know; Field Service has boxes, too
PRODUCTS, SERVICES = "msdyn_workorderproducts", "msdyn_workorderservices"
PROJECTS = {"P-1": "C-1", "P-2": "C-2"}  # of every company, with the customer who pays


def build(random: Random) -> World:
    world = World(companies(random, prefixes=True), secured_columns=random.random() < 0.5)
    world.dataverse = organization(world)
    world.dataverse |= {"accounts": [], "msdynce_externalprojects": [], "msdyn_workorders": []}
    world.dataverse |= {PRODUCTS: [], SERVICES: []}
    depots.furnish(world)
    names = ("CustomersV2", "Projects", "SalesOrderOriginCodes", "CDSSalesOrderHeaders")
    world.finops |= {name: [] for name in names}
    world.finops["UnitsOfMeasure"] = [{"UnitSymbol": unit} for unit in UNITS]
    for company in world.companies:
        _settings(random, company)
        _parties(company, world)
        for number in random.sample(range(1, 8), random.randrange(1, 5)):
            _order(random, company, number, world)
    return world


def _settings(random: Random, company: Company) -> None:
    company.maps["warehouse_map"] = dict(depots.VANS)
    company.settings["time_zone"] = random.choice(("America/Los_Angeles", "Europe/Berlin", "UTC"))
    if random.random() < 0.5:
        company.settings |= {"default_country": "US", "shipping_site": "1", "shipping_warehouse": "11"}
    if random.random() < 0.5:
        company.settings |= {"project_category": "Hours", "project_line_property": "Billable"}


def _parties(company: Company, world: World) -> None:
    area = {"dataAreaId": company.name}
    for name, number in (("good", "C-1"), ("payer", "C-2"), ("stranger", "C-404"), ("nameless", None)):
        world.dataverse["accounts"].append(
            {
                "accountid": fixed_id(company.name, name), "accountnumber": number, "name": f"Account {name}",
                "owningbusinessunit": unit_id(company.name),
            }
        )  # fmt: skip
    for number in ("C-1", "C-2"):
        world.finops["CustomersV2"].append(
            {
                **area, "CustomerAccount": number, "PartyType": "Organization", "OrganizationName": number,
                "CustomerGroupId": "10",
            }
        )  # fmt: skip
    world.finops["SalesOrderOriginCodes"].append(
        {**area, "OriginCode": "FS", "IsOriginTypeAssigned": "Yes", "OriginType": "WorkOrderIntegration"}
    )
    for number, payer in PROJECTS.items():
        world.finops["Projects"].append({**area, "ProjectID": number, "CustomerAccount": payer, "ProjectGroup": "TM"})
    for number in (*PROJECTS, "P-404"):
        world.dataverse["msdynce_externalprojects"].append(
            {
                "msdynce_externalprojectid": _project_id(company, number), "msdynce_name": number,
                "msdynce_projectnumber": company.prefix + number,
                "msdynce_projectstage": 1,
            }
        )  # fmt: skip


def _project_id(company: Company, number: str) -> str:
    return fixed_id("project", company.name, number)


def _order(random: Random, company: Company, number: int, world: World) -> None:
    project = random.choice((None, None, "P-1", "P-2", "P-404"))
    name = f"WO-{company.name[0].upper()}-{'P' if project else 'N'}{random.choice((number, 1))}"
    order = {
        "msdyn_workorderid": new_id(random), "owningbusinessunit": unit_id(company.name),
        "createdon": some_moment(random),
        "msdyn_name": random.choice((name, name, name, name, name, name, "W" * 20 + str(number), "")),
        "msdyn_systemstatus": random.choice((SCHEDULED, *range(UNSCHEDULED, CANCELED + 1))),
        "msdynce_hasexternallymaintainedproductsonly": random.random() < 0.85,
        "msdynce_externalproject": _project_id(company, project) if project else None,
        "msdyn_serviceaccount": _account(random, company), "transactioncurrencyid": _currency(random),
        "msdyn_billingaccount": _payer(random, company),
        "msdyn_workordersummary": random.choice((some_text(random), "s" * 90)),
        "msdyn_timefrompromised": random.choice((None, some_moment(random))),
        "msdyn_timetopromised": random.choice((None, some_moment(random))),
        "msdyn_datewindowstart": random.choice((None, some_moment(random))),
        "msdyn_addressname": random.choice((some_text(random), "a" * 70)), "msdyn_address1": some_text(random),
        "msdyn_address2": some_text(random, empty=0.5), "msdyn_address3": some_text(random, empty=0.5),
        "msdyn_city": "Seattle", "msdyn_stateorprovince": random.choice(("WA", "", "WA", "s" * 10, "s" * 11)),
        "msdyn_postalcode": "98052", "msdyn_country": random.choice((*COUNTRIES, " USA", "", "", "Atlantis")),
    }  # fmt: skip
    world.dataverse["msdyn_workorders"].append(order)
    _present(random, company, order, world)
    for position in range(1, random.randrange(1, 4)):
        world.dataverse[PRODUCTS].append(_product_line(random, company, order, position))
    for position in range(1, random.randrange(1, 4)):
        world.dataverse[SERVICES].append(_service_line(random, company, order, position))


def _account(random: Random, company: Company) -> str:
    return fixed_id(company.name, random.choice(("good", "good", "good", "payer", "payer", "stranger", "nameless")))


def _payer(random: Random, company: Company) -> str | None:
    return random.choice((None, fixed_id(company.name, "payer"), fixed_id(company.name, "nameless")))


def _currency(random: Random) -> str | None:
    return fixed_id("currency", random.choice(("USD", "EUR"))) if random.random() < 0.95 else None


def _present(random: Random, company: Company, order: Row, world: World) -> None:
    """Put sales orders into F&O whose numbers work orders have too: ours from earlier, or of somebody else."""
    there = {(row["dataAreaId"], row["SalesOrderNumber"]) for row in world.finops["CDSSalesOrderHeaders"]}
    name = order["msdyn_name"]
    if random.random() < 0.3 and 0 < len(name) <= 20 and (company.name, name) not in there:
        ours = random.random() < 0.6
        world.finops["CDSSalesOrderHeaders"].append(
            {
                "dataAreaId": company.name, "SalesOrderNumber": name, "OrderingCustomerAccountNumber": "C-1",
                "SalesOrderOriginType": "WorkOrderIntegration" if ours else "NotSpecified",
                "SalesOrderOriginCode": "FS" if ours else "", "SalesOrderName": "Old name",
            }
        )  # fmt: skip


def _line(random: Random, company: Company, order: Row, position: int) -> Row:
    return {
        "msdyn_workorder": order["msdyn_workorderid"], "owningbusinessunit": unit_id(company.name),
        "createdon": some_moment(random), "msdynce_headersystemstatus": order["msdyn_systemstatus"],
        "msdynce_orderhasexternalmaintainedproductsonly": order["msdynce_hasexternallymaintainedproductsonly"],
        "msdyn_lineorder": random.choice((position,) * 8 + (0, 1, None)),
        "msdyn_linestatus": random.choice((ESTIMATED, USED)), "msdyn_name": some_text(random, empty=0.3),
        "msdyn_description": random.choice((some_text(random), "d" * 70)),
        "msdyn_estimateunitamount": random.choice((Decimal("10"), Decimal("0.1235"), None)),
        "msdyn_estimatediscountamount": random.choice((Decimal("1"), None)),
        "msdyn_totalamount": Decimal(random.choice(("100", "0", "33.3333"))),
        "msdyn_discountamount": random.choice((Decimal("5"), Decimal("0.01"), None)),
    }  # fmt: skip


def _product_line(random: Random, company: Company, order: Row, position: int) -> Row:
    quantity = random.choice((0.0, 2.0, 6.0, 0.5, 3.0, None))
    return {
        **_line(random, company, order, position), f"{PRODUCTS[:-1]}id": new_id(random),
        "msdyn_product": depots.some_product(random, company, good=0.92),
        "msdyn_warehouse": depots.some_warehouse(random, company, good=0.9),
        "msdyn_unit": fixed_id("unit", "box" if random.random() < 0.05 else "ea"),
        "msdyn_allocated": random.choice((True, False, None)),
        "msdyn_estimatequantity": random.choice((5.0, 0.0, 1.25, None)), "msdyn_quantity": quantity,
        "msdynce_decimalquantity": None if quantity is None else Decimal(str(quantity)),
    }  # fmt: skip


def _service_line(random: Random, company: Company, order: Row, position: int) -> Row:
    product = fixed_id("product", company.prefix + "S1") if random.random() < 0.93 else None
    return {
        **_line(random, company, order, position), f"{SERVICES[:-1]}id": new_id(random), "msdyn_service": product,
        "msdyn_unit": fixed_id("unit", "hr"), "msdyn_estimateduration": random.choice((120, 0, 50, None)),
        "msdyn_duration": random.choice((90, 0, 100, None)),
    }  # fmt: skip


def judge(world: World) -> list[Verdict]:
    headers = Target("finops", "CDSSalesOrderHeaders", ("dataAreaId", "SalesOrderNumber"))
    lines = Target("finops", "CDSSalesOrderLines", ("dataAreaId", "SalesOrderNumber", "LineCreationSequenceNumber"))
    plain, projects = (Verdict(f"work_order_header{end}", [headers]) for end in ("", "_project"))
    products, services = (Verdict(f"work_order_{kind}", [lines]) for kind in ("product", "service"))
    for company in world.companies:
        orders = [
            row for row in world.dataverse["msdyn_workorders"] if row["owningbusinessunit"] == unit_id(company.name)
        ]
        _judge_orders(world, company, [row for row in orders if not row["msdynce_externalproject"]], plain)
        _judge_orders(world, company, [row for row in orders if row["msdynce_externalproject"]], projects)
        by_id = {row["msdyn_workorderid"]: row for row in orders}
        for verdict, table in ((products, PRODUCTS), (services, SERVICES)):
            own = [row for row in world.dataverse[table] if row["msdyn_workorder"] in by_id]
            _judge_lines(world, company, by_id, own, verdict, headers, table)
    return [plain, projects, products, services]


def _judge_orders(world: World, company: Company, orders: list[Row], verdict: Verdict) -> None:
    ended = {row["msdyn_workorderid"]: _order_ended(row) for row in orders}
    twice = repeated(row["msdyn_name"] for row in orders if not ended[row["msdyn_workorderid"]])
    there = {
        row["SalesOrderNumber"]: row["SalesOrderOriginType"]
        for row in world.finops["CDSSalesOrderHeaders"]
        if row["dataAreaId"] == company.name
    }
    for row in orders:
        outcome = ended[row["msdyn_workorderid"]]
        name = row["msdyn_name"]
        if not outcome:
            foreign = there.get(name, "WorkOrderIntegration") != "WorkOrderIntegration"
            bad = foreign or len(name) > 20 or name.lower() in twice or _is_faulty(world, company, row, name in there)
            outcome = QUARANTINED if bad else WRITTEN
        verdict.settle(company.name, row["msdyn_workorderid"], outcome)
        if outcome == WRITTEN:
            verdict.targets[0].put(_order_written(world, company, row, new=name not in there))


def _order_ended(row: Row) -> str:
    if not trimmed(row["msdyn_name"]):
        return QUARANTINED
    return SKIPPED if _stays(row["msdyn_systemstatus"], row["msdynce_hasexternallymaintainedproductsonly"]) else ""


def _stays(status: int, external_only: bool) -> bool:
    return status in (CANCELED, UNSCHEDULED) or not external_only


def _is_faulty(world: World, company: Company, row: Row, there: bool) -> bool:
    """Tell whether a value of the order is wrong, or F&O refuses it."""
    account = _number(world, row["msdyn_serviceaccount"])
    known = ("C-1", "C-2")
    country = _country(company, row)
    if account not in known or not row["transactioncurrencyid"] or (country and country.lower() not in COUNTRIES):
        return True
    if len(row["msdyn_stateorprovince"]) > 10:
        return True
    project = _project(company, row)
    return project is not None and not there and PROJECTS.get(project) != account


def _number(world: World, account: str | None) -> str | None:
    return next((row["accountnumber"] for row in world.dataverse["accounts"] if row["accountid"] == account), None)


def _country(company: Company, row: Row) -> str | None:
    country: str | None = trimmed(row["msdyn_country"]) or company.settings.get("default_country")
    return country


def _project(company: Company, row: Row) -> str | None:
    wanted = row["msdynce_externalproject"]
    return next((one for one in (*PROJECTS, "P-404") if _project_id(company, one) == wanted), None)


def _order_written(world: World, company: Company, row: Row, *, new: bool) -> Row:
    project, settings, zone = _project(company, row), company.settings, company.settings["time_zone"]
    account = _number(world, row["msdyn_serviceaccount"])
    names = {one["accountid"]: one["name"] for one in world.dataverse["accounts"]}
    streets = [trimmed(row[f"msdyn_address{part}"]) for part in (1, 2, 3)]
    country = _country(company, row)
    window = row["msdyn_datewindowstart"] or row["createdon"]
    written: dict[str, Any] = {
        "dataAreaId": company.name, "SalesOrderNumber": row["msdyn_name"], "OrderingCustomerAccountNumber": account,
        "CurrencyCode": "USD" if row["transactioncurrencyid"] == fixed_id("currency", "USD") else "EUR",
        "SalesOrderOriginType": "WorkOrderIntegration", "SalesOrderOriginCode": "FS",
        "ExternalWorkOrderStatus": STATUS[row["msdyn_systemstatus"]],
        "SalesOrderName": (trimmed(row["msdyn_workordersummary"]) or row["msdyn_name"])[:60].strip(),
        "RequestedShippingDate": day_of(row["msdyn_timefrompromised"] or window, zone),
        "RequestedReceiptDate": day_of(row["msdyn_timetopromised"] or window, zone),
        "DeliveryAddressName": (trimmed(row["msdyn_addressname"]) or names[row["msdyn_serviceaccount"]])[:60].strip(),
        "DeliveryAddressStreet": "\n".join(street for street in streets if street),
        "DeliveryAddressCity": row["msdyn_city"], "DeliveryAddressStateId": row["msdyn_stateorprovince"],
        "DeliveryAddressZipCode": row["msdyn_postalcode"], "IsDeliveryAddressOrderSpecific": "Yes",
        "DeliveryAddressCountryRegionISOCode": COUNTRIES[country.lower()] if country else None,
    }  # fmt: skip
    if project is None:
        written["InvoiceCustomerAccountNumber"] = _number(world, row["msdyn_billingaccount"]) or account
    if new:
        written |= {
            "DefaultShippingSiteId": settings.get("shipping_site"), "ProjectId": project,
            "DefaultShippingWarehouseId": settings.get("shipping_warehouse"),
        }  # fmt: skip
    return written


def _judge_lines(
    world: World,
    company: Company,
    orders: dict[str, Row],
    rows: list[Row],
    verdict: Verdict,
    headers: Target,
    table: str,
) -> None:
    key = f"{table[:-1]}id"
    twice = repeated(_place_of(row) for row in rows)
    outcomes = {}
    for row in rows:
        name = orders[row["msdyn_workorder"]]["msdyn_name"]
        is_there = (company.name, name.lower()) in headers.rows
        outcomes[row[key]] = QUARANTINED if _place_of(row) in twice else _line_ended(world, company, row, is_there)
    # Work orders that share a number make lines that share a key.
    going = [row for row in rows if not outcomes[row[key]]]
    keys = {row[key]: f"{orders[row['msdyn_workorder']]['msdyn_name']}|{row['msdyn_lineorder']}" for row in going}
    same = repeated(keys.values())
    for row in going:
        bad = keys[row[key]].lower() in same or _line_is_faulty(world, company, row)
        outcomes[row[key]] = QUARANTINED if bad else WRITTEN
    incomplete(rows, outcomes, key=key, document="msdyn_workorder")
    for row in rows:
        if outcomes[row[key]] == WRITTEN and row["msdyn_unit"] == fixed_id("unit", "box"):
            outcomes[row[key]] = QUARANTINED  # F&O does not know the unit
        verdict.settle(company.name, row[key], outcomes[row[key]])
        if outcomes[row[key]] == WRITTEN:
            verdict.targets[0].put(_line_written(world, company, orders[row["msdyn_workorder"]], row))


def _place_of(row: Row) -> str | None:
    return None if row["msdyn_lineorder"] is None else f"{row['msdyn_workorder']}|{row['msdyn_lineorder']}"


def _product_of(row: Row) -> str | None:
    product: str | None = row.get("msdyn_product", row.get("msdyn_service"))
    return product


def _line_ended(world: World, company: Company, row: Row, is_there: bool) -> str:
    """Return the outcome of a line that ends in look-ups or in conditions."""
    if _product_of(row) is None:
        return QUARANTINED
    if _stays(row["msdynce_headersystemstatus"], row["msdynce_orderhasexternalmaintainedproductsonly"]):
        return SKIPPED
    where = depots.place(world, company, row.get("msdyn_warehouse"))
    if not row["msdyn_lineorder"] or (where is not None and not where[1]):
        return QUARANTINED
    return "" if is_there else BLOCKED


def _line_is_faulty(world: World, company: Company, row: Row) -> bool:
    where = depots.place(world, company, row.get("msdyn_warehouse"))
    absent = where is not None and where[0] not in depots.SITES
    return absent or depots.released(world, company, _product_of(row)) is None


def _line_written(world: World, company: Company, order: Row, row: Row) -> Row:
    settings, project = company.settings, _project(company, order)
    found = depots.released(world, company, _product_of(row))
    assert found is not None
    where = depots.place(world, company, row.get("msdyn_warehouse"))
    site, warehouse = (depots.SITES[where[0]], where[0]) if where else (None, None)
    is_service = "msdyn_service" in row
    if is_service:
        site, warehouse = settings.get("shipping_site"), settings.get("shipping_warehouse")
    unit = next(one for one in UNITS if fixed_id("unit", one) == row["msdyn_unit"])
    return {
        "dataAreaId": company.name, "SalesOrderNumber": order["msdyn_name"], "ProductNumber": found[0],
        "LineCreationSequenceNumber": -row["msdyn_lineorder"] if is_service else row["msdyn_lineorder"],
        "SalesUnitSymbol": unit, "ShippingSiteId": site, "ShippingWarehouseId": warehouse,
        "LineDescription": (trimmed(row["msdyn_name"]) or trimmed(row["msdyn_description"]) or "")[:60].strip(),
        "ProjectId": project, "ProjectCategoryId": settings.get("project_category"),
        "ProjectLinePropertyId": settings.get("project_line_property"), **_amounts(row, secured=world.secured_columns),
    }  # fmt: skip


def _amounts(row: Row, *, secured: bool) -> Row:
    """Return quantity, price and discount as estimated or as used. :param secured: secured columns can be read."""
    is_service = "msdyn_service" in row
    open_estimate = row["msdyn_linestatus"] == ESTIMATED and row["msdynce_headersystemstatus"] != POSTED
    if open_estimate and (is_service or row["msdyn_allocated"] is True):
        estimated = Decimal(row["msdyn_estimateduration"] or 0) / 60 if is_service else row["msdyn_estimatequantity"]
        return {
            "OrderedSalesQuantity": _rounded(Decimal(str(estimated or 0)), 5),
            "SalesPrice": row["msdyn_estimateunitamount"] or 0,
            "TotalDiscountAmount": row["msdyn_estimatediscountamount"] or 0,
        }  # fmt: skip
    used = Decimal(row["msdyn_duration"] or 0) / 60 if is_service else Decimal(str(row["msdyn_quantity"] or 0))
    total = row["msdyn_totalamount"]
    unit = (total + (row["msdyn_discountamount"] or 0)) / used if used else Decimal(0)
    kept = _rounded(unit, 4) if secured else unit  # the solution keeps amounts with four decimals
    return {
        "OrderedSalesQuantity": _rounded(used, 5), "SalesPrice": _rounded(unit, 4),
        "TotalDiscountAmount": _rounded(kept * used - total, 4),
    }  # fmt: skip


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
