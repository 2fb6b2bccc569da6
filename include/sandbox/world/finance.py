"""What F&O has beside products and stock: customers, projects, sales origins, and documents of its own."""

from __future__ import annotations

from typing import Any

from sandbox.world.accounts import NAMES, account_number
from sandbox.world.companies import Company
from sandbox.world.external_projects import COMPLETED, RUNNING, project_number

Row = dict[str, Any]
Tables = dict[str, list[Row]]

# number, name, type, stage, index of the account
_PROJECTS = (
    (RUNNING, "Maintenance contract", "TimeMaterial", "InProcess", 1),
    (COMPLETED, "Refit of the boiler room", "TimeMaterial", "Completed", 1),
    ("0003", "New cold storage", "TimeMaterial", "InProcess", 2),
    ("0004", "Roof unit at a fixed price", "FixedPrice", "InProcess", 2),
    ("0005", "Heat pump study", "TimeMaterial", "Created", 3),
    ("0006", "Emergency repair, closed", "TimeMaterial", "Completed", 3),
    ("0007", "Own workshop", "Internal", "InProcess", 1),
)
_FIRST_ACCOUNTS = 3  # accounts that are customers already


def tables(company: Company) -> Tables:
    """Give the rows of one company."""
    code = company.data_area_id
    return {
        "CustomersV2": [_customer(company, index) for index in range(1, _FIRST_ACCOUNTS + 1)],
        "Projects": [project(company, *values) for values in _PROJECTS],
        "SalesOrderOriginCodes": [
            {
                "dataAreaId": code, "OriginCode": "FS-WO", "OriginDescription": "Work orders of Field Service",
                "IsOriginTypeAssigned": "Yes", "OriginType": "WorkOrderIntegration",
            },
            {"dataAreaId": code, "OriginCode": "WEB", "OriginDescription": "Web shop"},
        ],
        "CDSSalesOrderHeaders": [
            {
                "dataAreaId": code, "SalesOrderNumber": f"SO-{code.upper()}-1", "SalesOrderName": "Web shop order",
                "OrderingCustomerAccountNumber": account_number(company, 1), "CurrencyCode": company.currency,
                "SalesOrderOriginCode": "WEB",
            }
        ],
        "InventoryAdjustmentJournalHeaders": [
            {
                "dataAreaId": code, "JournalNumber": "000001", "JournalNameId": "IAdj", "Description": "Stock-taking",
                "IsPosted": "Yes",
            }
        ],
    }  # fmt: skip


def _customer(company: Company, index: int) -> Row:
    return {
        "dataAreaId": company.data_area_id, "CustomerAccount": account_number(company, index),
        "PartyType": "Organization", "OrganizationName": NAMES[company.data_area_id][index - 1].upper(),
        "CustomerGroupId": "20", "SalesCurrencyCode": company.currency, "LanguageId": "en-us",
    }  # fmt: skip


def project(company: Company, number: str, name: str, kind: str, stage: str, account: int) -> Row:
    """Give one project."""
    return {
        "dataAreaId": company.data_area_id, "ProjectID": project_number(company, number), "ProjectName": name,
        "ProjectType": kind, "ProjectStage": stage, "CustomerAccount": account_number(company, account),
        "ProjectGroup": "TM", "ProjectContractID": f"C-{number}",
    }  # fmt: skip
