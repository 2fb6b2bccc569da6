"""Sites and warehouses of a company."""

from __future__ import annotations

from typing import Any

from sandbox.world.companies import Company

Row = dict[str, Any]

ROLES = ("main warehouse", "spare parts", "returns shelf", "service hub", "cross dock", "depot")


def site_id(index: int) -> str:
    """Give the id of the site with this index, from 0; there are two per company."""
    return str(index + 1)


def sites(company: Company) -> list[Row]:
    """Give both `OperationalSites` of a company."""
    return [
        {"dataAreaId": company.data_area_id, "SiteId": site_id(index), "SiteName": f"{company.places[index]} site"}
        for index in range(2)
    ]


def warehouses(company: Company, count: int) -> list[Row]:
    """Give the standard warehouses of a company, half of them on each site."""
    return [
        warehouse(company, company.warehouse_id(index), name(company, index), site=index % 2) for index in range(count)
    ]


def name(company: Company, index: int) -> str:
    """Name the warehouse with this index."""
    place = company.places[index % len(company.places)]
    block = index // len(company.places)
    return f"{place} {ROLES[(index + block) % len(ROLES)]}" + (f" {block + 1}" if block else "")


def warehouse(company: Company, warehouse_id: str, text: str, *, kind: str = "Standard", site: int = 0) -> Row:
    """Give one row of `Warehouses`.

    :param kind: member of InventLocationType; :param site: index of its site.
    """
    return {
        "dataAreaId": company.data_area_id,
        "WarehouseId": warehouse_id,
        "WarehouseName": text,
        "OperationalSiteId": site_id(site),
        "WarehouseType": kind,
        "IsPrimaryAddressAssigned": "Yes",
        "PrimaryAddressCity": company.places[site],
        "PrimaryAddressCountryRegionId": company.country,
        "AreAdvancedWarehouseManagementProcessesEnabled": "No",
        "IsWarehouseExternallyManaged": "No",
    }
