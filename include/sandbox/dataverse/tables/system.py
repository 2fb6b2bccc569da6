"""Platform tables: organisation, business units, users, teams and resources; only what an integration reads."""

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
        lookup("businessunitid", "businessunit", required="S", on_delete="Restrict"),
        Column("applicationid", "Uniqueidentifier"),
        yes_no("isdisabled"),
        display="User",
        primary_name="fullname",
    ),
    table(
        "team",
        "teams",
        text("name", 160, "S"),
        lookup("businessunitid", "businessunit", required="S", on_delete="Restrict"),
        yes_no("isdefault", creatable=False, updatable=False),
        display="Team",
        primary_name="name",
    ),
    table(
        "bookableresource",
        "bookableresources",
        text("name", 100, "A"),
        lookup("userid", "systemuser"),
        display="Bookable Resource",
        primary_name="name",
        owned=True,
    ),
)
