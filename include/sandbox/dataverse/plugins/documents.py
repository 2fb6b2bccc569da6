"""What the integration solution guards on documents: posted adjustments and transfers, agreement invoices."""

from __future__ import annotations

from sandbox.dataverse.errors import plugin_refusal
from sandbox.dataverse.plugins.journals import POSTED
from sandbox.dataverse.service import Call, Change, OrganizationService

LOCKED = "No changes can be made when Post Status is set to Posted"


def lock_posted(service: OrganizationService, call: Call, change: Change) -> None:
    """Refuse every update of an adjustment or transfer that was Posted before."""
    del service, call
    if (change.before or {}).get("msdynce_poststatus") == POSTED:
        raise plugin_refusal(LOCKED)


def refuse_line_of_posted(service: OrganizationService, call: Call, change: Change) -> None:
    """Refuse a new line under a Posted adjustment or transfer; present lines are not guarded."""
    del call
    for table in ("msdyn_inventoryadjustment", "msdyn_inventorytransfer"):
        header = service.database.row(table, change.after.get(table))
        if header is not None and header.get("msdynce_poststatus") == POSTED:
            raise plugin_refusal(LOCKED)


def mark_agreement_line(service: OrganizationService, call: Call, change: Change) -> None:
    """Flag an invoice line with an agreement and its invoice, and give the invoice today's date when it has none."""
    if change.after.get("msdyn_agreement") is None:
        return
    change.after["msdynce_hasagreementorigin"] = True
    invoice = service.database.row("invoice", change.after.get("invoiceid"))
    if invoice is None:
        return
    changes: dict[str, object] = {}
    if not invoice.get("msdynce_haslineswithagreementorigin"):
        changes["msdynce_haslineswithagreementorigin"] = True
    if invoice.get("msdyn_invoicedate") is None:
        changes["msdyn_invoicedate"] = call.moment[:10]
    if changes:
        service.update(call.as_system, service.database.schema.tables["invoice"], invoice["invoiceid"], changes)


def keep_invoice_date(service: OrganizationService, call: Call, change: Change) -> None:
    """Refuse to empty the date of an invoice with agreement lines."""
    del service, call
    cleared = "msdyn_invoicedate" in change.target and change.after.get("msdyn_invoicedate") is None
    if cleared and change.after.get("msdynce_haslineswithagreementorigin"):
        raise plugin_refusal("You must provide a value for Invoice Date.")
