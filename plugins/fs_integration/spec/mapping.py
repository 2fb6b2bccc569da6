"""The vocabulary of a mapping file. Closed on purpose: a word that is not here is an error, never ignored.

The blocks of a task are in modules of their own, in the order the data travels: ``source``, ``fields``, ``target``;
what they share is in ``words``. Whoever uses a mapping takes all of them from here. The page docs/mapping-reference.md
explains each word to consultants; a test keeps it and these modules in step.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr, field_validator

from fs_integration.spec.fields import Clamp, FieldRule, Lookup
from fs_integration.spec.pattern import LONGEST_PATTERN, matched_again
from fs_integration.spec.source import ChangedSince, Enrich, Group, Keep, PackageExport, Reference, Source
from fs_integration.spec.target import Header, PackageImport, Protect, Target, Vanished
from fs_integration.spec.words import Basis, Condition, Identifier, Number, Otherwise, Remark, Scalar, System

__all__ = [
    "Basis",
    "ChangedSince",
    "Clamp",
    "Condition",
    "Enrich",
    "FieldRule",
    "Group",
    "Header",
    "Identifier",
    "Keep",
    "Lookup",
    "Mapping",
    "MappingTask",
    "Otherwise",
    "PackageExport",
    "PackageImport",
    "Preflight",
    "Protect",
    "QualityRule",
    "Quarantine",
    "Reference",
    "Remark",
    "Scalar",
    "Setting",
    "Source",
    "System",
    "Target",
    "Thresholds",
    "Vanished",
]


class QualityRule(Remark):
    """One expectation on the raw or on the shaped batch.

    :param failing: reject the rows, stop the batch, or only warn.
    :param max_drop_percent: for ``row_count_change``: how far the row count may fall below the last successful run's.
    """

    expect: Literal[
        "not_null", "unique", "max_length", "between", "one_of", "matches", "decimals_at_most",
        "row_count_between", "row_count_change",
    ]  # fmt: skip
    stage: Literal["raw", "shaped"] = "shaped"
    field: StrictStr | None = None
    fields: tuple[StrictStr, ...] = ()
    min: Number | None = None
    max: Number | None = None
    values: tuple[Scalar, ...] = ()
    pattern: StrictStr | None = Field(default=None, max_length=LONGEST_PATTERN)
    max_drop_percent: StrictInt | None = Field(default=None, ge=0, le=100)
    failing: Literal["reject_row", "stop_batch", "warn"] = "reject_row"
    reason: StrictStr = ""

    @field_validator("pattern")
    @classmethod
    def _matched_in_one_pass(cls, pattern: str | None) -> str | None:
        again = matched_again(pattern or "")
        if again:
            raise ValueError(f"`{again}` looks around or back, which may take for ever; write the pattern without it")
        return pattern


class Thresholds(Remark):
    """How much may be quarantined, or missing, before the gate stops the load: a share, and a number of rows.

    The load stops when more than ``max_percent`` of the rows *and* more than ``min_rows`` rows are quarantined, so that
    one bad row among three does not stop an area. It also stops when a read of everything brings fewer rows than it
    should, by more than ``max_drop_percent`` *and* by more than ``min_rows`` rows.
    """

    max_percent: StrictInt = Field(default=20, ge=0, le=100)
    min_rows: StrictInt = Field(default=10, ge=0)
    max_drop_percent: StrictInt = Field(default=90, ge=0, le=100)


class Quarantine(Remark):
    """What the quarantine keeps of rows that hold personal data.

    :param keep_days: days after a line was last seen until what it holds of its row is removed; None keeps it.
    :param mask: source or target columns whose values are shown nowhere outside the systems and the staging area.
    """

    keep_days: StrictInt | None = Field(default=None, ge=1, le=36_500)
    mask: tuple[StrictStr, ...] = ()


class Preflight(Remark):
    """What must be set up before anything is read: how many rows a reference has for the company."""

    reference: Identifier
    min_rows: StrictInt = Field(default=1, ge=0)
    max_rows: StrictInt | None = Field(default=None, ge=0)
    reason: StrictStr


class MappingTask(Remark):
    """One task of Microsoft's template: one source, one target. ``enabled: false`` leaves it out of the DAG."""

    name: Identifier
    title: StrictStr
    enabled: StrictBool = True
    source: Source
    references: dict[Identifier, Reference] = Field(default_factory=dict)
    preflight: tuple[Preflight, ...] = ()
    target: Target
    fields: tuple[FieldRule, ...] = Field(min_length=1)
    quality: tuple[QualityRule, ...] = ()
    thresholds: Thresholds = Thresholds()
    quarantine: Quarantine = Quarantine()

    @property
    def active_fields(self) -> tuple[FieldRule, ...]:
        """The field rules that hold for the route the target is written by."""
        return tuple(field for field in self.fields if field.route in (None, self.target.route))


class Setting(Remark):
    """A value each company gives in its connection set; field rules read it as ``settings.<name>``.

    :param required: a company without it cannot run; then there is no default.
    """

    description: StrictStr
    default: Scalar = None
    required: StrictBool = False
    one_of: tuple[Scalar, ...] = ()


class Mapping(Remark):
    """One integration area: Microsoft's template as data.

    :param version: raised by us when a standard mapping changes.
    :param extends: standard mapping that the file changes; :param written_for: version of it that its author knew.
    :param requires: mappings that must have run before.
    """

    mapping: Identifier
    extends: Identifier | None = None
    written_for: StrictInt | None = Field(default=None, ge=1)
    version: StrictInt = Field(default=1, ge=1)
    title: StrictStr
    description: StrictStr = ""
    requires: tuple[Identifier, ...] = ()
    settings: dict[Identifier, Setting] = Field(default_factory=dict)
    value_maps: dict[Identifier, dict[StrictStr, Scalar]] = Field(default_factory=dict)
    tasks: tuple[MappingTask, ...] = Field(min_length=1)

    @property
    def enabled_tasks(self) -> tuple[MappingTask, ...]:
        return tuple(task for task in self.tasks if task.enabled)

    def task(self, name: str) -> MappingTask:
        """Return the task of this name. :raises KeyError: when there is none."""
        return {task.name: task for task in self.tasks}[name]
