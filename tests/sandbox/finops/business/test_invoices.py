"""Free text invoices of external systems: customer, date, main account, and no change after posting."""

from __future__ import annotations

from typing import Any

import pytest

HEADERS, LINES = "CDSFreeTextInvoiceHeaders", "CDSFreeTextInvoiceLines"
INVOICE = {
    "ExternalInvoiceId": "INV-U0001", "CustomerAccount": "US-001", "CurrencyCode": "USD",
    "InvoiceDate": "2026-11-20T12:00:00Z", "InvoiceOriginType": "AgreementInvoiceIntegration",
}  # fmt: skip
LINE = {
    "ExternalInvoiceId": "INV-U0001", "LineNumber": 1, "MainAccountDisplayValue": "401100", "Quantity": 1,
    "UnitPrice": 120,
}  # fmt: skip


@pytest.fixture
def invoiced(business: Any) -> Any:
    """A company with one invoice of one line."""
    business.made(HEADERS, INVOICE)
    business.made(LINES, LINE)
    return business


@pytest.fixture
def posted(invoiced: Any) -> Any:
    """The same, after Supply Chain Management has posted it."""
    rows = [{**row, "IsPosted": "Yes"} for row in invoiced.rows(HEADERS)]
    invoiced.service.system.replace(HEADERS, rows)
    return invoiced


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"InvoiceDate": "1900-01-01T12:00:00Z"}, "Field 'InvoiceDate' must be filled in."),
        ({"CustomerAccount": "US-999"}, "'US-999' in field 'CustomerAccount' is not found in table 'Customers'"),
        ({"CustomerAccount": ""}, "Field 'CustomerAccount' must be filled in."),
        ({"InvoiceAccount": "DE-001"}, "'DE-001' in field 'InvoiceAccount'"),
        ({"CurrencyCode": "XXX"}, "'XXX' in field 'CurrencyCode'"),
        ({"IsPosted": "Yes"}, "The field 'IsPosted' does not allow editing."),
        ({"ExternalInvoiceId": ""}, "Field 'ExternalInvoiceId' must be filled in."),
    ],
)
def test_a_wrong_invoice_is_refused(business: Any, changes: dict[str, str], reason: str) -> None:
    answer = business.post(HEADERS, {**INVOICE, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert business.rows(HEADERS) == []


def test_an_invoice_without_a_date_is_refused(business: Any) -> None:
    undated = {name: value for name, value in INVOICE.items() if name != "InvoiceDate"}
    assert "Field 'InvoiceDate' must be filled in." in business.post(HEADERS, undated).reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ExternalInvoiceId": "INV-U0002"}, "'INV-U0002' in field 'ExternalInvoiceId' is not found"),
        ({"MainAccountDisplayValue": "999999"}, "'999999' in field 'MainAccountDisplayValue'"),
        ({"MainAccountDisplayValue": ""}, "Field 'MainAccountDisplayValue' must be filled in."),
        ({"LineNumber": 1}, "The record already exists."),
    ],
)
def test_a_wrong_line_is_refused(invoiced: Any, changes: dict[str, Any], reason: str) -> None:
    answer = invoiced.post(LINES, {**LINE, "LineNumber": 2, **changes})
    assert answer.status == 400
    assert reason in answer.reason
    assert len(invoiced.rows(LINES)) == 1


def test_a_main_account_may_carry_dimensions(invoiced: Any) -> None:
    assert invoiced.post(LINES, {**LINE, "LineNumber": 2, "MainAccountDisplayValue": "401100-001-"}).status == 201


def test_an_open_invoice_may_change(invoiced: Any) -> None:
    assert invoiced.patch(HEADERS, "ExternalInvoiceId='INV-U0001'", {"CustomerReference": "new"}).status == 204
    assert invoiced.patch(LINES, "ExternalInvoiceId='INV-U0001',LineNumber=1", {"Quantity": 2}).status == 204


def test_a_posted_invoice_takes_no_change(posted: Any) -> None:
    for answer in (
        posted.patch(HEADERS, "ExternalInvoiceId='INV-U0001'", {"CustomerReference": "new"}),
        posted.patch(LINES, "ExternalInvoiceId='INV-U0001',LineNumber=1", {"Quantity": 2}),
        posted.post(LINES, {**LINE, "LineNumber": 2}),
    ):
        assert answer.status == 400
        assert "INV-U0001 is posted; it cannot be changed." in answer.reason
