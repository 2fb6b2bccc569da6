"""Worlds and reference of agreement invoices (docs/areas/agreement-invoices.md)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

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

NUMBERS = ("INV-1", "INV-2", "inv-2", "INV-3", "INV-4", "INV-5", "INV'6", "INV/7", "", "INV-9")
ZONES = ("America/Los_Angeles", "Europe/Berlin", "UTC")
AMOUNTS = ("0", "12.5", "0.12345", "0.00005", "-3.33335", "99999.9999", "0.125", "0.135")


def build(random: Random) -> World:
    world = World(companies(random, prefixes=False, agreement_invoice_origin="confirmed", revenue_account="401100"))
    world.dataverse = organization(world) | {"accounts": [], "invoices": [], "invoicedetails": []}
    world.dataverse["products"] = [
        {
            "productid": fixed_id("product", "1"), "productnumber": "1", "name": " A product name of " + "x" * 60,
            "defaultuomscheduleid": fixed_id("group"), "defaultuomid": fixed_id("unit", "ea"), "quantitydecimal": 0,
        }
    ]  # fmt: skip
    world.finops = {"CustomersV2": [], "CDSFreeTextInvoiceHeaders": []}
    for company in world.companies:
        company.settings["time_zone"] = random.choice(ZONES)
        if random.random() < 0.5:
            company.settings |= {"sales_tax_group": "CA", "sales_tax_item_group": "ALL"}
        _people(company, world)
        _present(random, company, world)
        for number in random.choices(NUMBERS, k=random.randrange(1, 7)):
            _invoice(random, company, number, world)
    return world


def _people(company: Company, world: World) -> None:
    """Three accounts: one with a customer in F&O, one without, one without a number."""
    for name, number in (("good", "C-1"), ("stranger", "C-404"), ("nameless", None)):
        world.dataverse["accounts"].append(
            {
                "accountid": fixed_id(company.name, name), "accountnumber": number, "name": name,
                "owningbusinessunit": unit_id(company.name),
            }
        )  # fmt: skip
    world.finops["CustomersV2"].append(
        {
            "dataAreaId": company.name, "CustomerAccount": "C-1", "PartyType": "Organization",
            "OrganizationName": "Good", "CustomerGroupId": "10",
        }
    )  # fmt: skip


def _present(random: Random, company: Company, world: World) -> None:
    for number in ("INV-3", "INV-4", "INV-5"):
        if random.random() < 0.5:
            world.finops["CDSFreeTextInvoiceHeaders"].append(
                {
                    "dataAreaId": company.name, "ExternalInvoiceId": number, "CustomerAccount": "C-1",
                    "InvoiceDate": "2026-01-01T12:00:00Z", "IsPosted": random.choice(("Yes", "No")),
                    "InvoiceOriginType": random.choice(("AgreementInvoiceIntegration", "NotSpecified")),
                }
            )  # fmt: skip


def _invoice(random: Random, company: Company, number: str, world: World) -> None:
    who = random.choice(("good", "good", "good", "good", "stranger", "nameless"))
    invoice = {
        "invoiceid": new_id(random), "invoicenumber": number, "name": random.choice((some_text(random), "i" * 80)),
        "customerid": fixed_id(company.name, who), "customeridtype": "account",
        "transactioncurrencyid": fixed_id("currency", "USD") if random.random() < 0.9 else None,
        "msdyn_invoicedate": some_moment(random) if random.random() < 0.9 else None,
        "duedate": random.choice(("2026-03-01", "2026-12-31", None)),
        "msdynce_haslineswithagreementorigin": random.random() < 0.85,
        "owningbusinessunit": unit_id(company.name),
    }  # fmt: skip
    world.dataverse["invoices"].append(invoice)
    for position in range(random.randrange(0, 4)):
        world.dataverse["invoicedetails"].append(_line(random, company, invoice, position + 1))


def _line(random: Random, company: Company, invoice: Row, position: int) -> Row:
    amounts = {
        name: Decimal(random.choice(AMOUNTS)) if random.random() < 0.93 else None
        for name in ("quantity", "priceperunit", "manualdiscountamount", "baseamount")
    }
    return {
        "invoicedetailid": new_id(random), "invoiceid": invoice["invoiceid"],
        "lineitemnumber": random.choice((position, position, position, 1, None)),
        "sequencenumber": random.choice((position + 10, None)),
        "productid": random.choice((fixed_id("product", "1"), None)), "productdescription": some_text(random),
        "description": some_text(random), "msdynce_hasagreementorigin": random.random() < 0.85,
        "owningbusinessunit": unit_id(company.name), **amounts,
    }  # fmt: skip


def judge(world: World) -> list[Verdict]:
    headers = Target("finops", "CDSFreeTextInvoiceHeaders", ("dataAreaId", "ExternalInvoiceId"))
    lines = Target("finops", "CDSFreeTextInvoiceLines", ("dataAreaId", "ExternalInvoiceId", "LineNumber"))
    first, second = Verdict("invoice_headers", [headers]), Verdict("invoice_lines", [lines])
    for company in world.companies:
        own = [row for row in world.dataverse["invoices"] if row["owningbusinessunit"] == unit_id(company.name)]
        there = {
            row["ExternalInvoiceId"].lower(): row
            for row in world.finops["CDSFreeTextInvoiceHeaders"]
            if row["dataAreaId"] == company.name
        }
        _judge_headers(company, own, there, first)
        _judge_lines(world, company, own, there, second, headers)
    return [first, second]


def _judge_headers(company: Company, own: list[Row], there: dict[str, Row], verdict: Verdict) -> None:
    read = [row for row in own if row["msdynce_haslineswithagreementorigin"]]
    ended = {row["invoiceid"]: _ended(row, there) for row in read}
    twice = repeated(row["invoicenumber"] for row in read if not ended[row["invoiceid"]])
    for row in read:
        bad = (
            row["customerid"] != fixed_id(company.name, "good")
            or not row["transactioncurrencyid"]
            or not row["msdyn_invoicedate"]
            or row["invoicenumber"].lower() in twice
        )
        outcome = ended[row["invoiceid"]] or (QUARANTINED if bad else WRITTEN)
        verdict.settle(company.name, row["invoiceid"], outcome)
        if outcome == WRITTEN:
            verdict.targets[0].put(
                {
                    "dataAreaId": company.name, "ExternalInvoiceId": row["invoicenumber"], "CustomerAccount": "C-1",
                    "InvoiceAccount": "C-1", "CurrencyCode": "USD", "InvoiceOriginType": "AgreementInvoiceIntegration",
                    "InvoiceDate": day_of(row["msdyn_invoicedate"], company.settings["time_zone"]),
                    "DueDate": f"{row['duedate']}T12:00:00Z" if row["duedate"] else "1900-01-01T12:00:00Z",
                    "CustomerReference": (trimmed(row["name"]) or "")[:60].strip(),
                }
            )  # fmt: skip


def _ended(row: Row, there: dict[str, Row]) -> str:
    """Return the outcome of an invoice that is not looked at further."""
    if not trimmed(row["invoicenumber"]):
        return QUARANTINED
    in_scm = there.get(row["invoicenumber"].lower())
    if in_scm and in_scm["InvoiceOriginType"] != "AgreementInvoiceIntegration":
        return QUARANTINED
    return SKIPPED if in_scm and in_scm["IsPosted"] == "Yes" else ""


def _judge_lines(
    world: World, company: Company, own: list[Row], there: dict[str, Row], verdict: Verdict, headers: Target
) -> None:
    numbers = {row["invoiceid"]: row["invoicenumber"] for row in own}
    read = [
        row
        for row in world.dataverse["invoicedetails"]
        if row["invoiceid"] in numbers and row["msdynce_hasagreementorigin"]
    ]
    outcomes: dict[str, str] = {}
    for row in read:
        number = numbers[row["invoiceid"]].lower()
        if there.get(number, {}).get("IsPosted") == "Yes":
            outcomes[row["invoicedetailid"]] = SKIPPED
        elif (company.name, number) not in headers.rows:
            outcomes[row["invoicedetailid"]] = BLOCKED
    going = [row for row in read if row["invoicedetailid"] not in outcomes]
    names = {row["invoicedetailid"]: f"{numbers[row['invoiceid']]}|{_line_number(row)}".lower() for row in going}
    twice = repeated(names[row["invoicedetailid"]] for row in going if _line_number(row) is not None)
    for row in going:
        bad = (
            _line_number(row) is None
            or row["quantity"] is None
            or row["priceperunit"] is None
            or names[row["invoicedetailid"]] in twice
        )
        outcomes[row["invoicedetailid"]] = QUARANTINED if bad else WRITTEN
    incomplete(read, outcomes, key="invoicedetailid", document="invoiceid")
    for row in read:
        outcome = outcomes[row["invoicedetailid"]]
        verdict.settle(company.name, row["invoicedetailid"], outcome)
        if outcome == WRITTEN:
            verdict.targets[0].put(_line_written(company, row, numbers[row["invoiceid"]]))


def _line_number(row: Row) -> int | None:
    number: int | None = row["lineitemnumber"] if row["lineitemnumber"] is not None else row["sequencenumber"]
    return number


def _line_written(company: Company, row: Row, number: str) -> Row:
    base, discount = row["baseamount"], row["manualdiscountamount"] or Decimal(0)
    kept, less = (_rounded(value or Decimal(0), "0.0001") for value in (base, discount))  # as Dataverse keeps money
    amount = Decimal(0) if base is None else _rounded(kept - less, "0.01")
    product = "A product name of " + "x" * 60 if row["productid"] else trimmed(row["productdescription"]) or ""
    return {
        "dataAreaId": company.name, "ExternalInvoiceId": number, "LineNumber": _line_number(row),
        "MainAccountDisplayValue": "401100", "Quantity": _rounded(row["quantity"], "0.0001"),
        "UnitPrice": _rounded(row["priceperunit"], "0.0001"),
        "TransactionCurrencyAmount": amount,
        "Description": product[:60].strip(), "InvoiceText": trimmed(row["description"]),
        "SalesTaxGroupId": company.settings.get("sales_tax_group"),
        "SalesTaxItemGroupId": company.settings.get("sales_tax_item_group"),
    }  # fmt: skip


def _rounded(value: Decimal, unit: str) -> Decimal:
    return value.quantize(Decimal(unit), rounding=ROUND_HALF_EVEN)
