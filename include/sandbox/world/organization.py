"""Business units of the organisation, and who works in them: one unit per company, with a team and a technician."""

from __future__ import annotations

from typing import Any

from sandbox.world.companies import COMPANIES, Company
from sandbox.world.identity import row_id

Row = dict[str, Any]

ROOT_UNIT = row_id("businessunits", "root")


def unit_name(company: Company) -> str:
    """Name the business unit of a company."""
    return company.data_area_id.upper()


def business_unit_id(company: Company) -> str:
    """Give the id of the business unit of a company."""
    return row_id("businessunits", unit_name(company))


def technician_id(company: Company) -> str:
    """Give the id of the user who enters the documents of a company."""
    return row_id("systemusers", unit_name(company))


def tables() -> dict[str, list[Row]]:
    """Build units, users, teams and bookable resources."""
    units = [{"businessunitid": ROOT_UNIT, "name": "Contoso Field Service"}]
    tables: dict[str, list[Row]] = {"businessunits": units, "systemusers": [], "teams": [], "bookableresources": []}
    for company in COMPANIES:
        for entity_set, row in _company(company).items():
            tables[entity_set].append(row)
    return tables


def _company(company: Company) -> dict[str, Row]:
    unit, name = business_unit_id(company), unit_name(company)
    return {
        "businessunits": {"businessunitid": unit, "name": name, "parentbusinessunitid": ROOT_UNIT},
        "systemusers": {
            "systemuserid": technician_id(company),
            "fullname": f"Technician {name}",
            "domainname": f"technician.{company.data_area_id}@contoso.example",
            "businessunitid": unit,
        },
        "teams": {"teamid": row_id("teams", name), "name": name, "businessunitid": unit, "isdefault": True},
        "bookableresources": {
            "bookableresourceid": row_id("bookableresources", name),
            "name": f"Technician {name}",
            "userid": technician_id(company),
            "ownerid": technician_id(company),
        },
    }
