"""Areas with a data package in place of their writes, or of their reads, as a custom mapping would have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.reliability.catalogue import TO_SUPPLY_CHAIN
from tests.reliability.rows import crew
from tests.reliability.site import Site, Sites
from tests.reliability.steps import TaskSteps, tasks_of
from tests.worlds.model import Verdict, World

from fs_integration.spec.loader import load_mapping
from fs_integration.spec.mapping import Mapping, MappingTask, PackageExport, PackageImport
from fs_integration.spec.source import Keep
from sandbox.finops.packages.exports import Exports
from sandbox.finops.packages.imports import Imports
from sandbox.finops.standard import with_standard_rows
from sandbox.finops.tables import SCHEMA

COMPANY, PROJECTS = "dataAreaId", "DataManagementDefinitionGroups"
# The package's journal entity has neither; Supply Chain Management sets the date itself.
ONLY_BY_ODATA = {"Description", "TransactionDate"}


def by_package(area: str) -> Mapping:
    """Return the mapping of an area by the route `package`, where it reads or writes Finance & Operations."""
    mapping = load_mapping(area)
    change = _import_task if area in TO_SUPPLY_CHAIN else _export_task
    return mapping.model_copy(update={"tasks": tuple(change(task) for task in mapping.tasks)})


def _import_task(task: MappingTask) -> MappingTask:
    columns = {rule.to: rule.to.upper() for rule in task.active_fields if rule.to != COMPANY}
    package = task.target.package or PackageImport(
        project=f"FS_{task.name}_IMPORT", data_entity=SCHEMA.by_set[task.target.table].label, columns=columns
    )
    return _with(task, target=task.target.model_copy(update={"route": "package", "package": package}))


def _export_task(task: MappingTask) -> MappingTask:
    source = task.source
    label = SCHEMA.by_set[source.entity].label
    names = [name for name in SCHEMA.by_set[source.entity].properties if name != COMPANY]
    package = source.package or PackageExport(
        project=project_of(task), data_entity=label, columns={name.upper(): name for name in names}
    )
    asked = [condition.model_dump(by_alias=True, exclude_unset=True) for condition in source.where]
    keep = tuple(Keep.model_validate({**condition, "reason": "Not meant."}) for condition in asked)
    changed = {"route": "package", "package": package, "where": (), "keep": (*keep, *source.keep)}
    return _with(task, source=source.model_copy(update=changed))


def _with(task: MappingTask, **changed: Any) -> MappingTask:
    return task.model_copy(update=changed)


def project_of(task: MappingTask) -> str:
    return f"FS_{task.name}_EXPORT"


@dataclass
class Started:
    """What the sandbox started. :ivar executions: ids of imports and exports, in order."""

    executions: list[str] = field(default_factory=list)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> Started:
        """Note every execution until the test ends."""
        for kind in (Imports, Exports):
            original = kind.start

            def start(own: Any, execution: str, *given: Any, original: Any = original, **more: Any) -> Any:
                self.executions.append(execution)
                return original(own, execution, *given, **more)

            monkeypatch.setattr(kind, "start", start)
        return self


def package_world(area: str) -> World:
    """Return a world whose texts a package can carry: it takes no quotation marks and no line breaks."""
    world = crew(area)
    for table in world.dataverse.values():
        for row in table:
            changed = {name: value.replace('"', "") for name, value in row.items() if isinstance(value, str)}
            row |= changed | ({"msdyn_address2": "", "msdyn_address3": ""} if "msdyn_address2" in row else {})
    if area not in TO_SUPPLY_CHAIN:
        world.finops[PROJECTS] = [*with_standard_rows({})[PROJECTS], *_export_projects(area)]
    return world


def open_site(area: str, sites: Sites, **switches: Any) -> tuple[Site, World]:
    """Return a site whose data packages take no time. :param switches: of Finance & Operations, other ones."""
    world = package_world(area)
    site = sites.make(area, world=world)
    site.landscape.environment.limits.finops.switches.update({"package_state_seconds": 0.0, **switches})
    return site, world


def _export_projects(area: str) -> Iterator[dict[str, Any]]:
    for task in load_mapping(area).tasks:
        label = SCHEMA.by_set[task.source.entity].label
        yield {
            "Name": project_of(task), "OperationType": "Export", "EntityName": label, "RefreshType": "FullPush",
        }  # fmt: skip


def package_tasks(site: Site, name: str) -> Iterator[TaskSteps]:
    """Give the tasks of a run by package."""
    return tasks_of(site, name, area=by_package(site.area))


def run_by_package(site: Site, name: str = "package") -> None:
    """Run the area by package, and make sure that its books balance."""
    for task in package_tasks(site, name):
        task.go()
        assert task.balance()


def without_odata(verdicts: list[Verdict]) -> list[Verdict]:
    """Leave out of what the reference expects the columns that a package's journal entity has not."""
    for verdict in verdicts:
        for target in verdict.targets:
            if "Journal" in target.entity_set:
                for row in target.rows.values():
                    for name in ONLY_BY_ODATA & row.keys():
                        del row[name]
    return verdicts
