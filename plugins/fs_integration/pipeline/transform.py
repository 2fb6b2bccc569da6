"""Transform: check the raw batch, shape it, check the shaped batch; all in one process, without the network."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fs_integration.frames import REJECTION_COLUMNS, concat
from fs_integration.pipeline.extract import SHARED, TARGET_INDEX
from fs_integration.quality.checkpoint import Checked, run_checks
from fs_integration.quality.suite import raw_checks, shaped_checks
from fs_integration.records import BatchRef, Scope
from fs_integration.spec.mapping import Mapping, MappingTask
from fs_integration.spec.metadata import EntityMetadata
from fs_integration.staging import StagingArea
from fs_integration.transform.shape import Shaped, shape

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TransformResult:
    """What the gate needs to know of one batch. Crosses XCom as ``to_dict()``.

    :param failures: why the whole batch must not be loaded; :param warnings: what is only reported.
    :param docs: places of the Data Docs pages below the Data Docs root.
    """

    raw: BatchRef
    shaped: BatchRef
    rejected: BatchRef
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    docs: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> TransformResult:
        raw, shaped, rejected = (BatchRef.from_dict(value[name]) for name in ("raw", "shaped", "rejected"))
        failures, warnings, docs = (tuple(value[name]) for name in ("failures", "warnings", "docs"))
        return cls(raw, shaped, rejected, failures, warnings, docs)


def transform(
    ref: BatchRef, mapping: Mapping, task: MappingTask, *, staging: StagingArea, docs_root: Path
) -> TransformResult:
    """Turn one raw batch into shaped rows and rejections, and stage both.

    A batch that fails as a whole has no shaped rows; the gate then stops the load.
    """
    shared = Scope(ref.mapping, ref.task, SHARED)
    source = EntityMetadata.model_validate(staging.read_json(shared, ref.run_key, "source"))
    target = EntityMetadata.model_validate(staging.read_json(shared, ref.run_key, "target"))
    raw = staging.read(ref)
    name = f"{ref.mapping}.{ref.task}.{ref.legal_entity}.{ref.number:05d}"
    before = run_checks(raw, raw_checks(task, source), name=f"{name}.raw", run_name=ref.run_key, docs_root=docs_root)
    if before.batch_failures:
        return _stage(ref, _nothing(raw), before, None, staging=staging)
    shaped = shape(
        raw, task, value_maps=mapping.value_maps, references=_references(ref, task, staging), target=target,
        target_index=_target_index(ref, staging), refused=before.refused,
    )  # fmt: skip
    after = run_checks(shaped.rows, shaped_checks(task, target), name=f"{name}.shaped", run_name=ref.run_key,
                       docs_root=docs_root)  # fmt: skip
    log.info("Shaped %d of %d rows of %s", len(after.passed), ref.rows, ref.scope)
    return _stage(ref, shaped, before, after, staging=staging)


def _nothing(raw: pd.DataFrame) -> Shaped:
    return Shaped(rows=raw.iloc[:0], rejections=concat([], REJECTION_COLUMNS))


def _references(ref: BatchRef, task: MappingTask, staging: StagingArea) -> dict[str, pd.DataFrame]:
    shared = Scope(ref.mapping, ref.task, SHARED)
    return {
        name: staging.read_reference(ref.scope if reference.per_company else shared, ref.run_key, name)
        for name, reference in task.references.items()
    }


def _target_index(ref: BatchRef, staging: StagingArea) -> pd.DataFrame | None:
    shared = Scope(ref.mapping, ref.task, SHARED)
    if not staging.has_reference(shared, ref.run_key, TARGET_INDEX):
        return None
    return staging.read_reference(shared, ref.run_key, TARGET_INDEX)


def _stage(
    ref: BatchRef, shaped: Shaped, before: Checked, after: Checked | None, *, staging: StagingArea
) -> TransformResult:
    rows = after.passed if after else shaped.rows
    rejections = [before.rejections, shaped.rejections, *([after.rejections] if after else [])]
    checks = [before, *([after] if after else [])]
    return TransformResult(
        raw=ref,
        shaped=staging.write_batch(ref.scope, ref.run_key, "03_shaped", ref.number, rows),
        rejected=staging.write_batch(
            ref.scope, ref.run_key, "02_rejected", ref.number, concat(rejections, REJECTION_COLUMNS)
        ),
        failures=tuple(message for check in checks for message in check.batch_failures),
        warnings=tuple(message for check in checks for message in check.warnings),
        docs=tuple(check.docs for check in checks if check.docs),
    )
