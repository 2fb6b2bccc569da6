"""The minimal script: reads pages, renames fields, posts ``UpsertMultiple`` of 1,000 rows with 8 writers.

What a careful engineer writes in an afternoon: no staging, no checks, no comparison, no books, no retry. It is the
measure of what the work itself costs. It shares nothing with the package.

Usage: ``python -m bench.minimal CONFIG.json`` with the addresses of the sandbox.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msal
import requests

DIMENSIONS = (
    "ItemNumber",
    "ProductColorId",
    "ProductConfigurationId",
    "ProductSizeId",
    "ProductStyleId",
    "ProductVersionId",
)
WRITERS, ROWS = 8, 1000


def session(config: dict[str, Any], base_url: str) -> requests.Session:
    """Return a session that carries a token for one service."""
    made = requests.Session()
    made.verify, made.trust_env = config["ca_file"], False
    app = msal.ConfidentialClientApplication(
        config["client_id"], client_credential=config["client_secret"], instance_discovery=False,
        authority=f"{config['urls']['entra']}/{config['tenant_id']}", http_client=made,
    )  # fmt: skip
    token = app.acquire_token_for_client([f"{base_url}/.default"])["access_token"]
    made.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=WRITERS))
    made.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
    return made


def pages(client: requests.Session, url: str) -> Iterator[list[dict[str, Any]]]:
    """Follow ``@odata.nextLink`` to the end."""
    while url:
        answer = client.get(url, timeout=300)
        answer.raise_for_status()
        body = answer.json()
        yield body["value"]
        url = body.get("@odata.nextLink", "")


def main(config: dict[str, Any]) -> int:
    finops, dataverse = session(config, config["urls"]["finops"]), session(config, config["urls"]["dataverse"])
    api = f"{config['urls']['dataverse']}/api/data/v9.2"
    inventory = f"{api}/products?$select=productnumber&$filter=msdyn_fieldserviceproducttype eq 690970000"
    products = {row["productnumber"]: row["productid"] for page in pages(dataverse, inventory) for row in page}
    external = f"{api}/msdyn_warehouses?$select=msdyn_name&$filter=msdynce_ismaintainedexternally eq true"
    warehouses = {row["msdyn_name"]: row["msdyn_warehouseid"] for page in pages(dataverse, external) for row in page}
    numbers = {tuple(row[name] for name in (*DIMENSIONS, "dataAreaId")): row["ProductNumber"] for page in pages(
        finops, f"{config['urls']['finops']}/data/CDSReleasedDistinctProducts?cross-company=true"
        f"&$select={','.join((*DIMENSIONS, 'dataAreaId', 'ProductNumber'))}") for row in page}  # fmt: skip

    sent: set[tuple[str | None, str]] = set()

    def target(row: dict[str, Any]) -> dict[str, Any] | None:
        number = numbers.get(tuple(row[name] for name in (*DIMENSIONS, "dataAreaId")))
        product, warehouse = products.get(number or ""), warehouses.get(row["InventoryWarehouseId"])
        pair = (number, row["InventoryWarehouseId"])
        if product is None or warehouse is None or abs(row["OnHandQuantity"]) > 1e9 or pair in sent:
            return None  # a pair on two sites would be one key in two requests, and the service refuses one of them
        sent.add(pair)
        key = f"msdynce_productnumber='{number}',msdynce_warehouseid='{row['InventoryWarehouseId']}'"
        return {
            "@odata.type": "Microsoft.Dynamics.CRM.msdynce_externalproductinventory",
            "@odata.id": f"msdynce_externalproductinventories({key})",
            "msdynce_onhandquantity": round(row["OnHandQuantity"], 2),
            "msdynce_onorderquantity": max(round(row["OnOrderQuantity"], 2), 0),
            "msdynce_orderedquantity": max(round(row["OrderedQuantity"], 2), 0),
            "msdynce_product@odata.bind": f"/products({product})",
            "msdynce_warehouse@odata.bind": f"/msdyn_warehouses({warehouse})",
        }

    def post(targets: list[dict[str, Any]]) -> int:
        url = f"{api}/msdynce_externalproductinventories/Microsoft.Dynamics.CRM.UpsertMultiple"
        dataverse.post(url, json={"Targets": targets}, timeout=300).raise_for_status()
        return len(targets)

    columns = ",".join(
        (*DIMENSIONS, "dataAreaId", "InventoryWarehouseId", "OnHandQuantity", "OnOrderQuantity", "OrderedQuantity")
    )
    source = f"{config['urls']['finops']}/data/WarehousesOnHandV2?cross-company=true&$select={columns}"
    with ThreadPoolExecutor(WRITERS) as writers:
        waiting, rest = [], []
        for page in pages(finops, source):
            rest += [
                row for row in map(target, page) if row is not None and "/" not in row["@odata.id"].split("(", 1)[1]
            ]
            while len(rest) >= ROWS:
                waiting.append(writers.submit(post, rest[:ROWS]))
                rest = rest[ROWS:]
        waiting += [writers.submit(post, rest)] if rest else []
        print(json.dumps({"written": sum(job.result() for job in waiting)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
