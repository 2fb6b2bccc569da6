"""External projects in Field Service that an earlier run left there."""

from __future__ import annotations

from typing import Any

from sandbox.world.accounts import account_id
from sandbox.world.companies import COMPANIES, Company
from sandbox.world.identity import row_id

Row = dict[str, Any]

EXTERNAL_PROJECTS = "msdynce_externalprojects"
# In process in both systems; completed in Supply Chain Management meanwhile.
RUNNING, COMPLETED = "0001", "0002"
# Index of the account that both belong to.
PROJECT_ACCOUNT = 1
IN_PROCESS = 1


def project_number(company: Company, number: str) -> str:
    """Give the number of a project of a company."""
    return f"P-{company.data_area_id[0].upper()}{number}"


def project_id(company: Company, number: str) -> str:
    """Give the id of an external project."""
    return row_id(EXTERNAL_PROJECTS, project_number(company, number))


def rows() -> list[Row]:
    """Give two projects per company, with the names they had then."""
    return [
        {
            "msdynce_externalprojectid": project_id(company, number),
            "msdynce_projectnumber": project_number(company, number),
            "msdynce_name": name,
            "msdynce_projectstage": IN_PROCESS,
            "msdynce_account": account_id(company, PROJECT_ACCOUNT),
        }
        for company in COMPANIES
        for number, name in ((RUNNING, "Name before the contract"), (COMPLETED, "Refit of the boiler room"))
    ]
