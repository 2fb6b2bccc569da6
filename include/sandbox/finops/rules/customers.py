"""Customers: group, party, currency, language and default warehouse must be set up in the company."""

from __future__ import annotations

from sandbox.finops.errors import field_empty
from sandbox.finops.rules.writes import Write

# The groups and languages of the demo companies.
GROUPS = frozenset({"10", "20", "30", "40", "80", "90"})
LANGUAGES = frozenset({"en-us", "en-gb", "de", "fr"})
COUNTRIES = frozenset({"US", "GB", "DE", "FR", "AT", "CH", "BE", "NL"})


def check(write: Write) -> None:
    """Check a customer. That organisations need a name is [inferred]."""
    customer = write.after
    write.demand(customer["CustomerGroupId"] in GROUPS, "CustomerGroupId", "table 'Customer groups'")
    write.demand(customer["PartyType"] in ("Organization", "Person"), "PartyType", "the party types")
    if customer["PartyType"] == "Organization" and not customer["OrganizationName"]:
        raise field_empty(write.entity, "OrganizationName")
    write.demand_currency("SalesCurrencyCode")
    if customer["LanguageId"]:
        write.demand(customer["LanguageId"].lower() in LANGUAGES, "LanguageId", "table 'Languages'")
    write.demand_place("SiteId", "WarehouseId")
    country = "AddressCountryRegionISOCode"
    if customer[country]:
        write.demand(customer[country] in COUNTRIES, country, "table 'Country/region'")


RULES = {"CustomersV2": (check,)}
