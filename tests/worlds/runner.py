"""Take a world through extract, transform, gate, load and reconcile, and hold the result against the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.worlds.model import SKIPPED, WRITTEN, Row, Target, Verdict, World

from fs_integration.frames import SOURCE_KEY, SOURCE_ROWS
from fs_integration.pipeline.load import LoadResult
from fs_integration.pipeline.reconcile import Books
from fs_integration.pipeline.run import Mode, Run
from fs_integration.pipeline.transform import TransformResult
from fs_integration.pipeline.writer import OUTCOME
from fs_integration.records import BatchRef, Interval, Selection
from fs_integration.spec.connection_set import ConnectionSet
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping, MappingTask, Thresholds
from fs_integration.staging import run_key
from local.direct import Direct
from sandbox.landscape import Landscape

ARRIVED = {"created": WRITTEN, "updated": WRITTEN, "unchanged": WRITTEN}
# Worlds are half bad rows; the limits have tests of their own.
NO_LIMIT = Thresholds(max_percent=100, min_rows=0, max_drop_percent=100)
VOLATILE = {"modifiedon", "versionnumber", "modifiedby", "overriddencreatedon"}
# What both systems write by themselves when something arrives.
CONSEQUENCES = {
    "msdyn_inventoryjournals", "msdyn_productinventories", "productpricelevels", "WarehousesOnHandV2",
}  # fmt: skip
Fates = Counter[tuple[str, str, str]]


@dataclass
class Watched(Direct):
    """The pipeline of one environment, with a note of what each step staged."""

    rejected: list[BatchRef] = field(default_factory=list)
    loaded: list[tuple[BatchRef, BatchRef]] = field(default_factory=list)

    def transform(self, ref: BatchRef, area: Mapping, task: MappingTask) -> TransformResult:
        result = super().transform(ref, area, task)
        self.rejected.append(result.rejected)
        return result

    def load(self, ref: BatchRef, task: MappingTask, run: Run, *, try_id: str = "1") -> LoadResult:
        result = super().load(ref, task, run, try_id=try_id)
        self.loaded.append((ref, result.outcome))
        return result


@dataclass
class Place:
    """Both systems with a world in them, and the pipeline that serves it."""

    landscape: Landscape
    pipeline: Watched
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    count: int = 0

    @classmethod
    def settle(cls, landscape: Landscape, pipeline: Watched, world: World) -> Place:
        """Put a world into the systems."""
        for system in ("finops", "dataverse"):
            landscape.systems[system].load(world.tables(system))
        switches = landscape.environment.limits.dataverse.switches
        switches["column_security_profile"] = world.secured_columns
        for gateway in landscape.gateways.values():
            gateway.reset()
        pipeline.connections = connections_of(world)
        return cls(landscape, pipeline)

    def dump(self) -> dict[str, list[Row]]:
        """Return every row of both systems by entity set."""
        return {
            name: list(self.landscape.dump(system, name))
            for system, names in self.landscape.entity_sets.items()
            for name in names
        }

    def run(
        self, mapping: str, *, mode: Mode = Mode.SCHEDULED, replay: Selection | None = None, seen: str = ""
    ) -> dict[str, tuple[list[Books], Fates]]:
        """Run an area. :returns: by task its books, and source rows by company, key and outcome."""
        self.count += 1
        area, moment = load_mapping(mapping), self.moment + timedelta(seconds=self.count)
        run = Run(run_key(f"run-{self.count}"), f"fs_{mapping}", f"run-{self.count}", mode, Interval(None, moment),
                  replay=replay, seen=seen)  # fmt: skip
        return {task.name: self._task(area, task, run) for task in area.enabled_tasks}

    def _task(self, area: Mapping, task: MappingTask, run: Run) -> tuple[list[Books], Fates]:
        self.pipeline.rejected.clear()
        self.pipeline.loaded.clear()
        tolerant = task.model_copy(update={"thresholds": NO_LIMIT})
        books = self.pipeline.run_task(area, tolerant, run)
        return books, self._fates(task, run)

    def _fates(self, task: MappingTask, run: Run) -> Fates:
        """Read from books and staging what became of every source row, one after the other."""
        fates: Fates = Counter()
        held = self.pipeline.ledger.open_quarantine(run_id=run.run_id)
        for line in held[held["task"] == task.name].to_dict("records"):
            fates[line["legal_entity"], line["row_key"], line["outcome"]] += line["source_rows"]
        for ref in self.pipeline.rejected:
            for line in self.pipeline.staging.read(ref).to_dict("records"):
                if line["outcome"] == SKIPPED and line["source_rows"]:
                    fates[ref.legal_entity, line["row_key"], SKIPPED] += int(line["source_rows"])
        for batch, outcome in self.pipeline.loaded:
            rows = self.pipeline.staging.read_columns(batch, [SOURCE_KEY, SOURCE_ROWS])
            sizes = dict(zip(rows[SOURCE_KEY], rows[SOURCE_ROWS], strict=True))
            for line in self.pipeline.staging.read(outcome).to_dict("records"):
                word = ARRIVED.get(line[OUTCOME], line[OUTCOME])
                if word in (WRITTEN, SKIPPED):
                    fates[batch.legal_entity, line[SOURCE_KEY], word] += int(sizes[line[SOURCE_KEY]])
        return +fates


def connections_of(world: World) -> ConnectionSet:
    """Return the connection set of a world's companies."""
    organizations = [
        {
            "legal_entity": company.name, "business_unit": company.unit, "key_prefix": company.prefix,
            "settings": company.settings, "value_maps": company.maps,
        }
        for company in world.companies
    ]  # fmt: skip
    return ConnectionSet.model_validate({"connection_set": "worlds", "organizations": organizations})


def grouped(fates: Iterable[tuple[tuple[str, str, str], int]], groups: dict[tuple[str, str], str]) -> Fates:
    """Return fates with the source rows that are added up put together."""
    merged: Fates = Counter()
    for (company, key, outcome), rows in fates:
        merged[company, groups.get((company, key), key), outcome] += rows
    return merged


def expected_fates(verdict: Verdict) -> Fates:
    """Return what the reference expects, one source row each."""
    single = [((company, key, outcome), 1) for (company, key), outcome in verdict.fates.items()]
    return grouped(single, verdict.groups)


def differences(target: Target, before: list[Row], after: list[Row]) -> list[str]:
    """Say where a target table is not what the reference expects: its rows as before, and the expected ones."""
    old, new = _by_key(target, before), _by_key(target, after)
    found = [f"{key}: gone" for key in old if key not in new]
    found += [f"{key}: expected, but not there" for key in target.rows if key not in new]
    for key, rows in new.items():
        earlier = old.get(key, [])
        if key in target.rows and len(rows) == 1:
            found += _faults(target, target.rows[key], rows[0], earlier[0] if earlier else None)
        elif rows != earlier:
            found.append(f"{key}: {rows} instead of {earlier}")
    return found


def _by_key(target: Target, rows: list[Row]) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(target.key_of(row), []).append(row)
    return found


def _faults(target: Target, wanted: Row, row: Row, earlier: Row | None) -> list[str]:
    """Compare a written row: what was sent, and the rest as it was before.

    A row that was there keeps the spelling of its key, where that names it.
    """
    names = set(wanted) if earlier is None else set(row) - VOLATILE - set(target.key)
    values = wanted if earlier is None else earlier | wanted
    wrong = [name for name in sorted(names) if plain(row.get(name)) != plain(values.get(name))]
    return [f"{target.key_of(row)}.{name}: {row.get(name)!r} instead of {values.get(name)!r}" for name in wrong]


def plain(value: Any) -> Any:
    """Return a value so that equal ones compare equal: no empty text, and numbers by their value."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize() + 0
    return value or None
