"""Transform: check the raw batch, shape it, check the shaped batch; all in one process, without the network."""

from __future__ import annotations

import logging
from collections.abc import Mapping as Entries
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from fs_integration.frames import REJECTION_COLUMNS, concat, frame_of
from fs_integration.pipeline.documents import whole_documents
from fs_integration.pipeline.masking import hidden_columns, masked
from fs_integration.pipeline.places import SOURCE, TARGET, TARGET_INDEX, description, index_scope, reference_scope
from fs_integration.quality.checkpoint import Checked, run_checks
from fs_integration.quality.suite import raw_checks, shaped_checks
from fs_integration.records import BatchRef
from fs_integration.spec.company import CompanyView, company_view
from fs_integration.spec.connection_set import Organization
from fs_integration.spec.mapping import Mapping, MappingTask, Scalar
from fs_integration.spec.metadata import ColumnKind
from fs_integration.staging import StagingArea
from fs_integration.transform.shape import shape
from fs_integration.transform.values import constant_text

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
    ref: BatchRef, mapping: Mapping, task: MappingTask, *, organization: Organization, staging: StagingArea,
    docs_root: Path,
) -> TransformResult:  # fmt: skip
    """Turn one raw batch into shaped rows and rejections, and stage both.

    A batch that fails as a whole has no shaped rows; the gate then stops the load.
    """
    view = company_view(mapping, task, organization)
    task = view.task
    source = description(SOURCE, ref.scope, ref.run_key, staging)
    target = description(TARGET, ref.scope, ref.run_key, staging)
    raw = staging.read(ref)
    name = f"{ref.mapping}.{ref.task}.{ref.legal_entity}.{ref.number:05d}"
    checks = partial(run_checks, run_name=ref.run_key, docs_root=docs_root, masked=hidden_columns(task))
    stage = partial(_stage, ref, task, staging=staging)
    before = checks(raw, raw_checks(task, source), name=f"{name}.raw")
    if before.batch_failures:
        return stage(raw.iloc[:0], [before.rejections], [before])
    shaped = shape(
        raw, task, value_maps=view.value_maps, references=_references(ref, view, staging), target=target,
        target_index=_target_index(ref, task, staging), settings=view.settings, key_prefix=organization.key_prefix,
        refused=before.refused,
    )  # fmt: skip
    after = checks(shaped.rows, shaped_checks(task, target), name=f"{name}.shaped")
    rejections = concat([before.rejections, shaped.rejections, after.rejections], REJECTION_COLUMNS)
    rows, held = whole_documents(task, raw, after.passed, rejections)
    log.info("Shaped %d of %d rows of %s", len(rows), ref.rows, ref.scope)
    return stage(rows, [rejections, held], [before, after])


def _references(ref: BatchRef, view: CompanyView, staging: StagingArea) -> dict[str, pd.DataFrame]:
    return {
        name: _value_map(view.value_maps.get(reference.entity, {}))
        if reference.system == "value_map"
        else staging.read_reference(reference_scope(reference, ref.scope), ref.run_key, name)
        for name, reference in view.task.references.items()
    }


def _value_map(entries: Entries[str, Scalar]) -> pd.DataFrame:
    given = [constant_text(value) for value in entries.values()]
    return frame_of({"from": list(entries), "to": given}, {"from": ColumnKind.TEXT, "to": ColumnKind.TEXT})


def _target_index(ref: BatchRef, task: MappingTask, staging: StagingArea) -> pd.DataFrame | None:
    place = index_scope(task, ref.scope)
    if not staging.has_reference(place, ref.run_key, TARGET_INDEX):
        return None
    return staging.read_reference(place, ref.run_key, TARGET_INDEX)


def _stage(
    ref: BatchRef, task: MappingTask, rows: pd.DataFrame, rejections: list[pd.DataFrame], checks: list[Checked], *,
    staging: StagingArea,
) -> TransformResult:  # fmt: skip
    rejected = masked(concat(rejections, REJECTION_COLUMNS), task)
    return TransformResult(
        raw=ref,
        shaped=staging.write_batch(ref.scope, ref.run_key, "03_shaped", ref.number, rows),
        rejected=staging.write_batch(ref.scope, ref.run_key, "02_rejected", ref.number, rejected),
        failures=tuple(message for check in checks for message in check.batch_failures),
        warnings=tuple(message for check in checks for message in check.warnings),
        docs=tuple(check.docs for check in checks if check.docs),
    )
