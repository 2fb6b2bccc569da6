"""The whole pipeline against a sandbox that runs as a process of its own; a fresh small world for every test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fs_integration.pipeline.reconcile import Books
from fs_integration.pipeline.run import Mode
from fs_integration.spec.loader import load_mapping
from local.check import DIMENSIONS
from local.direct import Direct, connect
from local.services import Sandbox, running_sandbox
from sandbox.dataverse.tables import SCHEMA as DATAVERSE
from sandbox.finops.tables import SCHEMA as FINOPS

AREAS = ("warehouses", "products", "product_inventory")
# Order of a cycle of all nine areas: what others point at, documents of Field Service, levels and invoices.
TO_SUPPLY_CHAIN = (
    "accounts",
    "warehouses",
    "products",
    "projects",
    "inventory_adjustments",
    "inventory_transfers",
    "work_orders",
)
NINE_AREAS = (*TO_SUPPLY_CHAIN, "product_inventory", "agreement_invoices")
# Requests that write in a cycle without news: the one product without a price list is refused, and offered in every run
# until somebody mends it: as a create, and as an update in case somebody else has created it meanwhile.
ONLY_REFUSED = {"products": 2}
NO_REQUESTS: dict[str, Any] = {"entity_sets": {}}
SCHEMAS: dict[str, Any] = {"finops": FINOPS, "dataverse": DATAVERSE}
# Area and source key of the rows of each entity set of Finance & Operations that the world spoils.
SOURCES = {
    "Warehouses": ("warehouses", ("WarehouseId",)),
    "SellableReleasedProducts": ("products", ("ProductNumber",)),
    "WarehousesOnHandV2": ("product_inventory", (*DIMENSIONS, "InventorySiteId", "InventoryWarehouseId")),
    "Projects": ("projects", ("ProjectID",)),
}
EXTERNAL = "msdynce_externalproductinventories"
WORLD: dict[str, Any] = {
    "seed": 7,
    "scale": "150",
    "empty": False,
}  # small, and still more rows in every company than a gate ignores


@dataclass
class Site:
    """One environment under test: the sandbox, and the stores and clients of the pipeline.

    Runs are numbered, and each speaks for a moment one minute after the one before; those of a live site speak for now,
    as documents of technicians have the time of the sandbox's clock (in whole seconds, hence one second more).
    """

    sandbox: Sandbox
    direct: Direct
    moment: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))
    count: int = 0
    live: bool = False

    def run(
        self, area: str, *, mode: Mode = Mode.SCHEDULED, end: datetime | None = None, run_id: str = "",
        full: bool = False,
    ) -> list[Books]:  # fmt: skip
        """Run one area; without ``end`` a little later than the run before."""
        self.count += 1
        self.moment = datetime.now(UTC) + timedelta(seconds=1) if self.live else self.moment + timedelta(minutes=1)
        return self.direct.run(
            load_mapping(area), run_id=run_id or f"run-{self.count}", end=end or self.moment, mode=mode, full=full
        )

    def cycle(self, areas: Iterable[str] = AREAS) -> dict[str, list[Books]]:
        """Run areas in order, by default the three of stock."""
        return {area: self.run(area) for area in areas}

    def rows(self, system: str, entity_set: str) -> list[dict[str, Any]]:
        return list(self.sandbox.control("GET", f"/state/{system}/{entity_set}"))

    def replace(self, system: str, entity_set: str, rows: list[dict[str, Any]]) -> None:
        """Put these rows in place of an entity set, past the service's own rules."""
        self.sandbox.replace(system, entity_set, rows)

    def faults(self, *faults: dict[str, Any]) -> None:
        self.sandbox.control("POST", "/faults", list(faults))

    def written(self) -> int:
        """How many rows Dataverse took in writes since the statistics were last reset."""
        return int(self.sandbox.control("GET", "/stats").get("dataverse", {}).get("rows_written", 0))

    def writing_requests(self) -> dict[str, int]:
        """How many requests other than reads each entity set got since the statistics were last reset."""
        systems = self.sandbox.control("GET", "/stats")
        tallies = [
            item for name in ("finops", "dataverse") for item in systems.get(name, NO_REQUESTS)["entity_sets"].items()
        ]
        counts = {entity_set: tally["requests"] - tally["methods"].get("GET", 0) for entity_set, tally in tallies}
        return {entity_set: count for entity_set, count in counts.items() if count}

    def levels(self) -> dict[str, tuple[Any, ...]]:
        """What stands in Field Service: quantities per key of the external product inventory."""
        columns = ("msdynce_onhandquantity", "msdynce_onorderquantity", "msdynce_orderedquantity")
        return {
            f"{row['msdynce_productnumber']}|{row['msdynce_warehouseid']}": tuple(
                float(row[name] or 0) for name in columns
            )
            for row in self.rows("dataverse", EXTERNAL)
        }


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(
        port=0, scale=WORLD["scale"], log=tmp_path_factory.mktemp("sandbox") / "sandbox.log"
    ) as running:
        yield running


@pytest.fixture
def world(sandbox_process: Sandbox) -> Sandbox:
    """The sandbox with its world as it began, without faults, limits and statistics of earlier tests."""
    sandbox_process.control("DELETE", "/faults")
    sandbox_process.control("POST", "/reset", WORLD)
    sandbox_process.control("POST", "/stats/reset")
    return sandbox_process


@pytest.fixture
def new_site(world: Sandbox, tmp_path: Path) -> Callable[..., Site]:
    """Return what opens a site with stores of its own on the same world."""

    def build(name: str = "site", **settings: Any) -> Site:
        return Site(world, connect(world, tmp_path / name, **settings))

    return build


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    """A site on which nothing has run yet."""
    return new_site()


@dataclass(frozen=True)
class Snapshot:
    """What a number of areas left behind in both systems and in the stores; put back instead of running them again.

    :param books: what the areas said of their rows.
    """

    tables: dict[tuple[str, str], list[dict[str, Any]]]
    home: Path
    moment: datetime
    count: int
    live: bool
    books: dict[str, list[Books]]

    @classmethod
    def take(cls, sandbox: Sandbox, home: Path, areas: tuple[str, ...], *, live: bool = False) -> Snapshot:
        sandbox.control("POST", "/reset", WORLD)
        site = Site(sandbox, connect(sandbox, home), live=live)
        books = site.cycle(areas)
        names = [(system, name) for system, schema in SCHEMAS.items() for name in schema.by_set]
        tables = {place: rows for place in names if (rows := site.rows(*place))}
        return cls(tables, home, site.moment, site.count, live, books)

    def open(self, sandbox: Sandbox, home: Path, **settings: Any) -> Site:
        for (system, name), rows in self.tables.items():
            sandbox.replace(system, name, rows)
        shutil.copytree(self.home, home)
        sandbox.control("POST", "/stats/reset")
        return Site(sandbox, connect(sandbox, home, **settings), self.moment, self.count, self.live)


@pytest.fixture(scope="session")
def snapshots(sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    """`ready`: warehouses and products are there; `stocked`: stock too."""
    return {
        name: Snapshot.take(sandbox_process, tmp_path_factory.mktemp(name), areas)
        for name, areas in (("ready", AREAS[:2]), ("stocked", AREAS))
    }


@pytest.fixture
def ready(snapshots: dict[str, Snapshot], world: Sandbox, tmp_path: Path) -> Site:
    """A site whose warehouses and products are loaded, its stock not yet."""
    return snapshots["ready"].open(world, tmp_path / "ready")


@pytest.fixture
def impatient(snapshots: dict[str, Snapshot], world: Sandbox, tmp_path: Path) -> Site:
    """The same, but it gives up after two tries."""
    return snapshots["ready"].open(world, tmp_path / "impatient", attempts=2)


@pytest.fixture
def stocked(snapshots: dict[str, Snapshot], world: Sandbox, tmp_path: Path) -> Site:
    """A site whose first cycle is done."""
    return snapshots["stocked"].open(world, tmp_path / "stocked")


@pytest.fixture(scope="session")
def loaded(sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The first load of all nine areas."""
    return Snapshot.take(sandbox_process, tmp_path_factory.mktemp("loaded"), NINE_AREAS, live=True)


@pytest.fixture
def nine(loaded: Snapshot, world: Sandbox, tmp_path: Path) -> Site:
    """A site whose nine areas are loaded."""
    return loaded.open(world, tmp_path / "nine")
