"""Where a run stages what its later tasks look up: descriptions of tables, references, the index of the target."""

from __future__ import annotations

from fs_integration.records import Scope
from fs_integration.spec.mapping import MappingTask, Reference
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.staging import StagingArea

SHARED = "shared"  # stands in for the legal entity where staged data serves every company
SOURCE, TARGET = "source", "target"  # names of the two descriptions
TARGET_INDEX = "_target"


def shared_scope(scope: Scope) -> Scope:
    """Return the scope under which a task stages what serves every company."""
    return Scope(scope.mapping, scope.task, SHARED)


def reference_scope(reference: Reference, scope: Scope) -> Scope:
    """Return the scope under which a reference is staged for a company."""
    return scope if reference.per_company else shared_scope(scope)


def index_scope(task: MappingTask, scope: Scope) -> Scope:
    """Return the scope under which the target's index is staged: F&O keeps companies apart, Dataverse does not."""
    return scope if task.target.system == "finance_operations" else shared_scope(scope)


def stage_description(described: EntityMetadata, name: str, scope: Scope, run_key: str, staging: StagingArea) -> None:
    """Stage what a service says about a table. :param name: ``SOURCE`` or ``TARGET``."""
    staging.write_json(shared_scope(scope), run_key, name, described.model_dump(mode="json"))


def description(name: str, scope: Scope, run_key: str, staging: StagingArea) -> EntityMetadata:
    """Return what extract staged about a table. :raises StagingDamaged: when it is missing or altered."""
    return EntityMetadata.model_validate(staging.read_json(shared_scope(scope), run_key, name))
