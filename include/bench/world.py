"""The world of a measurement: a sandbox whose stock rows every program can bring over, and what must come out."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.measure import BenchError, measured
from bench.programs.wire import TABLE
from local.direct import CLIENT, SECRET, TENANT
from local.services import Sandbox, running_sandbox

ON_HAND = "WarehousesOnHandV2"
STOCK = "msdyn_productinventories"
DIMENSIONS = (
    "ItemNumber", "ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId",
    "dataAreaId",
)  # fmt: skip
LEVELS = {
    "OnHandQuantity": "msdynce_onhandquantity",
    "OnOrderQuantity": "msdynce_onorderquantity",
    "OrderedQuantity": "msdynce_orderedquantity",
}
INVENTORY = 690970000
LEAST_CLEAN = 0.5  # of the rows asked for; the sandbox has few unusual ones
UNADDRESSABLE = set("/<>*%&:\\?+'#")
Row = dict[str, Any]


@dataclass
class World:
    """A running sandbox that holds clean stock, with warehouses and products brought over.

    :param folder: for logs and job files; :param rows: the rows to write, as the programs read them.
    """

    sandbox: Sandbox
    folder: Path
    rows: list[Row] = field(default_factory=list)
    source: list[Row] = field(default_factory=list)

    def job(self, name: str, *, rows: int | None = None, home: str = "") -> Path:
        """Write a job file. :param rows: write only so many; :param home: folder of the ledger, new by default."""
        lines = self.folder / f"{name}.rows"
        lines.write_text("".join(json.dumps(row) + "\n" for row in self.rows[:rows]), encoding="utf-8")
        job = self.folder / f"{name}.json"
        content = {
            "urls": self.sandbox.urls, "ca_file": str(self.sandbox.ca_file), "home": str(self.folder / (home or name)),
            "tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, "rows_file": str(lines),
        }  # fmt: skip
        job.write_text(json.dumps(content), encoding="utf-8")
        return job

    def begin(self, limits: dict[str, Any], faults: list[dict[str, Any]], *, empty: bool = True) -> None:
        """Set the circumstances of a run; what earlier programs did is out of every window and count."""
        control = self.sandbox.control
        if empty:
            self.sandbox.replace("dataverse", TABLE, [])
        control("POST", "/clock", {"advance_seconds": 600})
        control("POST", "/limits", limits)
        control("DELETE", "/faults")
        control("POST", "/faults", faults)
        control("POST", "/stats/reset")

    def end(self) -> dict[str, Any]:
        """Return the statistics of the run and take away its faults."""
        statistics: dict[str, Any] = self.sandbox.control("GET", "/stats")
        self.sandbox.control("DELETE", "/faults")
        return statistics

    def found(self) -> list[Row]:
        """Return the stock rows that Dataverse holds."""
        rows: list[Row] = self.sandbox.control("GET", f"/state/dataverse/{TABLE}")
        return rows

    def change(self, percent: int) -> int:
        """Change the stock of every so many-th row in Supply Chain Management. :returns: how many."""
        chosen = range(0, len(self.source), 100 // percent)
        for number in chosen:
            self.source[number]["OnHandQuantity"] += 1
            self.rows[number]["record"]["msdynce_onhandquantity"] += 1
        self.sandbox.replace("finops", ON_HAND, self.source)
        return len(chosen)


def expected(rows: list[Row]) -> Iterator[Row]:
    """Return how rows to write look in Dataverse."""
    for row in rows:
        yield {**row["key"], **row["record"], "msdynce_product": row["product"], "msdynce_warehouse": row["warehouse"]}


@contextmanager
def world(rows: int, folder: Path) -> Iterator[World]:
    """Run a sandbox with about so many stock rows, and bring warehouses and products over.

    :param folder: gets a folder for this world, as no ledger may know of two worlds.
    :raises BenchError: when that fails.
    """
    place = Path(tempfile.mkdtemp(prefix=f"world-{rows}-", dir=folder))
    with running_sandbox(port=0, scale=str(rows), log=place / "sandbox.log", kept=False) as sandbox:
        one = World(sandbox, place)
        job, log = one.job("prepare"), place / "prepare.log"
        command = [sys.executable, "-m", "bench.programs.pipeline", str(job), "warehouses", "products"]
        cost = measured(command, log=log)
        if cost.error:
            raise BenchError(f"Warehouses and products could not be brought over; see {log}: {cost.error}")
        _clean(one)
        if len(one.rows) < rows * LEAST_CLEAN:
            raise BenchError(f"Only {len(one.rows)} of {rows} stock rows can be brought over; see {log}.")
        yield one


def _clean(one: World) -> None:
    """Keep the stock rows that every program can bring over, so that one truth holds for all of them."""
    products, warehouses, numbers, standard = _parents(one.sandbox)
    candidates = []
    for row in one.sandbox.control("GET", f"/state/finops/{ON_HAND}"):
        number, warehouse = numbers.get(tuple(row[name] for name in DIMENSIONS), ""), row["InventoryWarehouseId"]
        known = number in products and warehouse in warehouses and (row["dataAreaId"], warehouse) in standard
        if known and _plain(number) and _plain(warehouse) and all(0 <= row[name] <= 1e9 for name in LEVELS):
            candidates.append((number, warehouse, row))
    counts = Counter((number.casefold(), warehouse.casefold()) for number, warehouse, _ in candidates)
    for number, warehouse, row in candidates:
        if counts[number.casefold(), warehouse.casefold()] == 1:
            row |= {name: round(row[name], 2) for name in LEVELS}
            one.source.append(row)
            one.rows.append({
                "key": {"msdynce_productnumber": number, "msdynce_warehouseid": warehouse},
                "record": {column: row[name] for name, column in LEVELS.items()},
                "product": products[number], "warehouse": warehouses[warehouse],
            })  # fmt: skip
    one.sandbox.replace("finops", ON_HAND, one.source)
    one.sandbox.replace("dataverse", STOCK, list(_levelled(one.rows)))


def _levelled(rows: list[Row]) -> Iterator[Row]:
    """Return Field Service's stock as it is after the rows have come, so that no program is the one to create it."""
    for row in rows:
        on_hand, allocated, on_order = (row["record"][column] for column in LEVELS.values())
        yield {
            "msdyn_product": row["product"], "msdyn_warehouse": row["warehouse"], "msdyn_qtyonhand": on_hand,
            "msdyn_qtyallocated": allocated, "msdyn_qtyonorder": on_order, "msdyn_qtyavailable": on_hand - allocated,
        }  # fmt: skip


def _parents(
    sandbox: Sandbox,
) -> tuple[dict[str, str], dict[str, str], dict[tuple[Any, ...], str], set[tuple[str, str]]]:
    """Return products and warehouses of Field Service, product numbers by dimensions, and standard warehouses."""

    def state(system: str, entity_set: str) -> list[Row]:
        rows: list[Row] = sandbox.control("GET", f"/state/{system}/{entity_set}")
        return rows

    return (
        {row["productnumber"]: row["productid"] for row in state("dataverse", "products")
         if row["msdyn_fieldserviceproducttype"] == INVENTORY},
        {row["msdyn_name"]: row["msdyn_warehouseid"] for row in state("dataverse", "msdyn_warehouses")
         if row["msdynce_ismaintainedexternally"]},
        {tuple(row[name] for name in DIMENSIONS): row["ProductNumber"]
         for row in state("finops", "CDSReleasedDistinctProducts") if row["FieldServiceProductType"] == "Inventory"},
        {(row["dataAreaId"], row["WarehouseId"]) for row in state("finops", "Warehouses")
         if row["WarehouseType"] == "Standard"},
    )  # fmt: skip


def _plain(text: str) -> bool:
    """Whether a value can stand in an address as it is."""
    return not UNADDRESSABLE & set(text) and text == text.strip() and text.isascii()
