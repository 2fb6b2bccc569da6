"""Platform tables: the organisation, its business units and users, only the columns that an integration reads."""

from __future__ import annotations

from sandbox.dataverse.columns import lookup, table, text, whole, yes_no
from sandbox.dataverse.schema import Column

TABLES = (
    table(
        "organization",
        "organizations",
        text("name", 160, "S"),
        whole("expirechangetrackingindays", 0, 365, default=7),
        lookup("basecurrencyid", "transactioncurrency"),
        display="Organization",
        primary_name="name",
    ),
    table(
        "businessunit",
        "businessunits",
        text("name", 160, "S"),
        lookup("parentbusinessunitid", "businessunit"),
        yes_no("isdisabled"),
        display="Business Unit",
        primary_name="name",
    ),
    table(
        "systemuser",
        "systemusers",
        text("fullname", 200),
        text("domainname", 1024),
        Column("applicationid", "Uniqueidentifier"),
        yes_no("isdisabled"),
        display="User",
        primary_name="fullname",
    ),
)
