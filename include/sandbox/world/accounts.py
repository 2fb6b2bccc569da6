"""Accounts of Field Service: nine sound ones per company, and the unusual ones of `usmf`."""

from __future__ import annotations

from typing import Any

from sandbox.world.companies import COMPANIES, Company
from sandbox.world.identity import row_id
from sandbox.world.organization import technician_id
from sandbox.world.unusual import NOT_READ, QUARANTINED, UnusualDocument

Row = dict[str, Any]

# The first of each company is the one that other rows point at by its number.
NAMES = {
    "usmf": (
        "Contoso Retail Seattle", "Fabrikam Facilities", "Adventure Works Cold Storage", "Wingtip Hotels",
        "Tailspin Data Centers", "Alpine Ski House", "Graphic Design Institute", "Proseware Clinics", "Coho Winery",
    ),
    "demf": (
        "Litware Klimatechnik", "Trey Research Labor", "Nordwind Kühlhaus", "Lucerne Verlag", "Humongous Versicherung",
        "Margie Reisen", "Blue Yonder Flughafen", "Relecloud Rechenzentrum", "Woodgrove Bank",
    ),
    "frrt": (
        "Northwind Chauffage", "Munson Pique-nique", "Fourth Coffee Torréfaction", "Consolidated Messenger",
        "Best For You Organics", "School of Fine Art", "City Power et Lumière", "Liberty Logistique", "Wide World",
    ),
}  # fmt: skip
# Country codes of F&O have three letters, Field Service has the ISO code of two.
COUNTRIES = {"USA": "US", "DEU": "DE", "FRA": "FR"}


def account_number(company: Company, index: int) -> str:
    """Give the number of an account of a company, from 1."""
    return f"{COUNTRIES[company.country]}-{index:03}"


def account_id(company: Company, index: int) -> str:
    """Give the id of an account of a company, from 1."""
    return row_id("accounts", account_number(company, index))


def rows() -> list[Row]:
    """Give the accounts of all companies."""
    sound = [
        account(company, index, name)
        for company in COMPANIES
        for index, name in enumerate(NAMES[company.data_area_id], start=1)
    ]
    return [*sound, *(dict(row) for row in _UNUSUAL.values())]


def account(company: Company, index: int, name: str) -> Row:
    """Give one sound account."""
    place = company.places[index % len(company.places)]
    country = COUNTRIES[company.country]
    return {
        "accountid": account_id(company, index),
        "accountnumber": account_number(company, index),
        "name": name,
        "address1_line1": f"{index * 10} Main Street",
        "address1_city": place,
        "address1_postalcode": f"{10000 + index * 111}",
        "address1_country": country,
        "telephone1": f"+1 555 0{index:03}",
        "emailaddress1": f"office{index}@{country.lower()}.example",
        "customertypecode": 3,
        "transactioncurrencyid": row_id("transactioncurrencies", company.currency),
        "ownerid": technician_id(company),
    }


def _odd(index: int, name: str | None, **changes: Any) -> Row:
    """Give an account of `usmf` with some columns changed; None leaves a column empty."""
    row = {**account(COMPANIES[0], index, ""), "name": name, **changes}
    return {column: value for column, value in row.items() if value is not None}


_TWIN = "Southridge Video"
_UNUSUAL = {
    "account-without-currency": _odd(901, "Lamna Healthcare", transactioncurrencyid=None),
    "account-unknown-country": _odd(902, "Bellows College", address1_country="Atlantis"),
    "account-without-name": _odd(903, None),
    "account-without-number": _odd(904, "VanArsdel Depot", accountnumber=None),
    "account-number-twice": _odd(905, _TWIN),
    "account-number-twice-again": _odd(905, _TWIN, accountid=row_id("accounts", "US-905", "again")),
    "account-inactive": _odd(906, "First Up Consultants", statecode=1, statuscode=2),
    "account-of-no-company": _odd(907, "Contoso Holding", ownerid=None),
}
_FACTS = {
    "account-without-currency": ("Without a currency, which a customer needs", QUARANTINED),
    "account-unknown-country": ("In a country that no value map knows", QUARANTINED),
    "account-without-name": ("Without a name, which a customer needs", QUARANTINED),
    "account-without-number": ("Without a number; older than the number generator", QUARANTINED),
    "account-number-twice": ("Shares its number with another account of its company", QUARANTINED),
    "account-number-twice-again": ("Shares its number with another account of its company", QUARANTINED),
    "account-inactive": ("Inactive", NOT_READ),
    "account-of-no-company": ("Belongs to the root unit, hence to no company", NOT_READ),
}
UNUSUAL = tuple(
    UnusualDocument(id_, what, "accounts", "accounts", _UNUSUAL[id_]["accountid"], outcome)
    for id_, (what, outcome) in _FACTS.items()
)
