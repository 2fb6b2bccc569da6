"""Agreements and invoices of Field Service before the first run, with the unusual invoices of `usmf`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.world.accounts import account_id
from sandbox.world.companies import COMPANIES
from sandbox.world.holdings import Holdings
from sandbox.world.identity import row_id, unit_id
from sandbox.world.unusual import NOT_READ, QUARANTINED, UnusualDocument

Row = dict[str, Any]

AGREEMENTS, INVOICES, LINES = "msdyn_agreements", "invoices", "invoicedetails"
_RATE = Decimal("120.0000")


@dataclass(frozen=True)
class Invoice:
    """An invoice with so many lines.

    :param agreement: its lines come from an agreement; :param changes: columns to set differently, None empties one.
    :param id: when it is unusual, its name, with the fact and the outcome.
    """

    number: str
    lines: int = 1
    agreement: bool = True
    changes: tuple[tuple[str, Any], ...] = ()
    id: str = ""
    what: str = ""
    outcome: str = QUARANTINED


_OF_EVERY_COMPANY = (Invoice("0001"), Invoice("0002", lines=3))
_OTHER_ORIGIN = (
    Invoice("0003", agreement=False, id="invoice-not-from-agreement", what="Not from an agreement", outcome=NOT_READ),
)
_UNUSUAL = (
    Invoice("0011", changes=(("msdyn_invoicedate", None),), id="invoice-without-date", what="Without invoice date"),
    Invoice(
        "0012", changes=(("customerid", row_id("contacts", "C-001")), ("customeridtype", "contact")),
        id="invoice-to-contact", what="Its customer is a contact",
    ),
    Invoice("0013", changes=(("invoicenumber", None),), id="invoice-without-number", what="Without number"),
    Invoice("0014", changes=(("transactioncurrencyid", None),), id="invoice-without-currency", what="Without currency"),
)  # fmt: skip


def tables(holdings: list[Holdings]) -> dict[str, list[Row]]:
    """Build agreements, invoices, their lines and the one contact."""
    made: dict[str, list[Row]] = {AGREEMENTS: [], INVOICES: [], LINES: [], "contacts": [_contact()]}
    for of in holdings:
        made[AGREEMENTS].append(_agreement(of))
        for invoice in _invoices(of):
            made[INVOICES].append(_header(of, invoice))
            made[LINES].extend(_line(of, invoice, index) for index in range(invoice.lines))
    return made


def _invoices(of: Holdings) -> Iterator[Invoice]:
    yield from _OF_EVERY_COMPANY
    yield from _OTHER_ORIGIN
    if of.company is COMPANIES[0]:
        yield from _UNUSUAL


def agreement_id(of: Holdings) -> str:
    """Give the id of the agreement of a company."""
    return row_id(AGREEMENTS, of.letter)


def _agreement(of: Holdings) -> Row:
    return {
        "msdyn_agreementid": agreement_id(of),
        "msdyn_name": f"Maintenance contract {of.letter}1",
        "msdyn_serviceaccount": account_id(of.company, 1),
        "msdyn_billingaccount": account_id(of.company, 1),
        "msdyn_pricelist": of.price_list,
        "ownerid": of.owner,
    }


def _header(of: Holdings, invoice: Invoice) -> Row:
    number = f"INV-{of.letter}{invoice.number}"
    total = _RATE * invoice.lines
    row = {
        "invoiceid": row_id(INVOICES, number),
        "invoicenumber": number,
        "name": f"Maintenance in November, {number}",
        "customerid": account_id(of.company, 1),
        "customeridtype": "account",
        "transactioncurrencyid": of.currency,
        "pricelevelid": of.price_list,
        "msdyn_invoicedate": "2026-11-20T00:00:00Z",
        "duedate": "2026-12-20",
        "totallineitemamount": total,
        "totalamount": total,
        "msdynce_haslineswithagreementorigin": invoice.agreement,
        "ownerid": of.owner,
        **dict(invoice.changes),
    }
    return {column: value for column, value in row.items() if value is not None}


def _line(of: Holdings, invoice: Invoice, index: int) -> Row:
    number = f"INV-{of.letter}{invoice.number}"
    row = {
        "invoicedetailid": row_id(LINES, number, str(index)),
        "invoiceid": row_id(INVOICES, number),
        "lineitemnumber": index + 1,
        "sequencenumber": index + 1,
        "productid": of.service_id,
        "uomid": unit_id("hr"),
        "description": f"Visit {index + 1}",
        "quantity": Decimal(1),
        "priceperunit": _RATE,
        "baseamount": _RATE,
        "extendedamount": _RATE,
        "transactioncurrencyid": of.currency,
        "msdyn_agreement": agreement_id(of) if invoice.agreement else None,
        "msdynce_hasagreementorigin": invoice.agreement,
        "ownerid": of.owner,
    }
    return {column: value for column, value in row.items() if value is not None}


def _contact() -> Row:
    return {"contactid": row_id("contacts", "C-001"), "fullname": "Sidney Higa", "msdynce_contactnumber": "C-001"}


UNUSUAL = tuple(
    UnusualDocument(
        invoice.id,
        invoice.what,
        "agreement_invoices",
        INVOICES,
        row_id(INVOICES, f"INV-U{invoice.number}"),
        invoice.outcome,
    )
    for invoice in (*_OTHER_ORIGIN, *_UNUSUAL)
)
