"""Free text invoices of external systems: customer, date and main account; nothing changes after posting."""

from __future__ import annotations

from sandbox.finops.errors import field_empty
from sandbox.finops.properties import EMPTY_DATE
from sandbox.finops.rules.writes import Write

HEADERS, LINES = "CDSFreeTextInvoiceHeaders", "CDSFreeTextInvoiceLines"
MAIN_ACCOUNTS = frozenset({"401100", "401200", "403100"})  # of the demo companies' chart of accounts


def check_header(write: Write) -> None:
    """Check an invoice."""
    invoice = write.after
    if write.before is not None and write.before["IsPosted"] == "Yes":
        write.refuse(f"Free text invoice {invoice['ExternalInvoiceId']} is posted; it cannot be changed.")
    if invoice["InvoiceDate"] == EMPTY_DATE:
        raise field_empty(write.entity, "InvoiceDate")
    write.demand(write.find("CustomersV2", invoice["CustomerAccount"]), "CustomerAccount", "table 'Customers'")
    if invoice["InvoiceAccount"]:
        write.demand(write.find("CustomersV2", invoice["InvoiceAccount"]), "InvoiceAccount", "table 'Customers'")
    write.demand_currency("CurrencyCode")


def check_line(write: Write) -> None:
    """Check an invoice line."""
    line = write.after
    invoice = write.find(HEADERS, line["ExternalInvoiceId"])
    write.demand(invoice, "ExternalInvoiceId", "table 'Free text invoices'")
    if invoice and invoice["IsPosted"] == "Yes":
        write.refuse(f"Free text invoice {line['ExternalInvoiceId']} is posted; it cannot be changed.")
    account = "MainAccountDisplayValue"
    write.demand(line[account].split("-")[0] in MAIN_ACCOUNTS, account, "the chart of accounts")


RULES = {HEADERS: (check_header,), LINES: (check_line,)}
