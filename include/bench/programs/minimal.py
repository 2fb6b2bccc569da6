"""The minimal script of the whole job: reads pages, renames fields, posts ``UpsertMultiple`` of 1,000 rows, 8 writers.

What a careful engineer writes in an afternoon: no staging, no checks, no comparison, no books. It is the measure of
what the work itself costs. Usage: ``python -m bench.programs.minimal JOB.json``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import requests

from bench.programs.wire import API, ROWS_PER_REQUEST, TABLE, TIMEOUT_SECONDS, Row, done, read_job, session, target

DIMENSIONS = (
    "ItemNumber", "ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId",
    "dataAreaId",
)  # fmt: skip
LEVELS = ("OnHandQuantity", "OnOrderQuantity", "OrderedQuantity")
WRITERS = 8


def main() -> int:
    started = time.monotonic()
    job = read_job()
    urls = job["urls"]
    finops = session(job, urls["finops"], tries=10)
    dataverse = session(job, urls["dataverse"], writers=WRITERS, tries=10)
    shape = Shape(dataverse, f"{urls['dataverse']}/{API}", finops, f"{urls['finops']}/data")
    columns = ",".join((*DIMENSIONS, "InventoryWarehouseId", *LEVELS))
    source = f"{urls['finops']}/data/WarehousesOnHandV2?cross-company=true&$select={columns}"
    url = f"{urls['dataverse']}/{API}/{TABLE}/Microsoft.Dynamics.CRM.UpsertMultiple"

    def post(targets: list[Row]) -> int:
        dataverse.post(url, json={"Targets": targets}, timeout=TIMEOUT_SECONDS).raise_for_status()
        return len(targets)

    with ThreadPoolExecutor(WRITERS) as writers:
        waiting: list[Future[int]] = []
        rest: list[Row] = []
        for page in pages(finops, source):
            rest += map(shape.target, page)
            while len(rest) >= ROWS_PER_REQUEST:
                waiting.append(writers.submit(post, rest[:ROWS_PER_REQUEST]))
                rest = rest[ROWS_PER_REQUEST:]
        waiting += [writers.submit(post, rest)] if rest else []
        return done(started, written=sum(one.result() for one in waiting))


def pages(client: requests.Session, url: str) -> Iterator[list[Row]]:
    """Follow ``@odata.nextLink`` to the end."""
    while url:
        answer = client.get(url, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        yield content["value"]
        url = content.get("@odata.nextLink", "")


class Shape:
    """Look-ups of products and warehouses, and what becomes of a row."""

    def __init__(self, dataverse: requests.Session, api: str, finops: requests.Session, data: str) -> None:
        products = f"{api}/products?$select=productnumber&$filter=msdyn_fieldserviceproducttype eq 690970000"
        self._products = {row["productnumber"]: row["productid"] for page in pages(dataverse, products) for row in page}
        external = f"{api}/msdyn_warehouses?$select=msdyn_name&$filter=msdynce_ismaintainedexternally eq true"
        self._warehouses = {
            row["msdyn_name"]: row["msdyn_warehouseid"] for page in pages(dataverse, external) for row in page
        }
        columns = ",".join((*DIMENSIONS, "ProductNumber"))
        distinct = f"{data}/CDSReleasedDistinctProducts?cross-company=true&$select={columns}"
        self._numbers = {_dimensions(row): row["ProductNumber"] for page in pages(finops, distinct) for row in page}

    def target(self, row: Row) -> Row:
        """Return a row of stock as a target of ``UpsertMultiple``."""
        number, warehouse = self._numbers[_dimensions(row)], row["InventoryWarehouseId"]
        on_hand, on_order, ordered = (round(row[name], 2) for name in LEVELS)
        return target({
            "key": {"msdynce_productnumber": number, "msdynce_warehouseid": warehouse},
            "record": {
                "msdynce_onhandquantity": on_hand, "msdynce_onorderquantity": on_order,
                "msdynce_orderedquantity": ordered,
            },
            "product": self._products[number], "warehouse": self._warehouses[warehouse],
        })  # fmt: skip


def _dimensions(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in DIMENSIONS)


if __name__ == "__main__":
    sys.exit(main())
