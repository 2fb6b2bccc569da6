"""The standard mappings give every unusual row of the sandbox's world the outcome it must have, and say why.

Shaping and checks run as in the pipeline, without services: what would have been loaded stands in for Field Service.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fs_integration.frames import KEY_SEPARATOR, SOURCE_KEY, frame_of
from fs_integration.quality.checkpoint import run_checks
from fs_integration.quality.suite import raw_checks, shaped_checks
from fs_integration.spec.columns import source_columns
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Condition, MappingTask
from fs_integration.spec.metadata import ColumnKind, EntityMetadata
from fs_integration.spec.tables import Tables, saved_tables
from fs_integration.transform.shape import shape
from sandbox.world import World, build
from sandbox.world.peculiarities import COMPANY, PECULIARITIES, Peculiarity

Row = dict[str, Any]
AREAS = {
    "Warehouses": "warehouses",
    "SellableReleasedProducts": "products",
    "WarehousesOnHandV2": "product_inventory",
    "Projects": "projects",
}
# Accepted by the mapping, refused by a plug-in of Field Service when it is written.
REFUSED_BY_TARGET = {"product-without-price-list"}


@dataclass(frozen=True)
class Area:
    """What became of the rows of one area: shaped rows, and the lines against the others."""

    rows: pd.DataFrame
    lines: pd.DataFrame
    read: frozenset[str]


@dataclass
class Stage:
    """The world of company ``usmf``, with what has been loaded so far."""

    world: World
    tables: Tables
    docs: Path

    def run(self, name: str) -> Area:
        """Run one mapping as the pipeline would, and keep what it would have loaded."""
        mapping = load_mapping(name)
        task = mapping.tasks[0]
        source, target = self.table(task.source.system, task.source.entity), self.table("dataverse", task.target.table)
        read = [row for row in self.finops(task.source.entity) if fulfils(row, task.source.where)]
        raw = framed(read, source_columns(task), source)
        before = run_checks(raw, raw_checks(task, source), name="raw", run_name="run", docs_root=self.docs)
        index = [*task.target.key, *(rule.field for rule in task.target.protect), target.primary_id or ""]
        shaped = shape(
            raw, task, value_maps=mapping.value_maps, references=self.references(task), target=target,
            target_index=framed(self.world.dataverse.get(task.target.table, []), index, target),
            settings={name: setting.default for name, setting in mapping.settings.items()}, refused=before.refused,
        )  # fmt: skip
        after = run_checks(shaped.rows, shaped_checks(task, target), name="shaped", run_name="run", docs_root=self.docs)
        assert (before.batch_failures, after.batch_failures) == ((), ())
        self.load(task, target, after.passed)
        lines = pd.concat([before.rejections, shaped.rejections, after.rejections], ignore_index=True)
        return Area(after.passed, lines, frozenset(key_of(row, task) for row in read))

    def load(self, task: MappingTask, target: EntityMetadata, rows: pd.DataFrame) -> None:
        """Upsert by key, as Dataverse would."""
        held = self.world.dataverse.setdefault(task.target.table, [])
        known = {tuple(row[name] for name in task.target.key): row for row in held}
        for row in rows.to_dict("records"):
            key = tuple(row[name] for name in task.target.key)
            if key in known:
                known[key].update(row)
            else:
                held.append({**row, target.primary_id or "": str(uuid.uuid4())})

    def references(self, task: MappingTask) -> dict[str, pd.DataFrame]:
        frames = {}
        for name, reference in task.references.items():
            of_system = self.finops if reference.system == "finance_operations" else self.dataverse
            rows = [row for row in of_system(reference.entity) if fulfils(row, reference.where)]
            columns = list(dict.fromkeys([*reference.key, *reference.take]))
            frames[name] = framed(rows, columns, self.table(reference.system, reference.entity))
        return frames

    def finops(self, entity: str) -> list[Row]:
        return [row for row in self.world.finops.get(entity, []) if row["dataAreaId"] == COMPANY.data_area_id]

    def dataverse(self, table: str) -> list[Row]:
        return self.world.dataverse.get(table, [])

    def table(self, system: Any, name: str) -> EntityMetadata:
        found = self.tables(system, name)
        assert found is not None, name
        return found


def framed(rows: list[Row], columns: list[str], table: EntityMetadata) -> pd.DataFrame:
    kinds = {name: table.columns[name].kind for name in columns}
    return frame_of({name: [value_of(row, name, kinds[name]) for row in rows] for name in columns}, kinds)


def value_of(row: Row, name: str, kind: ColumnKind) -> Any:
    value = row.get(name)
    if value is None or value is pd.NA:
        return None
    return Decimal(str(value)) if kind is ColumnKind.DECIMAL else value


def fulfils(row: Row, conditions: Iterable[Condition]) -> bool:
    """The standard filters compare for equality, with one value or with several."""
    return all(row.get(rule.field) in (rule.in_ or (rule.is_,)) for rule in conditions)


def key_of(row: Row, task: MappingTask) -> str:
    return KEY_SEPARATOR.join(str(row[name]) for name in task.source.key)


@pytest.fixture(scope="module")
def areas(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Area]:
    tables = saved_tables(root / "include" / "mappings" / "metadata")
    stage = Stage(build(seed=7, scale="tiny"), tables, tmp_path_factory.mktemp("docs"))
    return {name: stage.run(name) for name in AREAS.values()}


@pytest.fixture
def outcome_of(areas: dict[str, Area]) -> Callable[[Peculiarity], tuple[str, str]]:
    """Tell where a row ended, and why."""

    def find(unusual: Peculiarity) -> tuple[str, str]:
        area = areas[AREAS[unusual.entity_set]]
        key = key_of(unusual.row, load_mapping(AREAS[unusual.entity_set]).tasks[0])
        if key not in area.read:
            return "not_read", ""
        lines = area.lines[area.lines["row_key"] == key]
        if len(lines):
            return str(lines["outcome"].iloc[0]), " ".join(map(str, lines["reason"]))
        return "loaded", ""

    return find


@pytest.mark.parametrize("unusual", PECULIARITIES, ids=lambda each: each.id)
def test_each_unusual_row_ends_where_it_must_with_a_reason(
    unusual: Peculiarity, outcome_of: Callable[[Peculiarity], tuple[str, str]]
) -> None:
    outcome, reason = outcome_of(unusual)
    assert outcome == ("loaded" if unusual.id in REFUSED_BY_TARGET else unusual.outcome)
    assert outcome in ("loaded", "not_read") or reason.endswith(".")


@pytest.mark.parametrize("name", AREAS.values())
def test_every_row_read_ends_exactly_once(name: str, areas: dict[str, Area]) -> None:
    area = areas[name]
    assert int(area.rows["_source_rows"].sum()) + int(area.lines["source_rows"].sum()) == len(area.read)


@pytest.mark.parametrize(
    ("item", "on_hand", "on_order", "ordered"),
    [
        ("Q0011", "5", "0", "0"),
        ("Q0013", "10", "0", "1"),
        ("Q0014", "10.02", "2.02", "0"),
        ("Q0015", "20", "1", "3"),
    ],
)
def test_unusual_quantities_are_rounded_clamped_and_added_up(
    item: str, on_hand: str, on_order: str, ordered: str, areas: dict[str, Area]
) -> None:
    rows = areas["product_inventory"].rows
    row = rows[rows["msdynce_productnumber"] == item].iloc[0]
    names = ("msdynce_onhandquantity", "msdynce_onorderquantity", "msdynce_orderedquantity")
    assert [row[name] for name in names] == [Decimal(text) for text in (on_hand, on_order, ordered)]


def test_a_long_product_name_is_cut_and_an_unlucky_warehouse_name_is_not(areas: dict[str, Area]) -> None:
    unusual = {each.id: each.row for each in PECULIARITIES}
    products, warehouses = areas["products"].rows, areas["warehouses"].rows
    long_product = unusual["product-long-name"]["ProductName"]
    long_place = unusual["warehouse-long-name"]["WarehouseName"]
    assert min(len(long_product), len(long_place)) > 100
    assert products.loc[products["productnumber"] == "Q0006", "name"].tolist() == [long_product[:100].rstrip()]
    assert warehouses.loc[warehouses["msdyn_name"] == "91", "msdyn_description"].tolist() == [long_place]
    assert warehouses.loc[warehouses["msdyn_name"] == "92", "msdyn_description"].isna().all()


def test_every_shaped_row_has_a_source_key(areas: dict[str, Area]) -> None:
    assert all(area.rows[SOURCE_KEY].notna().all() for area in areas.values())
